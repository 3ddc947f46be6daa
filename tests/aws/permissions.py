# SPDX-License-Identifier: ISC
"""What an identity may do: an ordered list of rules, the last that matches wins.

Everything is allowed until a rule says otherwise. It knows as much of IAM as
tests need: actions and resources with * and ?. It will not do conditions,
principals, or resource policies.
"""

import re
from dataclasses import dataclass

from refusal import Refusal


@dataclass
class Rule:
    allows: bool
    action: str
    resource: str = "*"
    caller: str = "*"  # a key's id, or an identity's ARN


def rules_from_policy(policy):
    """An identity policy as IAM reads it: nothing but what it allows, denials last."""
    statements = policy["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    allows, denials = [Rule(False, "*")], []
    for statement in statements:
        unknown = set(statement) - {"Sid", "Effect", "Action", "Resource"}
        if unknown:
            raise ValueError("cannot judge a statement with " + ", ".join(sorted(unknown)))
        allowed = {"Allow": True, "Deny": False}[statement["Effect"]]
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                (allows if allowed else denials).append(Rule(allowed, action, resource))
    return allows + denials


def demand(rules, identity, action, resource, name=None):
    """Refuse unless identity may do action ("service:Action") on resource (an ARN, or *)."""
    allowed = True
    for rule in rules:
        if (is_caller(rule.caller, identity)
                and _matches(_qualified(rule.action, action), action)
                and _covers(rule.resource, resource, name)):
            allowed = rule.allows
    if allowed:
        return
    on = "" if resource == "*" else " on resource: " + resource
    raise Refusal("AccessDeniedException",
                  "User: %s is not authorized to perform: %s%s because no identity-based policy "
                  "allows the %s action" % (identity.arn, action, on, action))


def demand_decrypt(rules, identity, kms_key, message):
    """Refuse with message unless identity may use the key; None is AWS's own, which asks for nothing."""
    if kms_key is None:
        return
    try:
        demand(rules, identity, "kms:Decrypt", kms_key)
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


def _listed(value):
    return [value] if isinstance(value, str) else value
