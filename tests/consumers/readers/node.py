# SPDX-License-Identifier: ISC
"""Libraries of Node.js. One that the distribution has not is looked for in NODE_PATH, and in the directories of READERS_NODE (separated by
colons), where `npm install` may have put it; nothing is fetched here."""
import json
import os
import shutil
from pathlib import Path

from reader import HERE, Follower

PLACES = [place for name in ("READERS_NODE", "NODE_PATH") for place in os.environ.get(name, "").split(":") if place]
DEBIAN = ["/usr/share/nodejs", "/usr/lib/nodejs", "/usr/lib/x86_64-linux-gnu/nodejs"]


def find(name, major):
    """The directory of this package in this major version, or None."""
    for place in PLACES + DEBIAN:
        for directory in (Path(place) / name, Path(place) / "node_modules" / name):
            try:
                if json.loads((directory / "package.json").read_text())["version"].split(".")[0] == major:
                    return directory
            except (OSError, ValueError, KeyError):
                continue
    return None


class Node(Follower):
    package, major, follower = "", "", ""

    @classmethod
    def lacks(cls):
        if not shutil.which("node"):
            return "node is not installed"
        if not find(cls.package, cls.major):
            return f"{cls.package} {cls.major} is neither in NODE_PATH nor in READERS_NODE"
        return None

    def start(self):
        # A node that is not the distribution's does not look there by itself for what the package needs.
        environment = {**os.environ, "NODE_PATH": ":".join(PLACES + DEBIAN)}
        self.follow("node", HERE / "followers" / self.follower, find(self.package, self.major), self.link / "value", env=environment)


class Chokidar3(Node):
    package, major, follower = "chokidar", "3", "chokidar.mjs"


class Chokidar6(Node):
    package, major, follower = "chokidar", "6", "chokidar.mjs"


class Parcel(Node):
    package, major, follower = "@parcel/watcher", "2", "parcel.mjs"
