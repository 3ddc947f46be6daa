# SPDX-License-Identifier: ISC
"""One process of the stress: what it is asked, when it ran, and what it answered."""
import json
import os
import signal
import time


def now():
    return time.monotonic_ns() // 1000


class Operation:
    """`token` is what it would publish, if that is known; `target` what it rolls back to, -1 for the one before."""

    def __init__(self, kind, arguments, allowed, *, token=None, target=-1, is_numbered=False, may_publish=False,
                 has_hook=False, if_generation=None, program="atomicdir"):
        self.kind, self.arguments, self.allowed, self.program = kind, arguments, allowed, program
        self.token, self.target, self.is_numbered, self.may_publish = token, target, is_numbered, may_publish
        self.has_hook, self.if_generation = has_hook, if_generation
        self.kill_after = None
        self.number = self.number_time = self.status = self.answer = None
        self.changed = self.generation = self.previous = self.base = None
        self.was_killed = False
        self.began = self.ended = 0

    def start(self, id, programs, folder):
        """Its standard output and error go to files of its own."""
        self.id = id
        self.out, self.err = os.path.join(folder, f"{id}.out"), os.path.join(folder, f"{id}.err")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self.began = now()
        self.pid = os.posix_spawn(
            programs[self.program], [self.program] + self.arguments, {**os.environ, "RACE_OP": id},
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, self.out, flags, 0o600), (os.POSIX_SPAWN_OPEN, 2, self.err, flags, 0o600)],
            setsigmask=[], setsigdef=[signal.SIGCHLD])

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def end(self, status):
        self.ended = now()
        self.was_killed = os.WIFSIGNALED(status)
        self.status = -os.WTERMSIG(status) if self.was_killed else os.WEXITSTATUS(status)
        with open(self.out, encoding="utf-8", errors="replace") as out, open(self.err, encoding="utf-8", errors="replace") as err:
            text, self.said = out.read(), err.read()
        os.unlink(self.out)
        os.unlink(self.err)
        try:
            self.answer = json.loads(text) if text and self.kind not in ("show", "exec") else None
        except ValueError:
            self.answer = None if self.was_killed else text
        if isinstance(self.answer, dict):
            self.changed, self.generation = self.answer["changed"], self.answer["generation"]
            self.previous = self.answer["previous"] or 0
        if self.kind == "show" and text.strip():
            self.changed, self.generation = False, int(text.strip().rsplit("/", 1)[1])

    def __str__(self):
        return f"{self.id} ({self.program} {' '.join(self.arguments)}): status {self.status}, {self.said.strip() or 'nothing said'}"
