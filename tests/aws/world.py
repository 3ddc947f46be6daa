# SPDX-License-Identifier: ISC
"""All that the test server believes: keys, rules, faults, its clock, and each service's own state.

One lock guards all of it; whoever reads or changes a world holds it. It will
not outlive the process: nothing is stored.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Dict, List

ACCOUNT = "123456789012"
DEFAULT_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


@dataclass
class World:
    regions: List[str]
    account: str = ACCOUNT
    lock: threading.RLock = field(default_factory=threading.RLock)
    keys: Dict[str, dict] = field(default_factory=dict)
    rules: List = field(default_factory=list)
    faults: List = field(default_factory=list)
    clock_offset_seconds: float = 0.0
    clock_step_seconds: float = 0.0
    skew_code: str = "InvalidSignatureException"
    page_limit: int = 0  # 0: as many as the request asks for
    empty_pages: bool = False
    token_key: bytes = field(default_factory=lambda: os.urandom(16))
    services: Dict[str, dict] = field(default_factory=dict)

    def now(self):
        return time.time() + self.clock_offset_seconds

    def tick(self):
        """Another request has come."""
        self.clock_offset_seconds += self.clock_step_seconds


def add_key(world, access_key_id, secret, token=None, expires=None, arn=None, user_id=None):
    """A key pair; expires by the world's clock, None: never. Without an arn it is a user's of that name."""
    world.keys[access_key_id] = {
        "secret": secret,
        "token": token,
        "expires": expires,
        "arn": arn or "arn:aws:iam::%s:user/%s" % (world.account, access_key_id.lower()),
        "user_id": user_id or "AIDA" + access_key_id[-16:],
    }


def region_of(world, arguments):
    """The region that a control command means."""
    region = arguments.get("region") or world.regions[0]
    if region not in world.regions:
        raise ValueError("the server was not started with --region " + region)
    return region


def add_default_key(world):
    add_key(world, *DEFAULT_KEY)
