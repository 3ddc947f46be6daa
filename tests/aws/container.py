# SPDX-License-Identifier: ISC
"""The credentials of a container, as the agents of ECS and of EKS Pod Identity give them, on a listener of its own.

A path with a token is EKS's, one without is ECS's: they differ in what they say
when they refuse. Paths and tokens come from the control channel.
"""

from dataclasses import dataclass, field
from typing import Dict

import aws_json
import operations
import temporary
from http1 import Response
from operations import Operation
from refusal import Refusal
from rest import JSON, Rest

NAME = "container"


@dataclass
class Endpoint:
    role: str
    terms: temporary.Terms
    ready: bool = True
    tokens: Dict[str, bool] = field(default_factory=dict)  # whether each is still good; none: ECS


def new_state():
    return {"endpoints": {}}


def _credentials(call, body):
    endpoint = call.world.services[NAME]["endpoints"].get(call.request.target)
    if endpoint is None:
        raise _missing(call.request.target)
    if endpoint.tokens:
        _check_token(call, endpoint)
    if not endpoint.ready:
        raise Refusal("CredentialsUninitialized", "CredentialsV2Request: Credentials uninitialized for ID", 503)
    issued = temporary.issue(call, endpoint.role, "container", endpoint.terms)
    answer = {"AccessKeyId": issued.access_key_id, "SecretAccessKey": issued.secret, "Token": issued.token,
              "Expiration": temporary.iso(issued.expires)}
    if endpoint.tokens:
        return dict(answer, AccountId=call.world.account)
    return dict(answer, RoleArn=endpoint.role)


def _missing(target):
    if target == "/v2/credentials/":
        return Refusal("NoIdInRequest", "CredentialsV2Request: No Credential ID in the request")
    if target.startswith("/v2/credentials/"):
        return Refusal("InvalidIdInRequest", "CredentialsV2Request: Credentials not found")
    return Refusal("NotFound", "404 page not found", 404, style="text")


def _check_token(call, endpoint):
    """The agent hands the token on to EKS, and its answer back as a line of text."""
    token = call.request.header("authorization")
    if not token:
        raise Refusal("MissingToken", "Service account token cannot be empty", 400, style="text")
    if not endpoint.tokens.get(token):
        code, message = ("ExpiredTokenException", "Token provided in the request is expired") \
            if token in endpoint.tokens else ("InvalidTokenException", "The token included in the request is invalid")
        raise Refusal(code, "[%s]: (%s): %s, fault: client" % (call.entry["request_id"], code, message), 400,
                      style="text")


def _error(service, refusal, request_id):
    if refusal.style == "text":
        return Response(refusal.status, [("Content-Type", "text/plain; charset=utf-8")],
                        refusal.message.encode() + b"\n")
    return Response(refusal.status, [("Content-Type", JSON)] + refusal.headers, aws_json.to_json(
        {"code": refusal.code, "message": refusal.message, "HTTPErrorCode": refusal.status}))


class _Agent(Rest):
    def parse(self, service, request, operation):
        return {}  # the query is part of what an endpoint is known by


SERVICE = operations.Service(
    name=NAME, protocol=_Agent([("GET", ".*", "ContainerCredentials")], _error), content_type=JSON, request_ids=False,
    operations={"ContainerCredentials": Operation(_credentials, {}, signed=False)})


def claims(request):
    return True


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _put(world, arguments):
    """An endpoint; when there was one already, the token it had has expired."""
    endpoints = world.services[NAME]["endpoints"]
    path = arguments["path"]
    if not path.startswith("/"):
        raise ValueError("a path begins with /")
    before = endpoints.pop(path, None)
    if arguments.get("remove"):
        return {}
    tokens = dict.fromkeys(before.tokens, False) if before else {}
    if arguments.get("token"):
        tokens[arguments["token"]] = True
    endpoints[path] = Endpoint(temporary.role_arn(world, arguments.get("role") or "container"),
                               temporary.terms(arguments), not arguments.get("uninitialized"), tokens)
    return {}


COMMANDS = {"container": _put}


def clear(world, parts):
    if "identities" in parts:
        world.services[NAME] = new_state()
