# SPDX-License-Identifier: ISC
"""A `secretdir watch` or `run` under test: its source, its life, and what is seen of it. The mishaps are chosen in soak.py."""
import json
import os
import signal
import subprocess
import sys
import time

import processes
import reader

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "aws"))
import control  # noqa: E402

PATIENCE = 90   # seconds in which what is due has come, however busy the machine is
# What is told is what readers find at LINK then. A mood is a file: `fail`, `slow`.
HOOK = """read -r value <"$ATOMICDIR_LINK/a"; echo "begun $ATOMICDIR_GENERATION $value" >>HOOKLOG
[ ! -e MOOD.slow ] || sleep 0.05; [ ! -e MOOD.fail ] || exit 3; echo "done $ATOMICDIR_GENERATION $value" >>HOOKLOG"""
COMMAND = """tell() { read -r value <"$1/a"; echo "told $value" >>"$2"; }
trap 'tell "$@"' USR2; trap 'exit 0' TERM
exec 3<>"$3"; tell "$@"; while :; do read -r line <&3; done"""


class FileSource:
    """Replaced by rename."""
    faults = ("absent", "garbage", "truncated", "keyless")

    def __init__(self, path):
        self.path = path
        self.options = ["--source", f"file:{path}"]

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.path + ".new", self.path)

    def put(self, value):
        self.write(json.dumps({"pair": {"a": value, "b": value}, "other": "constant"}))

    def break_by(self, fault):
        if fault == "absent":
            os.unlink(self.path)
        else:
            self.write({"garbage": "\x00\x01[", "truncated": '{"pair": {"a": "1', "keyless": '{"pair": {"a": "lonely"}}'}[fault])

    def mend(self, value):
        self.put(value)


class AwsSource:
    """The test server; what it breaks is broken for the next few requests."""
    faults = ("throttle", "error", "html", "truncated-json", "not-http", "cut", "deny", "deny-describe")

    def __init__(self, directory):
        self.directory = directory
        self.options = ["--source", "aws"]

    def tell(self, command, **arguments):
        control.ask(self.directory, command, arguments)

    def put(self, value):
        self.tell("put", name="pair", text=json.dumps({"a": value, "b": value}))
        self.tell("put", name="other", text="constant")

    def break_by(self, fault):
        which = {"service": "secretsmanager", "remaining": 2}
        if fault == "deny":
            self.tell("deny", action="secretsmanager:*GetSecretValue")
        elif fault == "deny-describe":
            self.tell("deny", action="secretsmanager:DescribeSecret")
        elif fault == "throttle":
            self.tell("fault", kind="throttle", **which)
        elif fault == "error":
            self.tell("fault", kind="error", status=500, code="InternalServiceError", **which)
        elif fault == "cut":
            self.tell("fault", kind="cut", where="headers", **which)
        else:
            self.tell("fault", kind="garbage", form=fault, **which)

    def mend(self, _value):
        self.tell("clear", parts=["faults", "policy"])


