# SPDX-License-Identifier: ISC
"""Credentials that are given out for a time: as good as any key of the world's, until they expire.

How long they are said to last and how long they do are two numbers, so that a
test can have either be too short. It will not forget what it gave out.
"""

import base64
import random
import string
import time
from dataclasses import dataclass
from typing import Optional

from world import add_key

HOUR = 3600


@dataclass
class Terms:
    """In seconds. said None: as long as was asked for; valid None: as long as is said."""

    said: Optional[float] = None
    valid: Optional[float] = None


@dataclass
class Credentials:
    access_key_id: str
    secret: str
    token: str
    expires: float
    arn: str
    user_id: str


def terms(arguments):
    """From a control command's --lifetime and --valid."""
    return Terms(arguments.get("lifetime"), arguments.get("valid"))


def issue(call, role_arn, session, given, asked=HOUR):
    """Credentials of a session of a role; the log gets their id."""
    world = call.world
    _, _, _, _, account, role = role_arn.split(":", 5)
    said = asked if given.said is None else given.said
    valid = said if given.valid is None else given.valid
    letters = string.ascii_uppercase + "234567"
    choose = random.SystemRandom()
    credentials = Credentials(
        "ASIA" + "".join(choose.choices(letters, k=16)),
        # With what must not be read as ends of words, of a user's name, or of a URL's part.
        "".join(choose.choices(string.ascii_letters + string.digits + "+/", k=36)) + "/+:=",
        base64.b64encode(choose.randbytes(512)).decode() + "/+==",
        world.now() + said,
        "arn:aws:sts::%s:assumed-role/%s/%s" % (account, role.rpartition("/")[2], session),
        "%s:%s" % (role_id(role_arn), session))
    add_key(world, credentials.access_key_id, credentials.secret, credentials.token, world.now() + valid,
            credentials.arn, credentials.user_id)
    call.entry["issued"] = credentials.access_key_id
    return credentials


def are_valid(world, credentials):
    key = world.keys.get(credentials.access_key_id)
    return key is not None and world.now() < key["expires"]


def role_id(role_arn):
    return "AROA" + base64.b32encode(role_arn.encode()).decode().rstrip("=")[-16:]


def role_arn(world, name):
    """Of a role given by its name or its ARN."""
    return name if name.startswith("arn:") else "arn:aws:iam::%s:role/%s" % (world.account, name)


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
