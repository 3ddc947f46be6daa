# SPDX-License-Identifier: ISC
"""AWS Secrets Manager: the operations that read, over secrets that the control channel sets.

It will not write secrets on a client's behalf, rotate by itself, replicate,
or forget a deleted secret. Where AWS leaves an order open it answers in one
that is neither the request's nor alphabetical.
"""

import base64
import hashlib
import re
import string
import uuid
from dataclasses import dataclass, field
from typing import Dict, Optional, Set

import aws_json
import events
import faults
import operations
import paging
import permissions
from aws_json import Raw, blob, timestamp
from operations import Member, Operation, check_members
from refusal import Refusal
from world import region_of

NAME = "secretsmanager"
VALUE_LIMIT = 65536
NAME_PATTERN = r"[A-Za-z0-9/_+=.@!-]{1,512}"
SUFFIX = re.compile(r"(.*)-[A-Za-z0-9]{6}", re.DOTALL)
FILTER_KEYS = "description|name|tag-key|tag-value|primary-region|owning-service|all"


@dataclass
class Version:
    id: str
    created: float
    text: Optional[str] = None
    binary: Optional[bytes] = None
    stages: Set[str] = field(default_factory=set)


@dataclass
class Secret:
    name: str
    arn: str
    created: float
    changed: float
    versions: Dict[str, Version] = field(default_factory=dict)
    tags: Dict[str, str] = field(default_factory=dict)
    description: Optional[str] = None
    kms_key: Optional[str] = None
    owning_service: Optional[str] = None
    next_rotation: Optional[float] = None
    deleted: Optional[float] = None
    gone: bool = False  # but lists do not know yet
    lagging: Optional[dict] = None  # what descriptions and lists say meanwhile
    lagging_lists: Optional[dict] = None
    returned_name: Optional[str] = None
    raw_members: Dict[str, bytes] = field(default_factory=dict)
    raw_body: Optional[bytes] = None


def new_state():
    return {"regions": {}, "made": {}}


def _secrets(world, region):
    return world.services[NAME]["regions"].setdefault(region, {})


# Finding a secret


def _suffix(name):
    """Six characters that only the name decides, or, made anew, how often it was made."""
    letters = string.ascii_letters + string.digits
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return "".join(letters[byte % len(letters)] for byte in digest[:6])


def _arn(world, region, name):
    made = world.services[NAME]["made"]
    made[region, name] = made.get((region, name), 0) + 1
    often = "" if made[region, name] == 1 else "#%d" % made[region, name]
    return "arn:aws:secretsmanager:%s:%s:secret:%s-%s" % (region, world.account, name, _suffix(name + often))


def _find(world, region, secret_id):
    """The secret, or None."""
    secret = _known(world, region, secret_id)
    return None if secret is None or secret.gone else secret


def _known(world, region, secret_id):
    """The secret as lists know it, or None. A partial ARN (without its six characters) is taken, but one
    whose name only looks as if it had them is read as complete, as AWS does."""
    secrets = _secrets(world, region)
    if not secret_id.startswith("arn:"):
        return secrets.get(secret_id)
    for secret in secrets.values():
        if secret.arn == secret_id:
            return secret
    prefix = "arn:aws:secretsmanager:%s:%s:secret:" % (region, world.account)
    if not secret_id.startswith(prefix) or SUFFIX.fullmatch(secret_id):
        return None
    return secrets.get(secret_id[len(prefix):])


def _names(world, region, body):
    ids = list(body.get("SecretIdList") or [])
    if "SecretId" in body:
        ids.append(body["SecretId"])
    found = [(secret_id, _find(world, region, secret_id)) for secret_id in ids]
    return ids + [secret.name for _, secret in found if secret is not None]


def _permitted(call, action, secret_id):
    """The secret, if it exists and the caller may do action on it; else a Refusal."""
    secret = _find(call.world, call.region, secret_id)
    if secret is None:
        # What a name would be called if it had no characters of its own behind it.
        arn = secret_id if secret_id.startswith("arn:") else \
            "arn:aws:secretsmanager:%s:%s:secret:%s" % (call.region, call.world.account, secret_id)
        permissions.demand(call.world.rules, call.identity, "secretsmanager:" + action, arn, secret_id, shown=secret_id)
        if not secret_id.startswith("arn:") and not re.fullmatch(NAME_PATTERN, secret_id):
            raise Refusal("ValidationException", "Invalid name. Must be a valid name containing alphanumeric "
                          "characters, or any of the following: -/_+=.@!", common=True)
        raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    permissions.demand(call.world.rules, call.identity, "secretsmanager:" + action, secret.arn, secret.name,
                       context={"secretsmanager:ResourceTag/" + key: [value] for key, value in secret.tags.items()})
    return secret