class Watched:
    def __init__(self, name, source, program, report, *, runs=False, interval="1h", grace="100ms"):
        self.name, self.source, self.program, self.report, self.runs = name, source, program, report, runs
        self.folder = os.path.abspath(name)
        os.mkdir(self.folder)
        self.link, self.entries = self.path("app"), self.path("entries")
        self.options = ["-q", "--interval", interval, "--grace", grace, "--sync", "none", "--metrics", self.path("metrics"),
                        "--entries", self.entries, *source.options]
        if not runs:
            self.options += ["--on-change", HOOK.replace("HOOKLOG", self.path("hook")).replace("MOOD", self.path("mood"))]
        self.grace = {"0s": 0, "100ms": 0.1, "1s": 1}[grace]
        self.value = self.lives = self.rounds = 0
        self.process = self.clock = self.seen_round = self.baseline = None
        self.said = open(self.path("said"), "a", encoding="utf-8")
        self.write_entries("a=pair:a\nb=pair:b\nother\n")
        if runs:
            os.mkfifo(self.path("fifo"))
        self.change()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_entries(self, text):
        with open(self.entries + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.entries + ".new", self.entries)

    def set_mood(self, mood, is_set):
        if is_set:
            open(self.path(f"mood.{mood}"), "w", encoding="ascii").close()
        elif os.path.exists(self.path(f"mood.{mood}")):
            os.unlink(self.path(f"mood.{mood}"))

    def bad(self, claim, what):
        self.report(claim, f"{self.name}: {what}; it said: {' | '.join(processes.read(self.path('said')).splitlines()[-3:])}")

    # ---- Its life ----

    def start(self, clock=None):
        command = ["setpriv", "--pdeathsig", "KILL", self.program, "run" if self.runs else "watch", *self.options]
        if self.runs:
            command += ["--signal", "USR2", self.link, "--", "sh", "-c", COMMAND, "sh", self.link, self.path("told"), self.path("fifo")]
        else:
            command += [self.link]
        if clock is not None:
            command = ["nsenter", f"--time=/proc/{os.getpid()}/fd/{clock}"] + command
        self.lives += 1
        self.baseline = None
        told = len(self.log("told"))
        self.seen_round = None
        if self.last_round():
            os.unlink(self.path("metrics"))
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)
        if not self.wait(lambda: processes.blocks(self.process.pid, signal.SIGHUP)):
            self.bad("goes-on", "it did not start")
        if not self.wait_round():
            self.bad("goes-on", "its first round did not end")
        if self.runs and not self.wait(lambda: len(self.log("told")) > told):
            self.bad("told", "COMMAND was not started")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """By SIGTERM."""
        self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.bad("goes-on", "SIGTERM did not end it")
            self.kill()
            return
        if status != 0:
            self.bad("goes-on", f"after SIGTERM it ended with {status}")

    def is_alive(self):
        return self.process.poll() is None

    def check_alive(self):
        if not self.is_alive():
            self.bad("goes-on", f"it ended by itself with status {self.process.returncode}")
            self.start()

    # ---- What is done to it ----

    def change(self):
        """A new value in the source, which is one higher than the last."""
        self.value += 1
        self.source.mend(str(self.value))
        self.source.put(str(self.value))

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    # ---- What is seen of it ----

    def wait(self, is_true, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > end or not self.is_alive():
                return False
            time.sleep(0.002)
        return True

    def last_round(self):
        """Another one after each round: each leaves metrics, a killed one too."""
        try:
            status = os.stat(self.path("metrics"))
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def has_round_ended(self):
        """Since this was last asked."""
        last = self.last_round()
        if last == self.seen_round:
            return False
        self.seen_round = last
        self.rounds += 1
        return True

    def wait_round(self, seconds=PATIENCE):
        return self.wait(self.has_round_ended, seconds)

    def log(self, name):
        return processes.read(self.path(name)).splitlines()

    def live(self):
        """The value that readers find; "" if there is none yet."""
        try:
            return reader.look(self.link)[1]
        except OSError:
            return ""

    def is_up_to_date(self):
        return self.live() == str(self.value)

    def is_told(self):
        if self.runs:
            return self.log("told")[-1:] == [f"told {self.value}"]
        return any(line.split()[2:] == [str(self.value)] for line in self.log("hook")[-20:] if line.startswith("done"))

    def is_up(self):
        return "\nsecretdir_up{" in (text := processes.read(self.path("metrics"))) and "} 1\n" in text.split("\nsecretdir_up{")[1][:600]

    def children(self, with_dead=False):
        """Without COMMAND, which is to run."""
        return [child for child in processes.children_of(self.process.pid, with_dead) if not (self.runs and child[1] == "sh")]

    def left(self):
        """Names in the store that have no business there once all is quiet."""
        live = os.path.basename(os.readlink(self.link))
        legal = {"lock", "status", live} | {f"{live}.{part}" for part in ("info", "note", "good")}
        names = set(os.listdir(self.path(".app.atomicdir"))) - legal
        own = {"app", ".app.atomicdir", "entries", "metrics", "hook", "told", "said", "fifo", "seen", "seen.looks", "source"}
        return sorted(names | (set(os.listdir(self.folder)) - own))
