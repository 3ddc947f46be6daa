#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""run.py: measures every row, prints them, and writes them as JSON. bench/README.md says what each means.

BENCH_ROWS="publish secrets ..." runs only these groups, BENCH_DISKS="ext4 tmpfs here" only on these file systems, BENCH_COUNTS="10 100"
only with so many files; BENCH_ROUNDS=3 sets the number of rounds; BENCH_FULL=1 measures more counts and more rounds. A run of
everything writes bench/results.json and the pictures; any other writes build/bench/results.json alone. BENCH_RESULTS names another file.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import disks
import rows
import secrets_rows
from measure import BUILD, Failed, program

HERE = os.path.dirname(os.path.abspath(__file__))
ALONE = {"secrets": secrets_rows.measure}


def shown(value, unit):
    if unit in ("bytes", "count"):
        return f"{value:,}"
    return f"{value:.2f}" if unit == "ratio" else f"{value:.2f} {unit}"


def verdict(one):
    if one["goal"] is None:
        return "told"
    return f"{'met' if one['value'] <= one['goal'] else 'NOT MET'} (<= {shown(one['goal'], one['unit'])})"


def show(one):
    spread = f"{one['low']:.2f}-{one['high']:.2f}" if one["low"] is not None else ""
    files = f"{one['files']:,}" if one["files"] else ""
    print(f"{one['disk']:<6} {files:>8} {shown(one['value'], one['unit']):>12} {spread:>11}  {one['what']}  {verdict(one)}", flush=True)


class Run:
    def __init__(self, environment):
        self.choice = rows.Choice(environment)
        self.groups = environment.get("BENCH_ROWS", "").split()
        self.kinds = environment.get("BENCH_DISKS", "").split()
        self.results, self.skipped = [], []
        unknown = set(self.groups) - {*rows.GROUPS, *ALONE, "torn"} | set(self.kinds) - {*disks.KINDS, "here"}
        if unknown:
            sys.exit(f"run.py: unknown: {' '.join(sorted(unknown))}; rows: {' '.join([*rows.GROUPS, *ALONE, 'torn'])}; disks: {' '.join(disks.KINDS)} here")

    def is_whole(self):
        return not (self.groups or self.kinds or self.choice.counts or self.choice.rounds)

    def wants(self, group):
        return not self.groups or group in self.groups

    def skip(self, what, reason):
        print(f"left out: {what}: {reason}", flush=True)
        self.skipped.append({"what": what, "reason": str(reason)})

    def collect(self, what, found):
        try:
            for one in found:
                if not one.get("is_hidden"):
                    show(one)
                self.results.append(one)
        except (disks.Missing, Failed, OSError, subprocess.SubprocessError) as error:
            self.skip(what, error)

    def on_disk(self, kind, work):
        names = [name for name, (_, full, usual) in rows.GROUPS.items()
                 if self.wants(name) and (kind in (full if self.choice.is_full else usual) or kind == "here")]
        if not names:
            return
        try:
            with disks.mounted(kind, work) as disk:
                for name in names:
                    self.collect(f"{name} on {kind}", rows.GROUPS[name][0](disk, self.choice))
                    disk.clear()
        except disks.Missing as error:
            self.skip(kind, error)

    def all(self, work):
        for kind in self.kinds or disks.KINDS:
            self.on_disk(kind, work)
        for name, measure in ALONE.items():
            if self.wants(name):
                self.collect(name, measure(self.choice))


def torn():
    """What readers see, for the picture: the demo's own table."""
    return json.loads(subprocess.run([program("torn"), "--json", os.environ.get("BENCH_SECONDS", "2")], capture_output=True, text=True, check=True).stdout)


def write(path, results):
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.rename(temporary, path)


def main():
    run = Run(os.environ)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    machine = {"kernel": os.uname().release, "machine": os.uname().machine, "processors": os.cpu_count()}
    print(f"Linux {machine['kernel']}, {machine['processors']} processors; files of 4 KiB; medians, and the quartiles of the ratios")
    for name in "seed", "kubelet":
        if not os.access(program("bench/" + name), os.X_OK):
            run.skip(f"the rows beside the {name}", "golang is not installed")
    work = tempfile.mkdtemp(prefix="atomicdir-bench.")
    try:
        run.all(work)
    except (KeyboardInterrupt, SystemExit):
        print("interrupted: what was measured so far is written", flush=True)
        run.groups = run.groups or ["none"]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    results = {"machine": machine, "rows": run.results, "left_out": run.skipped, "torn": torn() if run.wants("torn") else []}
    path = os.environ.get("BENCH_RESULTS") or (os.path.join(HERE, "results.json") if run.is_whole() else os.path.join(BUILD, "bench/results.json"))
    write(path, results)
    print(f"{time.monotonic() - began:.0f} s; written: {path}")
    if run.is_whole() and not os.environ.get("BENCH_RESULTS"):
        subprocess.run([os.path.join(HERE, "draw.py")], check=True)


if __name__ == "__main__":
    main()
