# SPDX-License-Identifier: ISC
"""The AWS JSON 1.1 protocol: from a request to an operation, from its result to a response.

A service that speaks it is a Service with a table of operations; this module
does what is the same for each: routing, signature, parsing, limits, faults,
the form of errors. Stricter than AWS in one thing: members that the operation
does not know are refused rather than ignored. It knows no service.
"""

import base64
import codecs
import json
import re
import uuid
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Callable, Dict, List

import faults
import sigv4
from http1 import Response
from refusal import Refusal

CONTENT_TYPE = "application/x-amz-json-1.1"
COMMON_NAMESPACE = "com.amazon.coral.service"

# kind: a Python type. Of a list, item is the Member each item must be.
Member = namedtuple("Member", "kind least most required item pattern", defaults=(None, None, False, None, None))
# What an operation is called with besides the body.
Call = namedtuple("Call", "world identity region met")


@dataclass
class Operation:
    run: Callable  # (Call, body) -> JSON value
    members: Dict[str, Member]


@dataclass
class Service:
    name: str  # in the credential scope
    target: str  # before the dot in X-Amz-Target
    namespace: str
    operations: Dict[str, Operation] = field(default_factory=dict)
    # The names of the secrets that a body asks for, for faults aimed at one.
    names: Callable[[object, str, dict], List[str]] = lambda world, region, body: []


class Raw:
    """Bytes to stand in JSON exactly as they are, right or wrong."""

    def __init__(self, text):
        self.text = text


def claims(service, request):
    target = request.header("x-amz-target") or ""
    authorization = request.header("authorization") or ""
    return target.startswith(service.target + ".") or "/%s/aws4_request" % service.name in authorization


def serve(service, request, world, entry):
    """The response; what happened goes into entry."""
    request_id = str(uuid.uuid4())
    entry["request_id"] = request_id
    met = []
    try:
        response = _run(service, request, world, entry, met)
    except Refusal as refusal:
        entry["code"] = refusal.code
        response = error_response(service.namespace, refusal)
    response.headers.insert(0, ("x-amzn-RequestId", request_id))
    for fault in met:
        faults.apply(fault, response)
    if met:
        entry["faults"] = [fault.kind for fault in met]
    return response


def _run(service, request, world, entry, met):
    name = _operation_name(service, request)
    entry["operation"] = name
    identity = sigv4.verify(request, service.name, world.keys, world.regions,
                            world.now(), world.skew_code, entry)
    if name not in service.operations:
        raise Refusal("UnknownOperationException", "", 400, common=True)
    operation = service.operations[name]
    body = _parse(request.body)
    entry["body"] = body
    check_members(body, operation.members)
    met += faults.due(world.faults, name, service.names(world, identity.region, body), identity.region)
    faults.raise_error(met)
    result = operation.run(Call(world, identity, identity.region, met), body)
    text = result.text if isinstance(result, Raw) else to_json(result)
    return Response(200, [("Content-Type", CONTENT_TYPE)], text)


def _operation_name(service, request):
    if request.method != "POST" or request.target != "/":
        raise Refusal("UnknownOperationException", "", 404, common=True)
    if request.header("content-type") != CONTENT_TYPE:
        raise Refusal("UnknownOperationException", "", 404, common=True)
    prefix, _, name = (request.header("x-amz-target") or "").partition(".")
    if prefix != service.target or not name:
        raise Refusal("UnknownOperationException", "", 400, common=True)
    return name


def _parse(body):
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=unique)
    except ValueError:
        raise Refusal("SerializationException", "", 400, common=True)
    if not isinstance(value, dict):
        raise Refusal("SerializationException", "Start of structure or map found where not expected.",
                      common=True)
    return value


def check_members(body, members):
    for name in body:
        if name not in members:
            raise Refusal("SerializationException", "Unknown member %s" % name, common=True)
    for name, member in members.items():
        _check_member(name[0].lower() + name[1:], body.get(name), member)


def _check_member(path, value, member):
    if value is None:
        if member.required:
            raise _violation("null", path, "Member must not be null")
        return
    if not isinstance(value, member.kind) or (member.kind is int and isinstance(value, bool)):
        raise Refusal("SerializationException", "%s can not be converted" % path, common=True)
    size = value if member.kind is int else len(value) if member.kind in (str, list) else None
    what = "value" if member.kind is int else "length"
    if member.least is not None and size < member.least:
        raise _violation(value, path, "Member must have %s greater than or equal to %d" % (what, member.least))
    if member.most is not None and size > member.most:
        raise _violation(value, path, "Member must have %s less than or equal to %d" % (what, member.most))
    if member.pattern is not None and not re.fullmatch(member.pattern, value):
        raise _violation(value, path, "Member must satisfy regular expression pattern: " + member.pattern)
    if isinstance(member.item, Member):
        for i, item in enumerate(value):
            _check_member("%s.%d.member" % (path, i + 1), item, member.item)


def _violation(value, path, constraint):
    shown = value if value == "null" else "'%s'" % (value,)
    return Refusal("ValidationException",
                   "1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s"
                   % (shown, path, constraint), common=True)


def error_response(namespace, refusal):
    """An error in the forms that AWS is known to use, or with parts missing as style says."""
    namespace = COMMON_NAMESPACE if refusal.common else namespace
    kinds = {
        "both": namespace + "#" + refusal.code,
        "body": namespace + "#" + refusal.code,
        "bare": refusal.code,
        "url": refusal.code + ":http://internal.amazon.com/coral/%s/" % namespace,
    }
    body = {}
    if refusal.style in kinds:
        body["__type"] = kinds[refusal.style]
    body["message" if refusal.common else "Message"] = refusal.message
    headers = [("Content-Type", CONTENT_TYPE)] + refusal.headers
    if refusal.style in ("both", "header", "url"):
        headers.append(("x-amzn-ErrorType",
                        refusal.code + ":http://internal.amazon.com/coral/%s/" % namespace))
    return Response(refusal.status, headers, b"" if refusal.style == "none" else to_json(body))


def timestamp(seconds):
    """Epoch seconds as AWS writes them: a fraction and an exponent, both legal JSON."""
    return Raw(("%.12fE9" % (seconds / 1e9)).encode())


def blob(data):
    return base64.b64encode(data).decode()


def _lone_surrogates(error):
    # Bytes that were no UTF-8 become those bytes again; a half of a pair can
    # only be written as JSON's escape.
    text = error.object[error.start : error.end]
    return b"".join(bytes([ord(c) - 0xDC00]) if 0xDC80 <= ord(c) <= 0xDCFF else b"\\u%04x" % ord(c)
                    for c in text), error.end


codecs.register_error("json-surrogates", _lone_surrogates)


def to_json(value):
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return b"{" + b",".join(to_json(n) + b":" + to_json(v) for n, v in value.items()) + b"}"
    if isinstance(value, (list, tuple)):
        return b"[" + b",".join(to_json(v) for v in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "json-surrogates")
