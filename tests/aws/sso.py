# SPDX-License-Identifier: ISC
"""The portal of IAM Identity Center: a role's credentials for who brings an access token.

Roles come from the control channel, tokens from there or from sso_oidc.py. It
will not list accounts or roles, or log anybody out.
"""

import aws_json
import operations
import temporary
from operations import Member, Operation
from refusal import Refusal
from rest import JSON, Rest

NAME = "sso"


def new_state():
    return {"tokens": {}, "roles": {}}  # when each token expires; {(account, role): Terms}


def add_token(world, token, seconds):
    world.services[NAME]["tokens"][token] = world.now() + seconds


def _get_role_credentials(call, body):
    state = call.world.services[NAME]
    token = call.request.header("x-amz-sso_bearer_token")
    if state["tokens"].get(token, 0) <= call.world.now():
        raise Refusal("UnauthorizedException", "Session token not found or invalid", 401)
    given = state["roles"].get((body["account_id"], body["role_name"]))
    if given is None:
        raise Refusal("ForbiddenException", "No access", 403)
    issued = temporary.issue(call, "arn:aws:iam::%s:role/AWSReservedSSO_%s" % (body["account_id"], body["role_name"]),
                             "somebody@test.invalid", given)
    return {"roleCredentials": {
        "accessKeyId": issued.access_key_id, "secretAccessKey": issued.secret, "sessionToken": issued.token,
        "expiration": int(issued.expires * 1000)}}


SERVICE = operations.Service(
    name=NAME, protocol=Rest([("GET", "/federation/credentials", "GetRoleCredentials")], aws_json.error_response),
    namespace="com.amazonaws.switchboard.portal", content_type=JSON, message_member="message",
    codes={"ValidationException": ("InvalidRequestException", 400),
           "SerializationException": ("InvalidRequestException", 400),
           "ThrottlingException": ("TooManyRequestsException", 429)},
    operations={"GetRoleCredentials": Operation(_get_role_credentials, {
        "role_name": Member(str, 1, 64, True),
        "account_id": Member(str, 12, 12, True, None, "[0-9]*"),
    }, signed=False)})


def claims(request):
    return request.path.startswith("/federation/")


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _put_role(world, arguments):
    world.services[NAME]["roles"][arguments["account"], arguments["role"]] = temporary.terms(arguments)
    return {}


def _put_token(world, arguments):
    add_token(world, arguments["token"], -1 if arguments.get("expired") else 8 * temporary.HOUR)
    return {}


COMMANDS = {"sso-role": _put_role, "sso-token": _put_token}


def clear(world, parts):
    if "identities" in parts:
        world.services[NAME] = new_state()
