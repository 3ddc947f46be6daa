# SPDX-License-Identifier: ISC
from reader import HERE, Follower


class Wait(Follower):
    def start(self):
        self.follow("sh", HERE / "followers" / "wait.sh", HERE.parent.parent / "build" / "atomicdir", self.link, self.link / "value")
