# SPDX-License-Identifier: ISC
"""Lists in pages, as large as the client asks for or the control channel says, and tokens that nobody else can make."""

import base64
import hashlib
import hmac
import json

from refusal import Refusal


def page(call, operation, items, body, default):
    """A page and the token of the next, which is good for the same question only."""
    world = call.world
    question = {n: v for n, v in body.items() if n not in ("NextToken", "MaxResults")}
    bound = json.dumps([operation, call.region, question], sort_keys=True)
    start, skipped = 0, False
    if "NextToken" in body:
        start, skipped = _open_token(world, bound, body["NextToken"])
    if world.empty_pages and not skipped:
        return [], _seal_token(world, bound, start, True)
    size = body.get("MaxResults", default)
    if world.page_limit:
        size = min(size, world.page_limit)
    following = start + size
    more = following < len(items)
    return items[start:following], _seal_token(world, bound, following, False) if more else None


def _seal_token(world, bound, start, skipped):
    text = json.dumps([start, skipped]).encode()
    seal = _token_seal(world, bound, text)
    return base64.b64encode(seal + text).decode()


def _open_token(world, bound, token):
    try:
        data = base64.b64decode(token, validate=True)
        if hmac.compare_digest(data[:32], _token_seal(world, bound, data[32:])):
            return json.loads(data[32:])
    except ValueError:
        pass
    raise Refusal("InvalidNextTokenException", "The NextToken value is invalid.")


def _token_seal(world, bound, text):
    return hmac.new(world.token_key, bound.encode() + text, hashlib.sha256).digest()
