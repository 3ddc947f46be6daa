# SPDX-License-Identifier: ISC
import functools
import subprocess

from reader import HERE, Follower


@functools.cache
def python():
    """A Python that has watchdog, or None: the distribution's, if the first of PATH has not."""
    for program in ("python3", "/usr/bin/python3"):
        if subprocess.run([program, "-c", "import watchdog"], capture_output=True).returncode == 0:
            return program
    return None


class Watchdog(Follower):
    observer = ""

    @classmethod
    def lacks(cls):
        return None if python() else "python3-watchdog is not installed"

    def start(self):
        self.follow(python(), "-u", HERE / "followers" / "with_watchdog.py", self.observer, self.link / "value")


class Observer(Watchdog):
    observer = "Observer"


class PollingObserver(Watchdog):
    observer = "PollingObserver"
