# SPDX-License-Identifier: ISC
"""Thousands of rounds of `watch` and `run` in a few minutes, with mishaps chosen at random, and readers that look all the while.

SIGHUP lets one more round follow at once. Four supervisors work side by side, each with a LINK, a source, a hook and a reader of its
own: `steady` is never killed itself, `killed` and `run` are, and `aws` asks the test server. At quiet points all has to be as if
nothing had happened. What must not be is written to the file `violations`, a line each, as `bad CLAIM WHAT-WAS-SEEN`.

soak.py BUILD SERVER-DIRECTORY; SOAK_ROUNDS and SOAK_SECONDS end it, SEED repeats its choices (not the moments of the kills).
"""
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import traceback

import processes
import reader
from watched import PATIENCE, AwsSource, FileSource, Watched

QUIET_EACH = 25          # steps between two quiet points
DIRTY_MOST = 16          # KiB
CLOCKS = (3600, 30 * 86400, -3600)


class Soak:
    """The mishaps of one supervisor, in a thread of its own."""

    def __init__(self, watched, seed, clocks, kills):
        self.watched, self.random, self.clocks = watched, random.Random(seed), clocks
        self.counts, self.dirty = {}, "not to be seen"
        mishaps = [(30, self.plainly), (8, self.unchanged), (8, self.twice), (6, self.bad_source), (3, self.bad_entries),
                   (8, self.kill_round), (6, self.kill_fetcher), (5, self.stop_supervisor), (5, self.stop_round)]
        if kills:
            mishaps.append((8, self.kill_supervisor))
        if watched.runs:
            mishaps.append((6, self.kill_command))
        else:
            mishaps += [(4, self.bad_hook), (4, self.slow_hook), (6, self.kill_hook)]
        self.weights, self.mishaps = zip(*mishaps)

    def step(self):
        mishap = self.random.choices(self.mishaps, self.weights)[0]
        self.counts[mishap.__name__] = self.counts.get(mishap.__name__, 0) + 1
        mishap()
        self.watched.check_alive()

    # ---- Finding what is to be killed or stopped ----

    def victim(self, is_it, below_round):
        """(pid, parent) of a child of the supervisor, or of a child of its round, as soon as there is one; None."""
        end = time.monotonic() + 0.25
        while time.monotonic() < end:
            for pid, name in self.watched.children():
                if not below_round and is_it(name):
                    return pid, self.watched.process.pid
                for below, other in processes.children_of(pid) if below_round else ():
                    if is_it(other):
                        return below, pid
            if self.watched.last_round() != self.watched.seen_round:
                return None
        return None

    def hit(self, is_it, below_round=False, number=signal.SIGKILL):
        victim = self.victim(is_it, below_round)
        if not victim:
            return None
        time.sleep(self.random.random() * 0.012)
        if not processes.send(*victim, number):
            return None
        self.counts["hits"] = self.counts.get("hits", 0) + 1
        return victim

    # ---- What happens ----

    def maybe_change(self):
        if self.random.random() < 0.7:
            self.watched.change()

    def published(self, why):
        """What is in the source gets live, with no further push."""
        if not self.watched.wait(self.watched.is_up_to_date):
            self.watched.bad("published", f"{why}: {self.watched.value} is in the source, and {self.watched.live()} stays live")
        self.watched.has_round_ended()

    def ended(self, why):
        if self.watched.is_alive() and not self.watched.wait_round():
            self.watched.bad("goes-on", f"{why}: no round ended in {PATIENCE} s")

    def plainly(self):
        watched = self.watched
        before, began = os.path.realpath(watched.link), time.monotonic()
        watched.change()
        watched.hang_up()
        self.published("a change")
        if watched.runs and not watched.wait(watched.is_told):
            watched.bad("told", f"{watched.value} is live, and COMMAND was told {watched.log('told')[-3:]}")
        is_there = os.path.exists(before)
        if not is_there and time.monotonic() < began + watched.grace:
            watched.bad("early", f"{before} was replaced less than {watched.grace} s ago, and is removed")

    def unchanged(self):
        self.watched.hang_up()
        self.ended("nothing changed")

    def twice(self):
        for _ in range(self.random.randrange(2, 5)):
            self.watched.change()
            self.watched.hang_up()
            time.sleep(self.random.random() * 0.01)
        self.published("several changes at once")

    def bad_source(self):
        watched = self.watched
        watched.change()
        watched.hang_up()
        if self.random.random() < 0.5:
            self.published("before the source broke")
        self.break_source()
        watched.hang_up()
        self.ended("a broken source")
        if self.random.random() < 0.5:
            watched.change()
            watched.hang_up()
            self.published("the source is whole again")
        else:
            watched.source.mend(str(watched.value))

    def break_source(self):
        fault = self.random.choice(self.watched.source.faults)
        self.counts[fault] = self.counts.get(fault, 0) + 1
        self.watched.source.break_by(fault)

    def bad_hook(self):
        self.watched.set_mood("fail", True)
        self.plainly()
        self.watched.hang_up()
        self.ended("a failing hook")
        self.watched.set_mood("fail", False)

    def slow_hook(self):
        self.watched.set_mood("slow", True)
        self.plainly()
        if self.random.random() < 0.5:
            self.plainly()
        self.watched.set_mood("slow", False)

    def bad_entries(self):
        """Those that were read before stay in use."""
        self.watched.write_entries("a,what=ever\n")
        self.plainly()
        self.watched.write_entries("a=pair:a\nb=pair:b\nother\n")

    def kill_round(self):
        self.maybe_change()
        self.watched.hang_up()
        hit = self.hit(lambda name: name == "secretdir")
        self.ended("a round was killed" if hit else "a round")

    def kill_fetcher(self):
        self.maybe_change()
        self.watched.hang_up()
        self.hit(lambda name: name.startswith(("fetch-", "identity-")), True)
        self.ended("a fetcher was killed")

    def kill_hook(self):
        self.watched.set_mood("slow", True)
        self.watched.change()
        self.watched.hang_up()
        self.hit(lambda name: name == "sh", True)
        self.published("a hook was killed")
        self.watched.set_mood("slow", False)

    def stop_supervisor(self):
        """Signals come while it cannot take them, and children end."""
        watched = self.watched
        if self.random.random() < 0.5:
            watched.hang_up()
            time.sleep(self.random.random() * 0.01)
        watched.process.send_signal(signal.SIGSTOP)
        for _ in range(self.random.randrange(1, 4)):
            self.maybe_change()
            watched.hang_up()
        time.sleep(self.random.random() * 0.05)
        watched.process.send_signal(signal.SIGCONT)
        self.published("the supervisor went on")

    def stop_round(self):
        self.maybe_change()
        self.watched.hang_up()
        victim = self.hit(lambda name: name == "secretdir", number=signal.SIGSTOP)
        if victim:
            time.sleep(self.random.random() * 0.05)
            processes.send(*victim, signal.SIGCONT)
        self.published("the round went on")

    def new_life(self):
        self.watched.start(self.random.choice([None, *self.clocks]))

    def kill_supervisor(self):
        self.maybe_change()
        self.watched.hang_up()
        time.sleep(self.random.random() * 0.03)
        self.watched.kill()
        self.maybe_change()
        self.new_life()

    def kill_command(self):
        """Its end is the end of `run`."""
        watched = self.watched
        self.maybe_change()
        watched.hang_up()
        time.sleep(self.random.random() * 0.02)
        for pid, name in processes.children_of(watched.process.pid):
            if name == "sh":
                processes.send(pid, watched.process.pid, signal.SIGKILL)
        status = watched.process.wait(PATIENCE)
        if status != 137:
            watched.bad("goes-on", f"COMMAND was killed, and run ended with {status}")
        self.new_life()

    # ---- When all is quiet ----

    def settle(self):
        """Rounds follow until `is_so`, each of them whole."""
        watched = self.watched
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            watched.hang_up()
            watched.wait_round()
            if watched.wait(lambda: watched.is_up_to_date() and watched.is_told() and watched.is_up(), 1) and \
                    watched.wait(lambda: not watched.children() and not watched.left(), 2):
                return
            watched.check_alive()

    def quiet(self):
        watched = self.watched
        watched.source.mend(str(watched.value))
        self.settle()
        if not watched.is_up_to_date():
            watched.bad("published", f"all is well, {watched.value} is in the source, and {watched.live()} is live")
        elif not watched.is_told():
            watched.bad("told", f"{watched.value} is live, and those were told: {watched.log('hook')[-4:]} {watched.log('told')[-2:]}")
        if not watched.wait(lambda: not watched.children(True)):
            watched.bad("child", f"between rounds it has {watched.children(True)}")
        if not watched.wait(lambda: not watched.left()):
            watched.bad("left", f"{watched.left()} beside {os.readlink(watched.link)}")
        if not watched.is_up():
            watched.bad("goes-on", f"all is well, and its last round failed: {processes.read(watched.path('metrics'))}")
        self.check_supervisor()

    def at_rest(self):
        """(private dirty memory, descriptors) of the supervisor while it has no child: a child shares the one, and needs some of the
        others for a moment."""
        pid, before = self.watched.process.pid, None
        while True:
            now = processes.private_dirty(pid), processes.descriptors_of(pid)
            if now == before and not self.watched.children(True):
                return now
            before = now if not self.watched.children(True) else None
            time.sleep(0.02)

    def check_supervisor(self):
        watched = self.watched
        if not processes.may_look_into(watched.process.pid):
            return
        dirty, fds = self.at_rest()
        if watched.baseline is None:
            watched.baseline = dirty, fds
        self.dirty = f"{watched.baseline[0]} KiB, then {dirty} KiB"
        if dirty > watched.baseline[0] + DIRTY_MOST and not IS_SANITIZED:
            watched.bad("memory", f"private dirty memory was {watched.baseline[0]} KiB and is {dirty} KiB")
        if fds != watched.baseline[1]:
            watched.bad("descriptor", f"it had {watched.baseline[1]} and has {fds}")

    def go(self, is_over):
        watched = self.watched
        try:
            self.quiet()
            while not is_over():
                for _ in range(QUIET_EACH):
                    self.step()
                self.quiet()
            watched.end()
        except Exception:  # a soak that cannot go on has proved nothing
            watched.bad("goes-on", traceback.format_exc().replace("\n", " / "))


