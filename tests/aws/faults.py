# SPDX-License-Identifier: ISC
"""Faults to be served on request: errors, delays, cut connections, garbage.

A fault applies to requests that are otherwise good (signed, well formed), so
none is spent on a request that would have been refused anyway. It will not
choose at random: what was asked for happens, in the order it was asked for.
"""

import json
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Optional

from refusal import Refusal

THROTTLES = {
    400: ("ThrottlingException", "Rate exceeded"),
    429: ("TooManyRequestsException", "Too Many Requests"),
    503: ("SlowDown", "Please reduce your request rate."),
}

EXPIRED = ("ExpiredTokenException", "The security token included in the request is expired")

# These go along with any other fault; of all the rest a request meets one.
COMPANIONS = ("delay", "date", "trickle", "item")
KINDS = COMPANIONS + ("error", "throttle", "expired", "cut", "garbage")
CUTS = ("never", "before", "headers", "body", "after")
FORMS = ("not-http", "truncated-json", "content-type", "huge", "html", "wrong-types", "bad-base64",
         "duplicate-keys", "redirect", "empty", "not-object", "trailing", "invalid-utf8", "deep", "chunked",
         "trailers", "entities", "given")

# A document type whose entities grow tenfold at each of ten levels.
ENTITIES = b"<!DOCTYPE a [<!ENTITY e0 'x'>%s]><a>&e10;</a>" % b"".join(
    b"<!ENTITY e%d '%s'>" % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 11))

# What a request is told by: the service, the operation, names of secrets, the region and who signed it.
Asked = namedtuple("Asked", "service operation names region access_key_id")


@dataclass
class Fault:
    kind: str
    service: Optional[str] = None
    operation: Optional[str] = None
    secret: Optional[str] = None
    region: Optional[str] = None
    access_key_id: Optional[str] = None
    remaining: Optional[int] = 1  # None: for ever
    skip: int = 0
    options: dict = field(default_factory=dict)


def make(arguments):
    """A Fault from a control command's JSON; ValueError when it makes no sense."""
    known = {name: arguments.pop(name) for name in
             ("kind", "service", "operation", "secret", "region", "access_key_id", "remaining", "skip")
             if name in arguments}
    fault = Fault(options=arguments, **known)
    if fault.kind not in KINDS:
        raise ValueError("no fault of kind %s" % fault.kind)
    if fault.kind == "cut" and fault.options.get("where") not in CUTS:
        raise ValueError("cut: where is one of " + ", ".join(CUTS))
    if fault.kind == "garbage" and fault.options.get("form") not in FORMS:
        raise ValueError("garbage: form is one of " + ", ".join(FORMS))
    if fault.options.get("form") == "given" and "text" not in fault.options:
        raise ValueError("garbage: given is a text")
    if fault.kind == "throttle" and fault.options.setdefault("status", 400) not in THROTTLES:
        raise ValueError("throttle: status is 400, 429 or 503")
    return fault


def due(faults, asked):
    """Those that this request meets, counted down; spent ones leave the list."""
    met = []
    for fault in list(faults):
        if not _matches(fault, asked):
            continue
        if fault.kind not in COMPANIONS and any(f.kind not in COMPANIONS for f in met):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        met.append(fault)
        if fault.remaining is not None:
            fault.remaining -= 1
            if fault.remaining <= 0:
                faults.remove(fault)
    return met


def _matches(fault, asked):
    return (fault.service in (None, asked.service)
            and fault.operation in (None, asked.operation)
            and (fault.secret is None or fault.secret in asked.names)
            and fault.region in (None, asked.region)
            and fault.access_key_id in (None, asked.access_key_id))


def raise_error(met):
    """Refuse, when one of the faults met is an error."""
    for fault in met:
        options = fault.options
        headers = []
        if options.get("retry_after_ms") is not None:
            headers.append(("x-amz-retry-after", str(options["retry_after_ms"])))
        if options.get("retry_after_seconds") is not None:
            headers.append(("Retry-After", str(options["retry_after_seconds"])))
        if fault.kind == "throttle":
            code, message = THROTTLES[options["status"]]
            raise Refusal(options.get("code") or code, message, options["status"], headers, common=True)
        if fault.kind == "expired":
            raise Refusal(*EXPIRED, headers=headers, common=True)
        if fault.kind == "error":
            raise Refusal(options.get("code") or "InternalServiceError",
                          options.get("message") or "An error occurred on the server side.",
                          options.get("status") or 500, headers, options.get("style") or "both")


def item_refusal(met, name):
    """The refusal a batch reports for this one secret, or None."""
    for fault in met:
        if fault.kind == "item" and fault.secret in (None, name):
            return Refusal(fault.options.get("code") or "InternalServiceError",
                           fault.options.get("message") or "An error occurred on the server side.")
    return None


def apply(fault, response):
    """Spoil a response that is otherwise ready."""
    options = fault.options
    delivery = response.delivery
    if fault.kind == "delay":
        delivery.delay_seconds += options["seconds"]
    elif fault.kind == "date":
        delivery.date_skew_seconds = options["seconds"]
    elif fault.kind == "trickle":
        delivery.bytes_per_second = options["bytes_per_second"]
    elif fault.kind == "cut":
        delivery.cut = options["where"]
        delivery.reset = bool(options.get("reset"))
    elif fault.kind == "garbage":
        _spoil(response, options["form"], options)


def _spoil(response, form, options):
    body = response.body
    if form == "not-http":
        response.delivery.instead = b"SSH-2.0-OpenSSH_9.2p1\r\n\x00\xff\xfe garbage\r\n"
    elif form == "truncated-json":
        response.body = body[: len(body) // 2]
    elif form == "content-type":
        response.set_header("Content-Type", "text/plain")
    elif form == "huge":
        response.body = body[:-1] + b',"Padding":"' + b"x" * options.get("bytes", 64 << 20) + b'"}'
    elif form == "html":
        response.set_header("Content-Type", "text/html")
        response.body = b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>\n"
    elif form == "wrong-types":
        response.body = json.dumps({n: _mistyped(v) for n, v in _members(body).items()}).encode()
    elif form == "bad-base64":
        members = _members(body)
        members.pop("SecretString", None)
        members["SecretBinary"] = "!!!not*base64"
        response.body = json.dumps(members).encode()
    elif form == "duplicate-keys":
        response.body = body[:-1] + b',"SecretString":"a second one"}'
    elif form == "redirect":
        response.status = options.get("status", 307)
        response.set_header("Location", options.get("location") or "https://elsewhere.invalid/")
        response.body = b""
    elif form == "empty":
        response.body = b""
    elif form == "not-object":
        response.body = b"[" + body + b"]"
    elif form == "trailing":
        response.body = body + b" trailing"
    elif form == "invalid-utf8":
        response.body = body[:-1] + b',"SecretString":"\xc3\x28\xff"}' if b'"SecretString"' not in body \
            else body.replace(b'"SecretString":"', b'"SecretString":"\xc3\x28\xff', 1)
    elif form == "deep":
        response.body = body[:-1] + b',"Deep":' + b"[" * 100000 + b"]" * 100000 + b"}"
    elif form in ("chunked", "trailers"):
        response.delivery.chunked = True
        response.delivery.trailers = form == "trailers"
    elif form == "entities":
        response.body = ENTITIES
    elif form == "given":
        response.body = options["text"].encode()


def _members(body):
    """Those of a JSON object; none of what is XML or text."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _mistyped(value):
    if isinstance(value, str):
        return 7
    if isinstance(value, list):
        return {}
    return ["wrong"]
