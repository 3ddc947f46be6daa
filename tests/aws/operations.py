# SPDX-License-Identifier: ISC
"""From a request to an operation, from its result to a response: what is the same in every protocol.

A service is a Service: a table of operations, and the protocol it speaks. That
is a module or an object with

    operation_name(service, request) -> the name in the table, or a Refusal
    unknown(service, name)           -> the Refusal for one that is not in it
    parse(service, request, operation) -> {member: value}
    answer(service, name, result, request_id) -> Response
    error_response(service, refusal, request_id) -> Response

This module does the rest: signature, limits, faults, what the log says. Stricter
than AWS in one thing: members that the operation does not know are refused
rather than ignored. It knows no service and no protocol.
"""

import re
import uuid
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

import faults
import sigv4
from http1 import Request
from refusal import Refusal
from world import World

# kind: a Python type. Of a list, item is the Member each item must be. What is secret stays out of the log.
Member = namedtuple("Member", "kind least most required item pattern secret",
                    defaults=(None, None, False, None, None, False))


@dataclass
class Call:
    """What an operation is called with besides the body. Of an unsigned one identity and region are None."""

    world: World
    request: Request
    identity: Optional[sigv4.Identity]
    region: Optional[str]
    met: List[faults.Fault]
    entry: dict


@dataclass
class Operation:
    run: Callable  # (Call, body) -> what the protocol can write
    members: Dict[str, Member]
    signed: bool = True


@dataclass
class Service:
    name: str  # also in the credential scope
    protocol: object
    operations: Dict[str, Operation]
    target: str = ""  # before the dot in X-Amz-Target
    namespace: str = ""  # of error codes, or of XML
    version: str = ""
    content_type: str = ""  # of answers, where the protocol leaves it open
    message_member: str = "Message"  # of errors
    # Errors of the front end that this service calls otherwise: {code: (code, status)}.
    codes: Dict[str, Tuple[str, int]] = field(default_factory=dict)
    request_ids: bool = True
    # The names of the secrets that a body asks for, for faults aimed at one.
    names: Callable[[object, str, dict], List[str]] = lambda world, region, body: []


def serve(service, request, world, entry):
    """The response; what happened goes into entry."""
    request_id = str(uuid.uuid4())
    entry["request_id"] = request_id
    met = []
    try:
        response = _run(service, request, world, entry, met, request_id)
    except Refusal as refusal:
        if refusal.common:
            refusal.code, refusal.status = service.codes.get(refusal.code, (refusal.code, refusal.status))
        entry["code"] = refusal.code
        response = service.protocol.error_response(service, refusal, request_id)
    if service.request_ids:
        response.headers.insert(0, ("x-amzn-RequestId", request_id))
    for fault in met:
        faults.apply(fault, response)
    if met:
        entry["faults"] = [fault.kind for fault in met]
    return response


def _run(service, request, world, entry, met, request_id):
    protocol = service.protocol
    name = protocol.operation_name(service, request)
    entry["operation"] = name
    operation = service.operations.get(name)
    identity = None
    if operation is None or operation.signed:
        identity = sigv4.verify(request, service.name, world.keys, request.regions,
                                world.now(), world.skew_code, entry)
    if operation is None:
        raise protocol.unknown(service, name)
    region = identity.region if identity else None
    body = protocol.parse(service, request, operation)
    entry["body"] = {n: "(secret)" if n in operation.members and operation.members[n].secret else value
                     for n, value in body.items()}
    check_members(body, operation.members)
    met += faults.due(world.faults, faults.Asked(service.name, name, service.names(world, region, body), region,
                                                 identity.access_key_id if identity else None))
    faults.raise_error(met)
    result = operation.run(Call(world, request, identity, region, met, entry), body)
    return protocol.answer(service, name, result, request_id)


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
    shown = "(secret)" if member.secret else value
    size = value if member.kind is int else len(value) if member.kind in (str, list) else None
    what = "value" if member.kind is int else "length"
    if member.least is not None and size < member.least:
        raise _violation(shown, path, "Member must have %s greater than or equal to %d" % (what, member.least))
    if member.most is not None and size > member.most:
        raise _violation(shown, path, "Member must have %s less than or equal to %d" % (what, member.most))
    if member.pattern is not None and not re.fullmatch(member.pattern, value):
        raise _violation(shown, path, "Member must satisfy regular expression pattern: " + member.pattern)
    if isinstance(member.item, Member):
        for i, item in enumerate(value):
            _check_member("%s.%d.member" % (path, i + 1), item, member.item)


def _violation(value, path, constraint):
    shown = value if value == "null" else "'%s'" % (value,)
    return Refusal("ValidationException",
                   "1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s"
                   % (shown, path, constraint), common=True)
