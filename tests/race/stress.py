#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs random subcommands on a few LINKs, 32 processes at a time, and kills some of them. The model must allow what they answered and
what readers saw. usage: stress.py BUILD-DIRECTORY, in an empty working directory. RACE_SECONDS is how long it runs, SEED repeats its
choices.

It works in rounds. When all processes of a round have ended, it is known what is live, and one more call on each LINK, with nothing else
running, must leave nothing over. A violation is a line "bad CLAIM what" in the file `violations`; the first one ends the stress.
"""
import ctypes
import json
import os
import random
import re
import signal
import struct
import sys

from model import History
from operation import Operation, now

PROCESSES = 32
TREES = ["from-0", "from-1", "from-2"]
# A secret has three files: only tokens are used for which token.c wants just these.
SECRET_ENTRIES = ["0=s:0", "1=s:1", "sub/last=s:last"]


def files_of(token):
    total = 0
    for byte in token.encode():
        total = (total * 31 + byte) & 0xffffffff
    return 1 + total % 4


MOVED_FROM, MOVED_TO = 0x40, 0x80


class Watch:
    """Counts the renames onto each LINK in the working directory: one for each publication. The kernel merges equal events that follow
    each other, so the renames out of the stores, which come in between, are watched as well."""

    def __init__(self, links):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        libc.inotify_add_watch(self.fd, b".", MOVED_TO)
        for link in links:
            libc.inotify_add_watch(self.fd, f".{link}.atomicdir".encode(), MOVED_FROM)

    def take(self):
        counts = {}
        while True:
            try:
                events = os.read(self.fd, 65536)
            except BlockingIOError:
                return counts
            while events:
                _, mask, _, size = struct.unpack_from("iIII", events)
                name = events[16:16 + size].rstrip(b"\0").decode()
                if mask & MOVED_TO:
                    counts[name] = counts.get(name, 0) + 1
                events = events[16 + size:]


class Stress:
    def __init__(self, build, seed, seconds):
        self.random, self.end = random.Random(seed), now() + seconds * 1_000_000
        self.build = build
        self.programs = {"atomicdir": f"{build}/atomicdir", "secretdir": f"{build}/secretdir", "witness": f"{build}/race/witness"}
        self.witness = self.programs["witness"]
        self.count = self.chosen = self.killed_count = self.published_count = self.seen_count = self.hook_count = 0
        self.violations = open("violations", "w", encoding="utf-8", buffering=1)
        self.is_bad = False
        os.environ["RACE_LOG"] = os.path.abspath("log")
        self.log = open("log", "a+", encoding="utf-8", errors="replace")
        self.begun_line = ""
        # "app" often keeps no old generation, and has no grace; "kept" always keeps two; "secrets" is published by secretdir.
        self.links = {name: History(name, keep, self.report) for name, keep in (("app", 0), ("kept", 2), ("secrets", 0))}
        self.by_id = {}              # of this round
        self.rounds, self.secret, self.secrets, self.swapped = 0, 0, [], 0

    def report(self, claim, what):
        self.is_bad = True
        self.violations.write(f"bad {claim} {what}\n")

    # ---- What is asked ----

    def hook(self):
        ms, status = self.random.choice([0, 0, 5, 30]), self.random.choice([0, 0, 0, 1])
        return f"exec {self.witness} hook {ms} {status}"

    def publishing(self, link):
        """Options that every publication may have, and the statuses that they allow."""
        options, allowed = ["--json", "-q"], {0}
        options += ["--keep", str(self.random.choice([0, 0, 1, 3] if not self.links[link].keep else [2, 3])),
                    "--grace", self.random.choice(["0", "0", "5ms", "50ms"]),
                    "--sync", self.random.choice(["none"] * 18 + ["auto", "files"])]
        waiting = self.random.random()
        if waiting < 0.1:
            options += ["--no-wait"]
        elif waiting < 0.2:
            options += ["--wait", "20ms"]
        if waiting < 0.2:
            allowed.add(5)
        has_hook = self.random.random() < 0.5
        if has_hook:
            options += ["--on-change", self.hook()]
            allowed.add(3)
        return options, allowed, has_hook

    def fill(self, link):
        options, allowed, has_hook = self.publishing(link)
        kind, rest = self.random.choice(["from", "from", "command", "command", "edit", "same"]), []
        token, if_generation, publishes = None, None, True
        if self.random.random() < 0.15:
            if_generation = max(self.links[link].live - self.random.choice([0, 0, 0, 1]), 0)
            options += ["--if-generation", str(if_generation)]
            allowed.add(7)
        if self.random.random() < 0.05 and kind != "same":
            options += ["--check", "exit 9"]
            allowed.add(4)
            publishes = kind == "from"      # the same again is not checked
        if kind == "from":
            token = self.random.choice(TREES)
            rest = ["--from", token]
        elif kind == "same":
            rest = ["--edit", "--", "true"]
        else:
            token, status = f"{kind}-{self.chosen}", self.random.choice([0] * 9 + [9])
            rest = ["--edit"] * (kind == "edit") + ["--", self.witness, "fill", token, str(self.random.choice([0, 0, 1, 4])), str(status)]
            if status:
                allowed.add(1)
                publishes = False
        if not publishes:
            allowed -= {0, 3}
        return Operation(kind, ["fill"] + options + [f"./{link}"] + rest, allowed, token=token, is_numbered=True,
                         may_publish=publishes, has_hook=has_hook, if_generation=if_generation)

    def rollback(self, link):
        options, allowed, has_hook = self.publishing(link)
        live = self.links[link].live
        target = self.random.choice([-1, -1, live, max(live - 1, 1), max(live - 2, 1)])
        return Operation("rollback", ["rollback"] + options + [link] + ([str(target)] if target > 0 else []), allowed | {7},
                         target=target, may_publish=True, has_hook=has_hook)

    def sync_arguments(self, options):
        return ["sync", "--json", "-q", "--source", f"file:{os.path.abspath('source')}"] + options + ["secrets"] + SECRET_ENTRIES

    def sync(self, link):
        options, allowed, has_hook = self.publishing(link)
        return Operation("sync", self.sync_arguments(options), allowed, is_numbered=True, may_publish=True, has_hook=has_hook,
                         program="secretdir")

    def reading(self, link):
        kind = self.random.choice(["list", "show", "diff", "exec", "prune", "adopt"])
        if kind == "list":
            return Operation(kind, [kind, "--json", link], {0})
        if kind == "diff":
            return Operation(kind, [kind, "--json", link], {0, 7})
        if kind == "exec":
            return Operation(kind, [kind, link, "--", self.witness, "held", str(self.random.choice([0, 5, 30]))], {0})
        if kind == "prune":
            return Operation(kind, [kind, "--json", "--keep", str(self.links[link].keep), link], {0})
        if kind == "adopt":
            return Operation(kind, [kind, "--json", "-q", link], {0})
        return Operation(kind, [kind, link], {0})

    def choose(self):
        self.chosen += 1
        link = self.random.choice(["app"] * 6 + ["kept"] * 2 + ["secrets"])
        if self.random.random() < 0.3:
            op = self.reading(link)
        elif link == "secrets":
            op = self.sync(link)
        else:
            op = self.rollback(link) if self.random.random() < 0.25 else self.fill(link)
        if self.random.random() < 0.12:
            op.kill_after = self.random.choice([2, 4, 8, 16, 32, 64]) * 1000 * self.random.random()
        op.link = link
        return op

    # ---- A new LINK in each round, for the first writers of a store ----

    def meet(self, link, what):
        """A call on a LINK that does not exist, or is a real directory or somebody else's symlink."""
        kind = self.random.choice(["fill", "fill", "first", "refused", "prune", "rollback", "adopt", "adopt", "no-wait"])
        refused = {1} if what else set()
        self.chosen += 1
        token = f"{kind}-{self.chosen}"
        command = ["--", self.witness, "fill", token, str(self.random.choice([0, 3])), "0"]
        if kind in ("fill", "no-wait"):
            op = Operation(kind, ["fill", "--json", "-q"] + ["--no-wait"] * (kind == "no-wait") + [f"./{link}"] + command,
                           {0} | refused | ({5} if kind == "no-wait" else set()), token=token, is_numbered=True, may_publish=True)
        elif kind == "first":
            op = Operation(kind, ["fill", "--json", "-q", "--if-generation", "0", link] + command, {0, 7} | refused,
                           token=token, is_numbered=True, may_publish=True, if_generation=0)
        elif kind == "refused":
            op = Operation(kind, ["fill", "--json", "-q", "--if-generation", "777777", link] + command, {7} | refused, if_generation=777777)
        elif kind == "prune":
            op = Operation(kind, ["prune", "--json", "--keep", "9", link], {0} | refused)
        elif kind == "rollback":
            op = Operation(kind, ["rollback", "--json", "--keep", "9", link], {0, 7} | refused, may_publish=True)
        else:
            op = Operation(kind, ["adopt", "--json", "--keep", "9", link], {0} if what else {0, 7}, token=what or None,
                           is_numbered=True, may_publish=bool(what))
        if self.random.random() < 0.1:
            op.kill_after = self.random.choice([2, 4, 8]) * 1000 * self.random.random()
        op.link = link
        return op

    def new_link(self):
        link, what = f"new-{self.rounds}", self.random.choice(["", "", "directory", "symlink"])
        token = f"foreign-{self.rounds}" if what else ""
        if what:
            folder = link if what == "directory" else f"{link}-elsewhere"
            os.mkdir(folder)
            self.run_quietly([self.witness, "tree", token], folder)
            if what == "symlink":
                os.symlink(folder, link)
        self.links[link] = History(link, 0, self.report)
        self.links[link].begin(now())
        return link, [self.meet(link, token) for _ in range(self.random.choice([8, 16]))]

    # ---- Running ----

    def run_quietly(self, arguments, folder):
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            os.execv(arguments[0], arguments)
        if os.waitpid(pid, 0)[1] != 0:
            raise SystemExit(f"{arguments} failed")

    def change_secret(self):
        """By rename, as secrets are rotated."""
        while True:
            self.secret += 1
            token = f"secret-{self.secret}"
            if files_of(token) == 2:
                break
        with open("source.new", "w", encoding="utf-8") as file:
            json.dump({"s": {"0": token, "1": token, "last": token}}, file)
        os.rename("source.new", "source")
        self.secrets.append((now(), token))

    def start(self, op):
        self.count += 1
        op.start(str(self.count), self.programs, ".")
        self.by_id[op.id] = op
        self.running[op.pid] = op

    def wait(self):
        """Until a process ends, or it is time to kill one."""
        due = min((op.began + op.kill_after for op in self.running.values() if op.kill_after is not None), default=now() + 100_000)
        signal.sigtimedwait([signal.SIGCHLD], max(due - now(), 0) / 1e6)
        for op in self.running.values():
            if op.kill_after is not None and now() >= op.began + op.kill_after:
                op.kill()
                op.kill_after = None
        for pid in list(self.running):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self.running.pop(pid).end(os.waitpid(pid, 0)[1])

    def run(self, ops):
        self.running, left = {}, list(ops)
        while left or self.running:
            while left and len(self.running) < PROCESSES:
                self.start(left.pop(0))
                if self.random.random() < 0.1:
                    self.change_secret()
            self.wait()

    def quiet(self, link, op):
        op.link = link
        self.run([op])
        self.check_status(op)
        return op

    # ---- Checking ----

    def check_status(self, op):
        if not op.was_killed and op.status not in op.allowed:
            self.report("status", str(op))
        if isinstance(op.answer, str):
            self.report("status", f"{op.id}: not JSON: {op.answer}")
        if op.was_killed:
            self.killed_count += 1
        if op.changed and op.if_generation is not None and op.previous != op.if_generation:
            self.report("if-generation", f"{op.link}: {op.id} replaced {op.previous}, not {op.if_generation}")
        if op.changed is False and op.if_generation is not None and op.generation != op.if_generation:
            self.report("if-generation", f"{op.link}: {op.id} found {op.generation}, not {op.if_generation}")

    def read_log(self):
        lines = {"stage": [], "hook-began": [], "hook-ended": [], "held": [], "seen": [], "named": []}
        # Readers go on writing, so the last line may not be whole yet.
        whole, _, self.begun_line = (self.begun_line + self.log.read()).rpartition("\n")
        for line in whole.splitlines():
            kind, id, time, rest = line.split(" ", 3)
            if kind == "bad":
                claim, what = rest.split(" ", 1)
                # The COMMAND of a killed process dies a moment after the lock is released, and the next writer may start before that.
                if claim != "one-writer" or not self.by_id[id].was_killed:
                    self.report(claim, f"{id}: {what}")
                continue
            generation, token, began = rest.split(" ")
            lines[kind].append((self.by_id.get(id, id), int(time), int(generation), token, int(began)))
        return lines

    def link_of(self, op):
        return op.link if isinstance(op, Operation) else op

    def learn(self, lines):
        """Notes everything that anybody saw of each generation, before it is judged."""
        for op, time, number, token, _ in lines["stage"]:
            self.links[op.link].note_number(number, op, time)
            op.base = token
        for op in self.ops:
            history = self.links[op.link]
            if op.changed and op.is_numbered:
                if op.number is not None and op.number != op.generation:
                    self.report("numbers", f"{op.id} filled number {op.number} and published {op.generation}")
                history.note_number(op.generation, op, op.ended)
            if op.token is not None and (op.changed or (op.changed is False and op.kind == "from")):
                history.note_content(op.generation, op.token, f"{op.id} ({op.kind})")
        for kind in ("seen", "held", "hook-began"):
            for op, _, generation, token, _ in lines[kind]:
                self.links[self.link_of(op)].note_content(generation, token, f"{kind} of {op if isinstance(op, str) else op.id}")
        self.seen_count += len(lines["seen"])
        self.hook_count += len(lines["hook-began"])

    def check_secrets(self, history):
        for op in self.ops:
            token = history.content.get(op.generation)
            if op.link == "secrets" and op.changed is not None and op.kind == "sync" and token is not None:
                at = [i for i, (_, one) in enumerate(self.secrets) if one == token]
                last = self.secrets[at[0] + 1][0] if at and at[0] + 1 < len(self.secrets) else now()
                if not at or self.secrets[at[0]][0] > op.ended or last < op.began:
                    self.report("secrets", f"{op.id} published {token}, which the source did not hold while it ran")

    def claims(self, history, lines):
        """What readers and lists say was live, and when."""
        for kind in ("seen", "held", "named"):
            for op, time, generation, _, began in lines[kind]:
                if self.link_of(op) == history.name:
                    yield (generation, op.began if kind == "held" else began, time, f"{kind} of {op if isinstance(op, str) else op.id}")
        for op in self.ops:
            if op.link == history.name and op.kind == "list" and isinstance(op.answer, list):
                for one in op.answer:
                    if one["live"]:
                        yield (one["generation"], op.began, op.ended, f"{op.id} (list)")

    def check_list(self, op):
        numbers = [one["generation"] for one in op.answer]
        if sum(one["live"] for one in op.answer) > 1 or numbers != sorted(set(numbers), reverse=True):
            self.report("list", f"{op.id}: {op.answer}")

    def check_edit(self, op):
        """What it began with is what it replaced."""
        content = self.links[op.link].content
        if op.changed and op.base is not None and op.previous and content.get(op.previous, op.base) != op.base:
            self.report("order", f"{op.id} edited a copy of {op.base}, and the generation that it replaced holds {content[op.previous]}")

    def check_hooks(self, history, lines, is_settled):
        """Since the live generation went live, its on-change command has exited with 0, or one failed and its process said so."""
        began = {}
        for op, time, generation, _, start in lines["hook-began"]:
            if op.link == history.name:
                began.setdefault(generation, []).append((start, op))
                if not is_settled and generation not in history.published and not history.killed:
                    self.report("hook", f"{history.name}: a hook ran for {generation}, which was never published")
        ended = [start for op, _, generation, _, start in lines["hook-ended"]
                 if op.link == history.name and generation == history.live and start >= history.live_since]
        failed = [op for start, op in began.get(history.live, ()) if start >= history.live_since and op.status != 0]
        if history.hooked and not ended and (is_settled or not failed):
            last = next((op for op in self.ops if op.changed and op.generation == history.live and op.link == history.name), None)
            if is_settled or (last and last.status == 0):
                runs = [(start, op.id, op.status) for start, op in began.get(history.live, ())]
                when = "with nothing running" if is_settled else f"published by {last}"
                self.report("hook", f"{history.name} {history.live} has been live since {history.live_since}, {when}, and no hook exited with 0 for it; "
                          f"these began: {runs}; the order is {history.describe()}")

    def store_of(self, link):
        return sorted(os.listdir(f".{link}.atomicdir"))

    def live_of(self, link):
        try:
            text = os.readlink(link)
        except OSError:
            return 0
        found = re.fullmatch(rf"\.{link}\.atomicdir/(\d{{6,}})", text)
        return int(found[1]) if found else 0

    def settle(self, link, before):
        """One quiet call that changes nothing: it runs a hook that is due, and leaves nothing over."""
        history = self.links[link]
        hook = ["--on-change", f"exec {self.witness} hook 0 0"]
        keep = ["--json", "-q", "--grace", "0", "--keep", str(history.keep)]
        if link == "secrets":
            op = Operation("sync", self.sync_arguments(keep + hook), {0}, is_numbered=True, may_publish=True, has_hook=True,
                           program="secretdir")
        else:
            op = Operation("same", ["fill"] + keep + hook + ["--edit", f"./{link}", "--", "true"], {0}, is_numbered=True, has_hook=True)
        self.ops = [self.quiet(link, op)]
        lines = self.read_log()
        self.learn(lines)
        if op.changed and link == "secrets":
            history.round(self.ops, op.generation, now())
        elif op.changed is not False or op.generation != history.live:
            self.report("status", f"{link}: {history.live} is live, and the quiet call says {op}: {op.answer}")
        for kind in ("hook-began", "hook-ended"):
            lines[kind] = before[kind] + lines[kind]
        self.check_hooks(history, lines, True)
        history.hooked = False      # it has run
        self.check_left(link)

    def check_left(self, link):
        history, live = self.links[link], f"{self.links[link].live:06d}"
        names = self.store_of(link)
        numbers = {name for name in names if name.isdigit()}
        legal = {"lock", "status", "refused"} | numbers | {f"{name}.{part}" for name in numbers for part in ("info", "note", "good")} | \
            {f"{name}.hook" for name in numbers - {live}}
        if set(names) - legal or any(f"{name}.info" not in names for name in numbers) or live not in numbers:
            self.report("left", f"{link}: {live} is live, and the store holds {' '.join(names)}")
        listed = self.quiet(link, Operation("list", ["list", "--json", link], {0})).answer
        told_live = [one["generation"] for one in listed if one["live"]]
        if {f"{one['generation']:06d}" for one in listed} != numbers or told_live != [history.live]:
            self.report("list", f"{link}: {listed}, and the store holds {' '.join(names)}")
        lost = {f"{number:06d}" for number in history.kept} - numbers
        if lost:
            self.report("keep", f"{link}: {' '.join(sorted(lost))} should have been kept, and the store holds {' '.join(names)}")
        with open(f".{link}.atomicdir/lock", encoding="ascii") as lock:
            if int(lock.read() or 0) < max(history.given, default=0):
                self.report("numbers", f"{link}: the number in the lock is lower than one that was used")

    def check_round(self, new, moved):
        lines = self.read_log()
        for op in self.ops:
            self.check_status(op)
        self.learn(lines)
        for op in self.ops:
            if op.kind == "list" and isinstance(op.answer, list):
                self.check_list(op)
            if op.kind == "edit":
                self.check_edit(op)
        for link in ["app", "kept", "secrets", new]:
            history = self.links[link]
            ops = [op for op in self.ops if op.link == link]
            history.round(ops, self.live_of(link), now(), self.claims(history, lines) if self.live_of(link) else ())
            self.published_count += sum(1 for op in ops if op.changed)
            if history.live:
                self.check_hooks(history, lines, False)
            known = sum(1 for op in ops if op.changed)
            if link != new and not known <= moved.get(link, 0) <= known + len(history.killed):
                self.report("order", f"{link}: {known} publications, {len(history.killed)} killed, {moved.get(link, 0)} swaps seen")
        self.check_secrets(self.links["secrets"])
        return lines

    def begin(self):
        for link, token in (("app", "app-0"), ("kept", "kept-0")):
            self.ops = [self.quiet(link, Operation("command", ["fill", "--json", "-q", link, "--", self.witness, "fill", token, "0", "0"],
                                                   {0}, token=token, is_numbered=True, may_publish=True))]
            self.learn(self.read_log())
            self.links[link].round(self.ops, self.live_of(link), now())
        self.ops = [self.quiet("secrets", Operation("sync", self.sync_arguments([]), {0}, is_numbered=True, may_publish=True,
                                                    program="secretdir"))]
        self.links["secrets"].round(self.ops, self.live_of("secrets"), now())

    def start_readers(self):
        for link in ("app", "kept", "secrets"):
            for way in ("pinned", "open"):
                pid = os.posix_spawn(self.witness, ["witness", "read", link, way], {**os.environ, "RACE_OP": link}, setsigmask=[])
                self.readers.append(pid)

    def round(self):
        self.rounds += 1
        self.by_id.clear()
        self.watch.take()
        for link in ("app", "kept", "secrets"):
            self.links[link].begin(now())
        new, meeting = self.new_link()
        ops = [self.choose() for _ in range(self.random.choice([20, 60, 100]))]
        at = self.random.randrange(len(ops))
        self.ops = ops[:at] + meeting + ops[at:]
        self.run(self.ops)
        lines = self.check_round(new, self.watch.take())
        if self.is_bad:
            return
        for link in ["app", "kept", "secrets"] + [new] * (self.links[new].live > 0):
            self.links[link].begin(now())
            self.settle(link, lines)
        del self.links[new]

    def finish(self):
        """With no reader left, one fill that keeps no old generation must leave nothing over."""
        for pid in self.readers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.readers = []
        for link in ("app", "kept"):
            token = f"last-{link}"
            op = self.quiet(link, Operation("command", ["fill", "--json", "-q", "--keep", "0", "--grace", "0", link, "--",
                                                        self.witness, "fill", token, "0", "0"], {0}, token=token))
            wanted = ["%06d" % (op.generation or 0), "%06d.info" % (op.generation or 0), "lock"]
            if self.store_of(link) != wanted or op.generation != self.live_of(link):
                self.report("left", f"{link}: after the last fill the store holds {' '.join(self.store_of(link))}")

    def go(self):
        for tree in TREES:
            os.mkdir(tree)
            self.run_quietly([self.witness, "tree", tree], tree)
        self.change_secret()
        self.readers = []
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        self.begin()
        self.watch = Watch(self.links)
        self.start_readers()
        try:
            while now() < self.end and not self.is_bad:
                self.round()
        finally:
            self.finish()
        print(f"# {self.rounds} rounds, {self.count} processes, {self.killed_count} of them killed, {self.published_count} publications, "
              f"{self.hook_count} hooks, {self.seen_count} looks at what was live")
        return self.is_bad


if __name__ == "__main__":
    chosen = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"# SEED={chosen}", flush=True)
    sys.exit(Stress(os.path.abspath(sys.argv[1]), chosen, int(os.environ.get("RACE_SECONDS") or 60)).go())
