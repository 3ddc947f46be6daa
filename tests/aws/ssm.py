# SPDX-License-Identifier: ISC
"""AWS Systems Manager's parameters: GetParameters, GetParametersByPath and DescribeParameters (by name), over parameters that the
control channel sets.

It will not write parameters for a client, or refer to secrets of Secrets Manager.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import aws_json
import operations
import paging
import permissions
from aws_json import blob, timestamp
from operations import Member, Operation, check_members
from world import region_of

NAME = "ssm"
TYPES = ("String", "StringList", "SecureString")
LIMIT = 8192  # of the advanced tier
NAME_PATTERN = r"/?([A-Za-z0-9_.-]+/){0,14}[A-Za-z0-9_.-]+"


@dataclass
class Parameter:
    name: str
    arn: str
    kind: str
    kms_key: Optional[str] = None
    versions: List[dict] = field(default_factory=list)  # {"value", "changed"}; the first is 1
    labels: Dict[str, int] = field(default_factory=dict)
    is_bare: bool = False  # its answers have no Selector, as those of other servers


def new_state():
    return {"regions": {}}


def _parameters(world, region):
    return world.services[NAME]["regions"].setdefault(region, {})


def _arn(world, region, name):
    return "arn:aws:ssm:%s:%s:parameter/%s" % (region, world.account, name.lstrip("/"))


def _get_parameters(call, body):
    found, invalid = [], []
    for wanted in sorted(set(body["Names"]), key=lambda name: hashlib.sha256(name.encode()).digest()):
        name, selector = _split(wanted)
        # Whether it exists is nobody's business who may not read it.
        permissions.demand(call.world.rules, call.identity, "ssm:GetParameters", name if name.startswith("arn:")
                           else _arn(call.world, call.region, name), name)
        parameter = _find(call, name)
        version = _version(parameter, selector) if parameter else None
        if version is None:
            invalid.append(wanted)
        else:
            found.append(_described(call, parameter, version, selector, body.get("WithDecryption", False)))
    return {"Parameters": found, "InvalidParameters": invalid}


def _get_parameters_by_path(call, body):
    path = body["Path"]
    permissions.demand(call.world.rules, call.identity, "ssm:GetParametersByPath", _arn(call.world, call.region, path), path)
    below = path.rstrip("/") + "/"
    chosen = [p for p in _parameters(call.world, call.region).values() if p.name.startswith(below)
              and (body.get("Recursive", False) or "/" not in p.name[len(below):])]
    page, next_token = paging.page(call, "GetParametersByPath", sorted(chosen, key=lambda p: p.name), body, 10)
    answer = {"Parameters": [_described(call, p, len(p.versions), None, body.get("WithDecryption", False)) for p in page]}
    if next_token is not None:
        answer["NextToken"] = next_token
    return answer


def _split(wanted):
    """The name or ARN, and the version or label asked for."""
    parts = wanted.split(":")
    whole = 6 if wanted.startswith("arn:") else 1
    return ":".join(parts[:whole]), ":".join(parts[whole:]) or None


def _find(call, name):
    parameters = _parameters(call.world, call.region)
    if not name.startswith("arn:"):
        return parameters.get(name)
    return next((p for p in parameters.values() if p.arn == name), None)


def _version(parameter, selector):
    number = len(parameter.versions)
    if selector is not None:
        number = int(selector) if re.fullmatch("[1-9][0-9]{0,9}", selector) else parameter.labels.get(selector)
    return number if number is not None and number <= len(parameter.versions) else None


def _described(call, parameter, number, selector, decrypt):
    version = parameter.versions[number - 1]
    value = version["value"]
    if parameter.kind == "SecureString":
        if decrypt:
            permissions.demand_decrypt(
                call, NAME, parameter.kms_key,
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
                "or you are not allowed to access.")
        else:
            value = blob(b"\x01\x02\x02\x00" + hashlib.sha512(value.encode()).digest())
    described = {"Name": parameter.name, "Type": parameter.kind, "Value": value, "Version": number,
                 "LastModifiedDate": timestamp(version["changed"]), "ARN": parameter.arn, "DataType": "text"}
    if selector is not None and not parameter.is_bare:
        described["Selector"] = ":" + selector
    return described


def _describe_parameters(call, body):
    permissions.demand(call.world.rules, call.identity, "ssm:DescribeParameters", "*")
    names = None
    for given in body.get("ParameterFilters") or []:
        check_members(given, {
            "Key": Member(str, required=True, pattern="Name"),
            "Option": Member(str, required=True, pattern="Equals"),
            "Values": Member(list, 1, 50, True, Member(str, 1, 1024, pattern=NAME_PATTERN)),
        })
        names = set(given["Values"]) & (set(given["Values"]) if names is None else names)
    chosen = [p for p in _parameters(call.world, call.region).values() if names is None or p.name in names]
    page, next_token = paging.page(call, "DescribeParameters", sorted(chosen, key=lambda p: p.name), body, 10)
    answer = {"Parameters": [_metadata(parameter) for parameter in page]}
    if next_token is not None:
        answer["NextToken"] = next_token
    return answer


def _metadata(parameter):
    known = {"Name": parameter.name, "ARN": parameter.arn, "Type": parameter.kind, "Version": len(parameter.versions),
             "LastModifiedDate": timestamp(parameter.versions[-1]["changed"]), "Tier": "Standard", "DataType": "text"}
    if parameter.kind == "SecureString":
        known["KeyId"] = parameter.kms_key or "alias/aws/ssm"
    return known


SERVICE = operations.Service(
    name=NAME, protocol=aws_json, target="AmazonSSM",
    names=lambda world, region, body: [_split(name)[0] for name in body.get("Names") or []],
    operations={
        "GetParameters": Operation(_get_parameters, {
            "Names": Member(list, 1, 10, True, Member(str, 1, 2048)),
            "WithDecryption": Member(bool),
        }),
        "GetParametersByPath": Operation(_get_parameters_by_path, {
            "Path": Member(str, 1, 2048, True, pattern="/.*"),
            "Recursive": Member(bool),
            "WithDecryption": Member(bool),
            "MaxResults": Member(int, 1, 10),
            "NextToken": Member(str),
        }),
        "DescribeParameters": Operation(_describe_parameters, {
            "ParameterFilters": Member(list, 0, 50, item=Member(dict)),
            "MaxResults": Member(int, 1, 50),
            "NextToken": Member(str),
        }),
    })


def claims(request):
    return aws_json.claims(SERVICE, request)


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _put(world, arguments):
    """A parameter, or a new version of one."""
    name, region = arguments["name"], region_of(world, arguments)
    parameters = _parameters(world, region)
    if arguments.get("delete"):
        del parameters[name]
        return {}
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > 1011:
        raise ValueError("not a name that AWS takes")
    value, kind = arguments["text"], arguments.get("type") or "String"
    if kind not in TYPES or not 1 <= len(value.encode()) <= LIMIT:
        raise ValueError("a type of %s, and a value of 1 to %d bytes" % (", ".join(TYPES), LIMIT))
    parameter = parameters.setdefault(name, Parameter(name, _arn(world, region, name), kind))
    parameter.is_bare = bool(arguments.get("bare"))
    parameter.kind, parameter.kms_key = kind, arguments.get("kms_key")
    parameter.versions.append({"value": value, "changed": world.now()})
    number = len(parameter.versions)
    parameter.labels.update((label, number) for label in arguments.get("labels") or [])
    return {"version": number, "arn": parameter.arn}


COMMANDS = {"parameter": _put}


def clear(world, parts):
    if "parameters" in parts:
        world.services[NAME] = new_state()