# ---- What readers and hooks saw, all in all ----

def check_history(watched):
    """Each change is published at most once, in the order in which it was made, and nobody was told of it before."""
    value_of = {}
    for line in watched.log("seen"):
        generation, value = line.split()
        if value_of.setdefault(int(generation), value) != value:
            watched.bad("once", f"generation {generation} held {value_of[int(generation)]} and then {value}")
    in_order = sorted(value_of.items())
    for (before, one), (after, other) in zip(in_order, in_order[1:]):
        if int(one) >= int(other):
            watched.bad("once", f"generation {before} held {one}, and {after} holds {other}")
    for line in watched.log("hook"):
        what, generation, *value = line.split()
        if value and value_of.get(int(generation), value[0]) != value[0]:
            watched.bad("told", f"the hook of generation {generation} ({value_of[int(generation)]}) was told ({what}) while {value[0]} was live")
    return len(value_of)


def start_reader(watched):
    """A process that looks at the pair, from the first generation on."""
    def run():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with open(watched.path("seen"), "a", encoding="ascii", buffering=1) as seen, \
                open("violations", "a", encoding="utf-8", buffering=1) as violations:
            reader.watch(watched.link, seen, violations, 0.003)
    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    return process


def find_strangers(known):
    return [child for child in processes.children_of(os.getpid()) if child[0] not in known]


