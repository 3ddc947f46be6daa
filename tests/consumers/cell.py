# SPDX-License-Identifier: ISC
"""A cell of the table: one program, one column. A generation is published, the program is started on it, and then asked after each of some
swaps whether it has the new one."""
import http.client
import os
import shlex
import subprocess
import threading
import time
import xmlrpc.client

START_SECONDS = 60
REFUSED = "refused"         # the program ends with an error instead of starting
SEEN_SECONDS = 20           # for a swap that is expected to be seen
LOOK_SECONDS = 0.05
NOT_YET = (OSError, EOFError, LookupError, ValueError, TypeError, http.client.HTTPException, xmlrpc.client.Error, subprocess.SubprocessError)


class Stopped(Exception):
    """The test is being ended."""


class Cell:
    stopping = threading.Event()

    def __init__(self, row, column, atomicdir, directory, pairs, unseen_seconds):
        self.row, self.column, self.atomicdir, self.directory = row, column, atomicdir, directory
        self.unseen_seconds = unseen_seconds
        (directory / "reader").mkdir(parents=True)
        (directory / "served").mkdir()
        self.link = directory / "served" / "site"
        self.reader = row.reader(directory / "reader", self.link, pairs)
        # The files of each generation are a minute younger than those before: equal times are another subject (docs/readers.md).
        self.time = int(time.time()) - 100000

    def try_swaps(self, expected):
        """One character for each swap: + if it was seen, - if not; or REFUSED. `expected` says how long to wait for each."""
        value = "generation-0"
        try:
            if self.stopping.is_set():
                raise Stopped
            self.publish(value, hooked=False)
            self.reader.start()
            if expected == REFUSED:
                return expected if self.wait(self.reader.has_failed, START_SECONDS) else "it starts"
            if not self.wait(lambda: self.reader.is_started(value), START_SECONDS):
                raise RuntimeError(f"{self.row.name} does not start: {self.last_words()}")
            return "".join(self.swap(f"generation-{number}", sign) for number, sign in enumerate(expected, 1))
        finally:
            self.reader.stop()

    def swap(self, value, expected):
        self.stopping.wait(self.column.apart)
        self.wait(self.reader.is_settled, SEEN_SECONDS)
        self.publish(value, self.column.hooked)
        seen = self.wait(lambda: self.reader.has() == value, SEEN_SECONDS if expected == "+" else self.unseen_seconds)
        return "+" if seen else "-"

    def publish(self, value, hooked):
        source = self.directory / value
        source.mkdir(mode=0o755)
        self.time += 60
        for name, content in self.reader.content(value).items():
            path = source / name
            path.write_text(content)
            path.chmod(0o600 if "KEY" in content else 0o644)
            os.utime(path, (self.time, self.time))
        hook = shlex.split(self.reader.hook(self.row.hook)) if hooked else []
        owner = ["--owner", self.reader.user] if self.reader.user and os.geteuid() == 0 else []
        subprocess.run([self.atomicdir, "fill", *self.column.options, *owner, *hook, self.link, "--from", source], check=True,
                       stdout=self.reader.log, stderr=self.reader.log)

    def wait(self, holds, seconds):
        """Whether it holds before so many seconds have passed."""
        end = time.monotonic() + seconds
        while True:
            if self.stopping.is_set():
                raise Stopped
            try:
                if holds():
                    return True
            except NOT_YET:
                pass
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_SECONDS)

    def last_words(self):
        return (self.directory / "reader" / "log").read_text(errors="replace")[-1000:]
