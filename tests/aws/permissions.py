# SPDX-License-Identifier: ISC
"""What an identity may do: an ordered list of rules, the last that matches wins.

Everything is allowed until a rule says otherwise. It knows as much of IAM as
tests need: actions and resources with * and ?, and conditions on texts. It
will not do principals or resource policies.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import List, Tuple

from refusal import Refusal


@dataclass
class Rule:
    allows: bool
    action: str
    resource: str = "*"
    caller: str = "*"  # a key's id, or an identity's ARN
    conditions: List[Tuple[str, str, List[str]]] = field(default_factory=list)  # (operator, key, values); all must hold


def rules_from_policy(policy):
    """An identity policy as IAM reads it: nothing but what it allows, denials last."""
    statements = policy["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    allows, denials = [Rule(False, "*")], []
    for statement in statements:
        unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
        if unknown:
            raise ValueError("cannot judge a statement with " + ", ".join(sorted(unknown)))
        allowed = {"Allow": True, "Deny": False}[statement["Effect"]]
        conditions = _conditions(statement.get("Condition") or {})
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                (allows if allowed else denials).append(Rule(allowed, action, resource, conditions=conditions))
    return allows + denials


def _conditions(condition):
    unknown = set(condition) - set(OPERATORS)
    if unknown:
        raise ValueError("cannot judge a condition with " + ", ".join(sorted(unknown)))
    return [(operator, key, _listed(values)) for operator, keys in condition.items() for key, values in keys.items()]


def demand(rules, identity, action, resource, name=None, context=None, shown=None):
    """Refuse unless identity may do action ("service:Action") on resource (an ARN, or *); context: {key: [value]} for conditions.

    shown: what the refusal calls the resource.
    """
    allowed = True
    for rule in rules:
        if (is_caller(rule.caller, identity)
                and _matches(_qualified(rule.action, action), action)
                and _covers(rule.resource, resource, name)
                and all(OPERATORS[o](v, (context or {}).get(k, [])) for o, k, v in rule.conditions)):
            allowed = rule.allows
    if allowed:
        return
    on = "" if resource == "*" else " on resource: " + (shown or resource)
    raise Refusal("AccessDeniedException",
                  "User: %s is not authorized to perform: %s%s because no identity-based policy "
                  "allows the %s action" % (identity.arn, action, on, action))


def demand_decrypt(call, service, kms_key, message):
    """Refuse with message unless the caller may use the key through the service; None is AWS's own, which asks for nothing.

    A key is an ARN, an id, or an alias ("alias/NAME"), whose key is then one that nobody knows by name.
    """
    if kms_key is None:
        return
    context = {"kms:ViaService": ["%s.%s.amazonaws.com" % (service, call.region)]}
    if kms_key.startswith("alias/"):
        context["kms:ResourceAliases"] = [kms_key]
        kms_key = hashlib.sha256(kms_key.encode()).hexdigest()[:36]
    if not kms_key.startswith("arn:"):
        kms_key = "arn:aws:kms:%s:%s:key/%s" % (call.region, call.world.account, kms_key)
    try:
        demand(call.world.rules, call.identity, "kms:Decrypt", kms_key, context=context)
    except Refusal:
        raise Refusal("AccessDeniedException", message)


def is_caller(pattern, identity):
    """Whether identity is meant by a key's id or an ARN, with wildcards."""
    return _matches(pattern, identity.access_key_id) or _matches(pattern, identity.arn)


def _matches(pattern, text):
    # IAM knows two wildcards; fnmatch would also give meaning to brackets.
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(c) or re.escape(c) for c in pattern), text, re.DOTALL) is not None


def _covers(pattern, resource, name):
    # For the convenience of tests a resource that is no ARN is a secret's name.
    if name is not None and not pattern.startswith("arn:"):
        return _matches(pattern, name)
    return _matches(pattern, resource)


def _qualified(pattern, action):
    return pattern if ":" in pattern or pattern == "*" else action.partition(":")[0] + ":" + pattern


# What a policy's values want of a request's. One that the request does not have is never as wanted.
OPERATORS = {
    "StringEquals": lambda wanted, got: any(value in wanted for value in got),
    "StringLike": lambda wanted, got: any(_matches(pattern, value) for pattern in wanted for value in got),
    "ForAnyValue:StringEquals": lambda wanted, got: any(value in wanted for value in got),
}


def _listed(value):
    return [value] if isinstance(value, str) else value