def main(build, server):
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    rounds_wanted, seconds = int(os.environ.get("SOAK_ROUNDS") or 1 << 60), float(os.environ.get("SOAK_SECONDS") or 1e9)
    print(f"# SEED={seed}", flush=True)
    processes.adopt_orphans()
    violations = open("violations", "a", encoding="utf-8", buffering=1)
    lock = threading.Lock()

    def report(claim, what):
        with lock:
            violations.write(f"bad {claim} {what}\n".replace("\n", " ").rstrip() + "\n")

    clocks, why = processes.other_clocks(CLOCKS) if os.geteuid() == 0 else ([], "needs root")
    print(f"# clocks that jump between lives: {len(clocks) or why}", flush=True)
    program = os.path.join(build, "secretdir")
    all_watched = [Watched(name, FileSource(os.path.abspath(f"{name}.json")), program, report, **options) for name, options in (
        ("steady", {"grace": "1s"}), ("killed", {"interval": "1s", "grace": "0s"}), ("run", {"runs": True}))]
    all_watched.append(Watched("aws", AwsSource(server), program, report, grace="1s"))
    for watched in all_watched:
        watched.start()
    readers = [start_reader(watched) for watched in all_watched]
    soaks = [Soak(watched, f"{seed} {watched.name}", clocks, watched.name in ("killed", "run")) for watched in all_watched]
    end = time.monotonic() + seconds

    def is_over():
        return time.monotonic() > end or sum(watched.rounds for watched in all_watched) >= rounds_wanted or \
            os.path.getsize("violations") > 20000

    threads = [threading.Thread(target=soak.go, args=(is_over,)) for soak in soaks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = time.monotonic() + 20
    while find_strangers([one.pid for one in readers]) and time.monotonic() < end:
        time.sleep(0.05)
    for stranger in find_strangers([one.pid for one in readers]):
        report("child", f"{stranger} is left, though all have ended: {processes.read(f'/proc/{stranger[0]}/cmdline')[:200]!r}")
    for one in readers:
        one.kill()
        one.join()
    for watched, soak in zip(all_watched, soaks):
        generations = check_history(watched)
        looks = processes.read(watched.path("seen.looks"))
        print(f"# {watched.name}: {watched.rounds} rounds, {generations} generations seen in {looks} looks, {watched.lives} lives, "
              f"private dirty memory {soak.dirty}; {soak.counts}")
    print(f"# {sum(watched.rounds for watched in all_watched)} rounds")
    return os.path.getsize("violations") > 0


IS_SANITIZED = "fsanitize" in processes.read(os.path.join(sys.argv[1], "flags"))

if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2]))
