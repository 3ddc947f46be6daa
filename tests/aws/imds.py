# SPDX-License-Identifier: ISC
"""The instance metadata service of EC2, both versions, on a listener of its own.

What the instance is comes from the control channel: whether it demands tokens,
has a role, answers at all. Stricter than AWS: X-Forwarded-For is refused with
every request, not only where a token is asked for.
"""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Dict, Optional

import operations
import temporary
from http1 import Response
from operations import Member, Operation
from refusal import Refusal
from rest import Rest

NAME = "imds"
TTL_HEADER = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
TTL_LIMIT = 21600
# How a request for a token is met: well, never, or with a status.
TOKEN_MODES = ("good", "never", "403", "404", "405", "500")


@dataclass
class Instance:
    on: bool = True
    tokens_required: bool = True
    token_mode: str = "good"
    role: Optional[str] = "instance"
    code: str = "Success"
    terms: temporary.Terms = field(default_factory=temporary.Terms)
    region: str = "us-east-1"
    zone: str = "us-east-1a"
    sessions: Dict[str, float] = field(default_factory=dict)  # when each token expires
    credentials: Optional[temporary.Credentials] = None


def new_state():
    return {"instance": Instance()}


def _token(call, instance, body):
    if instance.token_mode == "never":
        # A hop limit of 1 does this in a container: the answer gets lost.
        raise Refusal("Never", "", 504, style="never")
    if instance.token_mode != "good":
        raise _refuse(int(instance.token_mode))
    seconds = call.request.header(TTL_HEADER)
    if seconds is None or not re.fullmatch("[0-9]{1,5}", seconds) or not 1 <= int(seconds) <= TTL_LIMIT:
        raise _refuse(400)
    token = secrets.token_urlsafe(40) + "=="
    instance.sessions[token] = call.world.now() + int(seconds)
    return _text(token, [(TTL_HEADER, seconds)])


def _check_token(call, instance):
    token = call.request.header("x-aws-ec2-metadata-token")
    if token is None and not instance.tokens_required:
        return
    if instance.sessions.get(token, 0) <= call.world.now():
        raise _refuse(401)


def _list_roles(call, instance, body):
    if instance.role is None:
        raise _refuse(404)
    return _text(instance.role)


def _role_credentials(call, instance, body):
    if body["role"] != instance.role:
        raise _refuse(404)
    if instance.code != "Success":
        return _json({"Code": instance.code, "LastUpdated": temporary.iso(call.world.now()), "Message":
                      "EC2 cannot assume the role %s. Please see documentation at "
                      "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/." % instance.role})
    kept = instance.credentials
    if kept is None or not temporary.are_valid(call.world, kept):
        kept = instance.credentials = temporary.issue(
            call, temporary.role_arn(call.world, instance.role), "i-0123456789abcdef0", instance.terms,
            6 * temporary.HOUR)
    return _json({"Code": "Success", "LastUpdated": temporary.iso(call.world.now()), "Type": "AWS-HMAC",
                  "AccessKeyId": kept.access_key_id, "SecretAccessKey": kept.secret, "Token": kept.token,
                  "Expiration": temporary.iso(kept.expires)})


def _document(call, instance, body):
    return _json({"accountId": call.world.account, "architecture": "x86_64", "availabilityZone": instance.zone,
                  "imageId": "ami-0123456789abcdef0", "instanceId": "i-0123456789abcdef0",
                  "instanceType": "t3.micro", "pendingTime": "2026-01-02T03:04:05Z", "privateIp": "10.0.0.4",
                  "region": instance.region, "version": "2017-09-30"})


def _nothing(call, instance, body):
    raise _refuse(404)


def _gated(run, checked=True):
    """Run, behind what every request has to pass."""
    def gated(call, body):
        instance = call.world.services[NAME]["instance"]
        if not instance.on or call.request.header("x-forwarded-for") is not None:
            raise _refuse(403)
        if checked:
            _check_token(call, instance)
        return run(call, instance, body)
    return gated


# The wire


TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
          500: "Internal Server Error"}


def _refuse(status):
    return Refusal(TITLES[status].replace(" ", ""), TITLES[status], status)


def _text(text, headers=()):
    return Response(200, [("Content-Type", "text/plain"), ("Server", "EC2ws")] + list(headers), text.encode())


def _json(value):
    return _text(json.dumps(value, indent=2))


def _error(service, refusal, request_id):
    title = "%d - %s" % (refusal.status, refusal.message)
    response = Response(refusal.status, [("Content-Type", "text/html"), ("Server", "EC2ws")] + refusal.headers, (
        '<?xml version="1.0" encoding="iso-8859-1"?>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en">\n'
        "<head><title>%s</title></head>\n<body><h1>%s</h1></body>\n</html>\n" % (title, title)).encode())
    if refusal.style == "never":
        response.delivery.cut = "never"
    return response


ROOT = "/latest/meta-data/"
ROUTES = [
    ("PUT", "/latest/api/token", "Token"),
    ("GET", ROOT + "iam/security-credentials/", "ListRoles"),
    ("GET", ROOT + "iam/security-credentials/(?P<role>[^/]+)", "RoleCredentials"),
    ("GET", ROOT + "placement/region", "Region"),
    ("GET", ROOT + "placement/availability-zone", "Zone"),
    ("GET", "/latest/dynamic/instance-identity/document", "Document"),
    ("GET", ".*", "Nothing"),
]

SERVICE = operations.Service(
    name=NAME, protocol=Rest(ROUTES, _error), request_ids=False, operations={
        "Token": Operation(_gated(_token, checked=False), {}, signed=False),
        "ListRoles": Operation(_gated(_list_roles), {}, signed=False),
        "RoleCredentials": Operation(_gated(_role_credentials), {"role": Member(str)}, signed=False),
        "Region": Operation(_gated(lambda call, instance, body: _text(instance.region)), {}, signed=False),
        "Zone": Operation(_gated(lambda call, instance, body: _text(instance.zone)), {}, signed=False),
        "Document": Operation(_gated(_document), {}, signed=False),
        "Nothing": Operation(_gated(_nothing), {}, signed=False),
    })


def claims(request):
    return True


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _set(world, arguments):
    """An instance as told, and as ever in what was not told. Tokens that it gave out live on."""
    mode = arguments.get("token") or "good"
    if mode not in TOKEN_MODES:
        raise ValueError("token is one of " + ", ".join(TOKEN_MODES))
    region = arguments.get("region") or "us-east-1"
    world.services[NAME]["instance"] = Instance(
        not arguments.get("off"), not arguments.get("v1"), mode,
        None if arguments.get("no_role") else arguments.get("role") or "instance", arguments.get("code") or "Success",
        temporary.terms(arguments), region, arguments.get("zone") or region + "a",
        world.services[NAME]["instance"].sessions)
    return {}


COMMANDS = {"imds": _set}


def clear(world, parts):
    if "identities" in parts:
        world.services[NAME] = new_state()