def _refuse_deleted(secret):
    if secret.deleted is not None:
        raise Refusal("InvalidRequestException", "You can't perform this operation on the secret "
                      "because it was marked for deletion.")


def _select_version(secret, version_id, stage):
    if version_id is None:
        wanted = stage or "AWSCURRENT"
        for version in secret.versions.values():
            if wanted in version.stages:
                return version
        raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value "
                      "for staging label: " + wanted)
    version = secret.versions.get(version_id)
    if version is None:
        raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret value "
                      "for VersionId: " + version_id)
    if stage is not None and stage not in version.stages:
        raise Refusal("InvalidRequestException", "You provided a VersionStage that is not associated "
                      "to the provided VersionId.")
    return version


# GetSecretValue and BatchGetSecretValue


def _value(call, secret_id, version_id=None, stage=None):
    """A secret and its members as GetSecretValue answers them."""
    secret = _permitted(call, "GetSecretValue", secret_id)
    _refuse_deleted(secret)
    version = _select_version(secret, version_id, stage)
    permissions.demand_decrypt(call, NAME, secret.kms_key, "Access to KMS is not allowed")
    members = {
        "ARN": secret.arn,
        "Name": secret.name if secret.returned_name is None else secret.returned_name,
        "VersionId": version.id,
    }
    if version.text is not None:
        members["SecretString"] = version.text
    if version.binary is not None:
        members["SecretBinary"] = blob(version.binary)
    members["VersionStages"] = sorted(version.stages)
    members["CreatedDate"] = timestamp(version.created)
    members.update((name, Raw(text)) for name, text in secret.raw_members.items())
    return secret, members


def _get_secret_value(call, body):
    secret, members = _value(call, body["SecretId"], body.get("VersionId"), body.get("VersionStage"))
    return members if secret.raw_body is None else Raw(secret.raw_body)


