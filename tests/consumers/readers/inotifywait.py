# SPDX-License-Identifier: ISC
from reader import HERE, Follower


class Inotifywait(Follower):
    commands = ("inotifywait",)
    how = ""

    def start(self):
        self.follow("sh", HERE / "followers" / "inotifywait.sh", self.how, self.watched(), self.link / "value")

    def watched(self):
        return self.link


class Directory(Inotifywait):
    how = "monitor"


class Parent(Inotifywait):
    how = "monitor"

    def watched(self):
        return self.link.parent


class Loop(Inotifywait):
    how = "loop"

    def is_settled(self):
        return self.said()[-1] == "watching"


class LoopOfFile(Loop):
    def watched(self):
        return self.link / "value"
