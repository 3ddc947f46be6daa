# SPDX-License-Identifier: ISC
"""The token endpoint of IAM Identity Center: a new access token for a refresh token, which is good once.

Clients and their refresh tokens come from the control channel. It will not
register clients, or authorize devices or people.
"""

import secrets

import aws_json
import operations
import sso
import temporary
from http1 import Response
from operations import Member, Operation
from refusal import Refusal
from rest import JSON, Rest

NAME = "sso-oidc"


def new_state():
    return {"clients": {}}  # {id: {secret, refresh: {token: when it expires}, seconds, keeps}}


def _create_token(call, body):
    client = call.world.services[NAME]["clients"].get(body["clientId"])
    if client is None or client["secret"] != body["clientSecret"] or client["expired"]:
        raise Refusal("InvalidClientException", "Invalid client provided", 401)
    if body["grantType"] != "refresh_token":
        raise Refusal("UnsupportedGrantTypeException", "Grant type %s is not supported" % body["grantType"])
    token = body.get("refreshToken")
    if token is None:
        raise Refusal("InvalidRequestException", "Missing required parameter: refreshToken")
    if token not in client["refresh"]:
        raise Refusal("InvalidGrantException", "Invalid refresh token provided")
    if client["refresh"][token] <= call.world.now():
        raise Refusal("ExpiredTokenException", "Refresh token has expired")
    if not client["keeps"]:
        del client["refresh"][token]
        token = secrets.token_urlsafe(48)
        client["refresh"][token] = call.world.now() + 90 * 24 * temporary.HOUR
    access = secrets.token_urlsafe(96)
    sso.add_token(call.world, access, client["seconds"])
    return {"accessToken": access, "tokenType": "Bearer", "expiresIn": int(client["seconds"]), "refreshToken": token}


def _error(service, refusal, request_id):
    """As OAuth wants it: InvalidGrantException is invalid_grant."""
    name = refusal.code[:-len("Exception")] if refusal.code.endswith("Exception") else refusal.code
    oauth = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    headers = [("Content-Type", JSON), ("x-amzn-ErrorType", refusal.code)] + refusal.headers
    return Response(refusal.status, headers, b"" if refusal.style == "none" else aws_json.to_json(
        {"error": oauth, "error_description": refusal.message}))


SERVICE = operations.Service(
    name=NAME, protocol=Rest([("POST", "/token", "CreateToken")], _error), content_type=JSON,
    codes={"ValidationException": ("InvalidRequestException", 400),
           "SerializationException": ("InvalidRequestException", 400),
           "ThrottlingException": ("SlowDownException", 400)},
    operations={"CreateToken": Operation(_create_token, {
        "clientId": Member(str, 1, 2048, True),
        "clientSecret": Member(str, 1, 4096, True, secret=True),
        "grantType": Member(str, 1, 256, True),
        "refreshToken": Member(str, 1, 4096, secret=True),
        "scope": Member(list, 1, 100, item=Member(str, 1, 256)),
    }, signed=False)})


def claims(request):
    return request.path == "/token"


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _put_client(world, arguments):
    expires = world.now() + (-1 if arguments.get("expired") else temporary.HOUR)
    seconds = arguments.get("lifetime")
    world.services[NAME]["clients"][arguments["client_id"]] = {
        "secret": arguments["secret"], "refresh": {arguments["refresh_token"]: expires},
        "seconds": 8 * temporary.HOUR if seconds is None else seconds, "keeps": bool(arguments.get("keep")),
        "expired": bool(arguments.get("registration_expired"))}
    return {}


COMMANDS = {"sso-client": _put_client}


def clear(world, parts):
    if "identities" in parts:
        world.services[NAME] = new_state()
