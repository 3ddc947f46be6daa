# SPDX-License-Identifier: ISC
"""A program that reads what is published: what it is given, how it is started and ended, and how it is asked what it has.

A Reader belongs to one cell: one program, one column of the table. Its directory is `directory`, what it reads is at `link`.
"""
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
ROOT = os.geteuid() == 0
HERE = Path(__file__).resolve().parent
END_SECONDS = 3


class Ports:
    """Ports of 127.0.0.1 that nobody uses, below those that the kernel gives to connections."""
    lock = threading.Lock()
    upcoming = 10000 + os.getpid() * 97 % 20000

    @classmethod
    def take(cls):
        with cls.lock:
            while True:
                port, cls.upcoming = cls.upcoming, 10000 + (cls.upcoming - 9999) % 20000
                with socket.socket() as probe:
                    try:
                        probe.bind(("127.0.0.1", port))
                        return port
                    except OSError:
                        continue


class Reader:
    commands = ()           # without one of them the program is skipped
    user = None             # who runs it, where we are root
    ends_by = signal.SIGTERM

    def __init__(self, directory, link, pairs):
        self.directory, self.link, self.pairs = Path(directory), Path(link), pairs
        self.processes = []
        self.log = open(self.directory / "log", "wb")

    # ---- What a program says of itself ----

    @classmethod
    def lacks(cls):
        """Why it cannot be tried here, or None."""
        for command in cls.commands:
            if not shutil.which(command):
                return f"{command} is not installed"
        return None

    def content(self, value):
        """{name: text or bytes} of the generation with this value."""
        return {"value": value + "\n"}

    def start(self):
        raise NotImplementedError

    def has(self):
        """The value of the generation that the program uses now, as it says; an exception: it does not answer yet."""
        raise NotImplementedError

    def is_started(self, value):
        return self.has() == value

    def has_failed(self):
        return self.processes[-1].poll() not in (None, 0)

    def is_settled(self):
        """False while a program that watches anew after each event is not back at its watch."""
        return True

    def stand_ins(self):
        """{what stands in the table's hook: what stands for it here}."""
        return {}

    # ---- What all of them share ----

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def spawn(self, *arguments, **options):
        """Starts a program in a group of its own, which ends when we do."""
        options = {"cwd": self.directory, "stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, "start_new_session": True, **options}
        drop = ["--reuid", self.user, "--regid", self.user, "--clear-groups"] if self.user and ROOT else []
        process = subprocess.Popen(["setpriv", *drop, "--pdeathsig", "TERM", *map(str, arguments)], **options)
        self.processes.append(process)
        return process

    def hook(self, text):
        """The table's hook, as it is run here."""
        for stands, here in {"LINK": self.link, **self.stand_ins()}.items():
            text = text.replace(stands, str(here))
        return text

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(self.ends_by)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            try:    # what it started itself, and it if need be
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        self.log.close()


class Follower(Reader):
    """A program of a few lines that uses a library or a tool for watching. It writes `watching` when its watch is set, and then,
    at each event, the value that it reads."""

    def said(self):
        return (self.directory / "said").read_text().split("\n")[:-1]

    def follow(self, *arguments, **options):
        with open(self.directory / "said", "wb") as said:
            self.spawn(*arguments, stdout=said, **options)

    def is_started(self, value):
        return "watching" in self.said()

    def has(self):
        return [line for line in self.said() if line != "watching"][-1]