def _batch_get_secret_value(call, body):
    ids, filters = body.get("SecretIdList"), body.get("Filters")
    permissions.demand(call.world.rules, call.identity, "secretsmanager:BatchGetSecretValue", "*")
    if (ids is None) == (filters is None):
        raise Refusal("InvalidParameterException",
                      "Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if ids is not None and ("MaxResults" in body or "NextToken" in body):
        raise Refusal("InvalidParameterException",
                      "'MaxResults' and 'NextToken' can only be used with 'Filters'.")
    answer = {}
    if filters is not None:
        permissions.demand(call.world.rules, call.identity, "secretsmanager:ListSecrets", "*")
        chosen = [s for s in _filtered(call, filters) if s.deleted is None]
        page, next_token = paging.page(call, "BatchGetSecretValue", chosen, body, 20)
        ids = [secret.arn for secret in page]
        if next_token is not None:
            answer["NextToken"] = next_token
    answer["SecretValues"], answer["Errors"] = _batch_values(call, ids)
    return answer


def _batch_values(call, ids):
    values, errors = [], []
    for secret_id in sorted(set(ids), key=_scrambled):
        try:
            secret, members = _value(call, secret_id)
            refusal = faults.item_refusal(call.met, secret.name)
            if refusal is not None:
                raise refusal
            values.append(members)
        except Refusal as refusal:
            errors.append({"SecretId": secret_id, "ErrorCode": refusal.code, "Message": refusal.message})
    return values, errors


# ListSecrets and DescribeSecret


def _list_secrets(call, body):
    permissions.demand(call.world.rules, call.identity, "secretsmanager:ListSecrets", "*")
    planned = body.get("IncludePlannedDeletion", False)
    chosen = [s for s in _filtered(call, body.get("Filters") or []) if planned or s.deleted is None]
    if "SortBy" in body:
        keys = {"created-date": lambda s: s.created, "last-accessed-date": lambda s: s.changed,
                "last-changed-date": lambda s: s.changed, "name": lambda s: s.name}
        chosen.sort(key=keys[body["SortBy"]], reverse=body.get("SortOrder", "desc") == "desc")
    page, next_token = paging.page(call, "ListSecrets", chosen, body, 100)
    answer = {"SecretList": [_listed(secret) for secret in page]}
    if next_token is not None:
        answer["NextToken"] = next_token
    return answer


def _listed(secret):
    entry = dict(secret.lagging_lists or _described(secret))
    entry["SecretVersionsToStages"] = entry.pop("VersionIdsToStages")
    return entry


def _describe_secret(call, body):
    secret = _permitted(call, "DescribeSecret", body["SecretId"])
    return secret.lagging or _described(secret)


def _described(secret):
    entry = {
        "ARN": secret.arn,
        "Name": secret.name if secret.returned_name is None else secret.returned_name,
        "CreatedDate": timestamp(secret.created),
        "LastChangedDate": timestamp(secret.changed),
        "Tags": [{"Key": key, "Value": value} for key, value in secret.tags.items()],
        # AWS leaves out versions that no stage is attached to.
        "VersionIdsToStages": {v.id: sorted(v.stages) for v in secret.versions.values() if v.stages},
    }
    if secret.description is not None:
        entry["Description"] = secret.description
    if secret.kms_key is not None:
        entry["KmsKeyId"] = secret.kms_key
    if secret.owning_service is not None:
        entry["OwningService"] = secret.owning_service
    if secret.next_rotation is not None:
        entry["RotationEnabled"] = True
        entry["NextRotationDate"] = timestamp(secret.next_rotation)
    if secret.deleted is not None:
        entry["DeletedDate"] = timestamp(secret.deleted)
    return entry


def _filtered(call, filters):
    chosen = [secret for secret in _secrets(call.world, call.region).values()
              if all(_passes(secret, f) for f in filters)]
    return sorted(chosen, key=lambda secret: _scrambled(secret.name))


def _passes(secret, wanted):
    """One filter: any of its values, and none of those that begin with '!'."""
    aheads = [v for v in wanted["Values"] if not v.startswith("!")]
    denied = [v[1:] for v in wanted["Values"] if v.startswith("!")]
    texts = _texts(secret, wanted["Key"])
    fold = str if wanted["Key"] in ("name", "tag-key", "tag-value") else str.lower

    def begins(prefix):
        return any(fold(text).startswith(fold(prefix)) for text in texts)

    return (not aheads or any(map(begins, aheads))) and not any(map(begins, denied))


def _texts(secret, key):
    texts = {
        "name": [secret.name],
        "description": (secret.description or "").split(),
        "tag-key": list(secret.tags),
        "tag-value": list(secret.tags.values()),
        "primary-region": [],
        "owning-service": [secret.owning_service or ""],
    }
    return [text for part in texts.values() for text in part] if key == "all" else texts[key]


def _scrambled(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


# The service, as the server sees it


FILTERS = Member(list, 0, 10, item=Member(dict))


def _checked(run):
    """Run, after the checks that filters need and a table cannot say."""
    def checked(call, body):
        for given in body.get("Filters") or []:
            check_members(given, {
                "Key": Member(str, required=True, pattern=FILTER_KEYS),
                "Values": Member(list, 1, 10, True,
                                 Member(str, 0, 512, pattern=r"!?[a-zA-Z0-9 :_@/+=.\-!]*")),
            })
        return run(call, body)
    return checked


SECRET_ID = Member(str, 1, 2048, True)
TOKEN = Member(str, 1, 4096)

SERVICE = operations.Service(
    name=NAME, protocol=aws_json, target="secretsmanager", namespace="com.amazonaws.secretsmanager", names=_names,
    operations={
        "GetSecretValue": Operation(_get_secret_value, {
            "SecretId": SECRET_ID,
            "VersionId": Member(str, 32, 64),
            "VersionStage": Member(str, 1, 256),
        }),
        "BatchGetSecretValue": Operation(_checked(_batch_get_secret_value), {
            "SecretIdList": Member(list, 1, 20, item=Member(str, 1, 2048)),
            "Filters": FILTERS,
            "MaxResults": Member(int, 1, 20),
            "NextToken": TOKEN,
        }),
        "ListSecrets": Operation(_checked(_list_secrets), {
            "Filters": FILTERS,
            "MaxResults": Member(int, 1, 100),
            "NextToken": TOKEN,
            "SortBy": Member(str, pattern="created-date|last-accessed-date|last-changed-date|name"),
            "SortOrder": Member(str, pattern="asc|desc"),
            "IncludePlannedDeletion": Member(bool),
        }),
        "DescribeSecret": Operation(_describe_secret, {"SecretId": SECRET_ID}),
    })


def claims(request):
    return aws_json.claims(SERVICE, request)


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _existing(world, arguments):
    secret = _secrets(world, region_of(world, arguments)).get(arguments["name"])
    if secret is None:
        raise ValueError("no secret " + arguments["name"])
    return secret


def _put(world, arguments):
    """A new secret, or a new version of one. Moves AWSCURRENT unless stages say otherwise."""
    name, region = arguments["name"], region_of(world, arguments)
    text, binary = arguments.get("text"), arguments.get("binary")
    if binary is not None:
        binary = base64.b64decode(binary)
    if not arguments.get("unchecked"):
        _check_put(name, text, binary, arguments)
    secrets = _secrets(world, region)
    now = world.now()
    secret = secrets.get(name)
    if secret is None or secret.gone:
        secret = secrets[name] = Secret(name, _arn(world, region, name), now, now)
    version_id = arguments.get("version_id") or str(
        uuid.uuid5(uuid.NAMESPACE_URL, "%s#%d" % (_scrambled(secret.arn).hex(), len(secret.versions))))
    if version_id in secret.versions:
        raise ValueError("version %s exists" % version_id)
    version = Version(version_id, now, text, binary)
    secret.versions[version_id] = version
    stages = arguments.get("stages") or ["AWSCURRENT"]
    for stage in stages:
        _move_stage(secret, version, stage)
    secret.tags.update(arguments.get("tags") or {})
    for member in ("description", "kms_key", "owning_service", "returned_name"):
        if arguments.get(member) is not None:
            setattr(secret, member, arguments[member])
    if arguments.get("next_rotation") is not None:
        secret.next_rotation = now + arguments["next_rotation"]
    secret.changed = now
    for stage in stages:
        events.label_updated(world, secret, version.id, stage)
    return {"version_id": version_id, "arn": secret.arn}


def _check_put(name, text, binary, arguments):
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError("not a name that AWS takes (the command 'name' takes any)")
    if (text is None) == (binary is None):
        raise ValueError("one of text and binary")
    if len(binary if text is None else text.encode()) > VALUE_LIMIT:
        raise ValueError("value above %d bytes (the command 'name' takes any)" % VALUE_LIMIT)
    version_id = arguments.get("version_id")
    if version_id is not None and not 32 <= len(version_id) <= 64:
        raise ValueError("a version id has 32 to 64 characters")


def _move_stage(secret, version, stage):
    for other in secret.versions.values():
        if other is version or stage not in other.stages:
            continue
        other.stages.discard(stage)
        if stage == "AWSCURRENT":
            _move_stage(secret, other, "AWSPREVIOUS")
    version.stages.add(stage)


def _rotate(world, arguments):
    _existing(world, arguments)
    return _put(world, arguments)


def _name(world, arguments):
    return _put(world, dict(arguments, unchecked=True))


def _load(world, arguments):
    for name, value in arguments["secrets"].items():
        one = {"text": value} if isinstance(value, str) else dict(value)
        _put(world, dict(one, name=name, region=arguments.get("region")))
    return {"loaded": len(arguments["secrets"])}


def _tag(world, arguments):
    secret = _existing(world, arguments)
    secret.tags.update(arguments["tags"])
    secret.changed = world.now()
    return {}


def _stage(world, arguments):
    secret = _existing(world, arguments)
    version = secret.versions.get(arguments["version_id"])
    if version is None:
        raise ValueError("no version " + arguments["version_id"])
    _move_stage(secret, version, arguments["stage"])
    secret.changed = world.now()
    events.label_updated(world, secret, version.id, arguments["stage"])
    return {}


def _delete(world, arguments):
    secret = _existing(world, arguments)
    if arguments.get("listed"):
        secret.gone = True
    elif arguments.get("now"):
        del _secrets(world, region_of(world, arguments))[secret.name]
    else:
        secret.deleted = world.now()
    return {}


def _restore(world, arguments):
    secret = _existing(world, arguments)
    secret.deleted, secret.gone = None, False
    return {}


def _lag(world, arguments):
    """Descriptions and lists, or lists alone, go on to say what they say now."""
    secret = _existing(world, arguments)
    now = None if arguments.get("off") else _described(secret)
    secret.lagging_lists = now
    secret.lagging = None if arguments.get("lists") else now
    return {}


def _raw(world, arguments):
    """Bytes in place of a member's JSON value, or of the whole body of GetSecretValue."""
    secret = _existing(world, arguments)
    if arguments.get("off"):
        secret.raw_body, secret.raw_members = None, {}
        return {}
    data = base64.b64decode(arguments["data"])
    if arguments.get("member"):
        secret.raw_members[arguments["member"]] = data
    else:
        secret.raw_body = data
    return {}


def _show(world, arguments):
    secret = _existing(world, arguments)
    return {"name": secret.name, "arn": secret.arn, "tags": secret.tags, "deleted": secret.deleted is not None,
            "versions": {v.id: sorted(v.stages) for v in secret.versions.values()}}


COMMANDS = {
    "put": _put, "rotate": _rotate, "name": _name, "load": _load, "tag": _tag, "stage": _stage,
    "delete": _delete, "restore": _restore, "lag": _lag, "raw": _raw, "show": _show,
}


def clear(world, parts):
    regions = world.services[NAME]["regions"]
    if "secrets" in parts:
        regions.clear()
        world.services[NAME]["made"].clear()
    if "raw" in parts:
        for secrets in regions.values():
            for secret in secrets.values():
                secret.raw_body, secret.raw_members = None, {}
