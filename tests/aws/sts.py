# SPDX-License-Identifier: ISC
"""AWS STS: roles to be assumed, by who can sign and by who has a web identity's token; and who one is.

A role and whom it trusts, and the tokens that are known, come from the control
channel. It will not do session policies, tags, MFA, or read what is in a token.
"""

import re
from dataclasses import dataclass, field
from typing import Optional

import aws_query
import operations
import permissions
import temporary
from operations import Member, Operation
from refusal import Refusal

NAME = "sts"
CHAINED_LIMIT = 3600


@dataclass
class Role:
    arn: str
    trusts: str = "*"  # a key's id or an identity's ARN; with wildcards
    external_id: Optional[str] = None
    web_identity: bool = False
    longest: int = 43200
    terms: temporary.Terms = field(default_factory=temporary.Terms)


def new_state():
    return {"roles": {}, "tokens": {}}  # of tokens: when each expires


def _assume_role(call, body):
    arn, caller = body["RoleArn"], call.identity
    role = _role(call, arn)
    _demand(call, arn)
    if (role is None or not permissions.is_caller(role.trusts, caller)
            or role.external_id not in (None, body.get("ExternalId"))):
        raise Refusal("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s"
                      % (caller.arn, arn), 403)
    if ":assumed-role/" in caller.arn and body.get("DurationSeconds", 0) > CHAINED_LIMIT:
        raise Refusal("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                      "assumed by role chaining")
    return _session(call, role, body)


def _demand(call, arn):
    try:
        permissions.demand(call.world.rules, call.identity, "sts:AssumeRole", arn)
    except Refusal as refusal:
        raise Refusal("AccessDenied", refusal.message, 403)


def _assume_role_with_web_identity(call, body):
    role = _role(call, body["RoleArn"])
    expires = call.world.services[NAME]["tokens"].get(body["WebIdentityToken"])
    if expires is None:
        raise Refusal("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider, "
                      "please reference AssumeRoleWithWebIdentity documentation for requirements")
    if call.world.now() >= expires:
        raise Refusal("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration "
                      "date/time %d" % (call.world.now(), expires))
    if role is None or not role.web_identity:
        raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    return dict(_session(call, role, body), Provider="arn:aws:iam::%s:oidc-provider/oidc.test.invalid"
                % call.world.account, Audience="sts.amazonaws.com", SubjectFromWebIdentityToken="system:test")


def _role(call, arn):
    """None for one that is not there: AWS does not tell it from one that does not trust the caller."""
    if not re.fullmatch(r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]+", arn):
        raise Refusal("ValidationError", "%s is invalid" % arn)
    return call.world.services[NAME]["roles"].get(arn)


def _session(call, role, body):
    seconds = body.get("DurationSeconds", temporary.HOUR)
    if seconds > role.longest:
        raise Refusal("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    issued = temporary.issue(call, role.arn, body["RoleSessionName"], role.terms, seconds)
    return {
        "AssumedRoleUser": {"AssumedRoleId": issued.user_id, "Arn": issued.arn},
        "Credentials": {"AccessKeyId": issued.access_key_id, "SecretAccessKey": issued.secret,
                        "SessionToken": issued.token, "Expiration": temporary.iso(issued.expires)},
    }


def _get_caller_identity(call, body):
    # AWS answers this whatever is denied.
    return {"Arn": call.identity.arn, "UserId": call.identity.user_id, "Account": call.identity.arn.split(":")[4]}


ROLE = {
    "RoleArn": Member(str, 20, 2048, True),
    "RoleSessionName": Member(str, 2, 64, True, None, r"[\w+=,.@-]*"),
    "DurationSeconds": Member(int, 900, 43200),
}

SERVICE = operations.Service(
    name=NAME, protocol=aws_query, namespace="https://sts.amazonaws.com/doc/2011-06-15/", version="2011-06-15",
    codes=aws_query.CODES, operations={
        "AssumeRole": Operation(_assume_role, dict(
            ROLE, ExternalId=Member(str, 2, 1224, pattern=r"[\w+=,.@:/-]*"))),
        "AssumeRoleWithWebIdentity": Operation(_assume_role_with_web_identity, dict(
            ROLE, WebIdentityToken=Member(str, 4, 20000, True, secret=True)), signed=False),
        "GetCallerIdentity": Operation(_get_caller_identity, {}),
    })


def claims(request):
    return aws_query.claims(SERVICE, request)


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _put_role(world, arguments):
    arn = temporary.role_arn(world, arguments["name"])
    roles = world.services[NAME]["roles"]
    if arguments.get("remove"):
        roles.pop(arn, None)
    else:
        roles[arn] = Role(arn, arguments.get("trusts") or "*", arguments.get("external_id"),
                          bool(arguments.get("web_identity")), arguments.get("longest") or 43200,
                          temporary.terms(arguments))
    return {"arn": arn}


def _put_token(world, arguments):
    tokens = world.services[NAME]["tokens"]
    tokens[arguments["token"]] = world.now() + (-1 if arguments.get("expired") else temporary.HOUR)
    return {}


COMMANDS = {"role": _put_role, "web-identity": _put_token}


def clear(world, parts):
    if "identities" in parts:
        world.services[NAME] = new_state()
