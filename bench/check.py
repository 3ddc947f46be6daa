#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""check.py          prints TAP: system calls, bytes written and barriers of a set of publications beside bench/figures.tsv; 5 % off fails
check.py --update writes figures.tsv anew, and calls.md, the table of each call of a small publication with its reason

What the programs do before they begin (the linker, libc) is left out: it is counted in a run that does nothing, and taken off.
The figures are those of root on tmpfs, with barriers as on a disk. An ordinary user needs fewer calls, since what he makes is his:
then only more of them fail.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import trace
from measure import BUILD, program

HERE = os.path.dirname(os.path.abspath(__file__))
FIGURES, REASONS, TABLE = (os.path.join(HERE, name) for name in ("figures.tsv", "reasons.tsv", "calls.md"))
COLUMNS = ["calls", "bytes", "barriers"]
SMALL = [1, 2, 3, 10]
HINT = "if that is meant: make bench-figures, and commit bench/figures.tsv and bench/calls.md with the reason"


def ours(place, count, seed, **options):
    words = [f"{key}={value}" for key, value in {"sync": "fs", **options}.items()]
    return [program("bench/ours"), "publish", f"directory={place}", f"count={count}", f"seed={seed}", *words]


def fill(place, source):
    return [program("atomicdir"), "fill", "-q", "--sync", "fs", "--keep", "0", "--grace", "0", place + "/live", "--from", source]


def sources(place, count):
    paths = [os.path.join(place, name) for name in ("a", "b")]
    for seed, path in enumerate(paths):
        subprocess.run([program("bench/bare"), "files", f"directory={path}", f"count={count}", f"seed={seed}"], check=True)
    return paths


def from_directory(is_changed, count=10):
    def commands(place):
        a, b = sources(place, count)
        return fill(place, a), fill(place, b if is_changed else a)
    return commands


def by_calls(count, is_changed=True, **options):
    return lambda place: (ours(place, count, 1, **options), ours(place, count, 2 if is_changed else 1, **options))


NOTHING = {"calls": lambda: [program("bench/ours"), "nothing"], "command": lambda: [program("atomicdir"), "--version"]}
# name, the program that does nothing, and what gives the commands: the one before, or None, and the one that is counted.
JOBS = [
    ("first, 10 files", "calls", lambda place: (None, ours(place, 10, 1))),
    *((f"all changed, {count} file{'s' if count > 1 else ''}", "calls", by_calls(count)) for count in (*SMALL, 100)),
    ("nothing changed, 1 file", "calls", by_calls(1, False)),
    ("nothing changed, 100 files", "calls", by_calls(100, False)),
    ("10 of 100 changed", "calls", by_calls(100, changed=10)),
    ("10 of 100 changed, the others linked", "calls", by_calls(100, changed=10, link_unchanged=1)),
    ("file by file (--sync files), 10 files", "calls", by_calls(10, sync="files")),
    ("not durable, 10 files", "calls", by_calls(10, sync="none")),
    ("fill --from, 10 files, all changed", "command", from_directory(True)),
    ("fill --from, 10 files, nothing changed", "command", from_directory(False)),
]


def counted(calls):
    return {"calls": len(calls), "bytes": sum(call.written() for call in calls), "barriers": sum(call.name in trace.BARRIERS for call in calls)}


def traced(commands, work):
    """The calls of the second command, after the first; None where the library does not know the option (status 2)."""
    place = tempfile.mkdtemp(dir=work)
    before, command = commands(place)
    try:
        if before:
            subprocess.run(before, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return trace.run(command, stderr=subprocess.PIPE), place
    except subprocess.CalledProcessError as error:
        if error.returncode == 2:
            return None, place
        raise


def measured(work):
    """The figures of each job."""
    idle = {name: counted(trace.run(command())) for name, command in NOTHING.items()}
    found = {}
    for name, kind, commands in JOBS:
        calls, _ = traced(commands, work)
        if calls is not None:
            found[name] = {column: counted(calls)[column] - idle[kind][column] for column in COLUMNS}
    return found


# ---- figures.tsv ----

def figures_read():
    with open(FIGURES, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {line[0]: dict(zip(COLUMNS, map(int, line[1:]))) for line in lines}


def figures_write(found):
    with open(FIGURES, "w", encoding="utf-8") as file:
        file.write("# publication\t" + "\t".join(COLUMNS) + "; written by make bench-figures\n")
        for name, one in found.items():
            file.write("\t".join([name, *(str(one[column]) for column in COLUMNS)]) + "\n")


def is_near(column, got, wanted):
    """Within 5 %; so few barriers, and nothing, are exact."""
    if column == "calls" and os.geteuid() != 0:
        return got <= wanted * 1.05
    return abs(got - wanted) <= wanted * 0.05


def compare(found):
    wanted, failed = figures_read(), 0
    names = list(dict.fromkeys([*wanted, *found]))
    for number, name in enumerate(names, 1):
        got, want = found.get(name), wanted.get(name)
        off = [column for column in COLUMNS if not got or not want or not is_near(column, got[column], want[column])]
        failed += bool(off)
        figures = ", ".join(f"{got[column]} {column}" for column in COLUMNS) if got else "could not be run"
        print(f"{'not ' if off else ''}ok {number} - {name}: {figures}")
        for column in off:
            print(f"#    got: {got[column] if got else 'nothing'} {column}\n# wanted: {want[column] if want else 'no figure'} {column}")
    if failed:
        print(f"# {HINT}")
    return failed, len(names)


# ---- calls.md ----

def reasons_read():
    with open(REASONS, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    return [(re.compile(pattern), reason) for pattern, reason in lines]


def small(work):
    """(call, what it is about) -> how often, by the number of files; in the order of the calls of the largest."""
    rows, idle = {}, trace.run(NOTHING["calls"]())
    for count in reversed(SMALL):
        calls, place = traced(by_calls(count), work)
        for call in calls[len(idle) - 1:]:
            key = (call.name, call.object(place))
            rows.setdefault(key, dict.fromkeys(SMALL, 0))[count] += 1
    return rows


def without_reason(rows):
    reasons = reasons_read()
    return [" ".join(key).strip() for key in rows if not any(pattern.fullmatch(" ".join(key).strip()) for pattern, _ in reasons)]


def table_write(rows):
    reasons = reasons_read()
    with open(TABLE, "w", encoding="utf-8") as file:
        file.write("# System calls of small publications\n\nAll changed, durable, by the library's calls, on a link that was published before; "
                   "the old generation is removed.\n`make bench-figures` writes this table; the reasons are in reasons.tsv.\n\n")
        file.write("| call | on | " + " | ".join(f"{count} file{'s' if count > 1 else ''}" for count in SMALL) + " | why |\n|---|---|" + "---|" * (len(SMALL) + 1) + "\n")
        for key, counts in rows.items():
            text = " ".join(key).strip()
            why = next(reason for pattern, reason in reasons if pattern.fullmatch(text))
            file.write(f"| {key[0]} | {key[1]} | " + " | ".join(str(counts[count]) for count in SMALL) + f" | {why} |\n")
        totals = {count: sum(counts[count] for counts in rows.values()) for count in SMALL}
        file.write("| **all** | | " + " | ".join(str(totals[count]) for count in SMALL) + " | |\n")


# ---- ----

def update(work):
    if os.geteuid() != 0:
        sys.exit("check.py: the figures are root's; run this as root")
    found, rows = measured(work), small(work)
    lacking = without_reason(rows)
    if lacking:
        sys.exit("check.py: add a reason to bench/reasons.tsv for each of these calls:\n" + "\n".join(lacking))
    figures_write(found)
    table_write(rows)


def main():
    if not trace.is_here() or not os.access("/dev/shm", os.W_OK):
        print("1..0 # SKIP " + ("strace is not installed" if not trace.is_here() else "there is no tmpfs at /dev/shm"))
        return 0
    work = tempfile.mkdtemp(prefix="atomicdir-check.", dir="/dev/shm")
    try:
        if sys.argv[1:] == ["--update"]:
            update(work)
            return 0
        failed, count = compare(measured(work))
        lacking = without_reason(small(work))
        print(f"{'not ' if lacking else ''}ok {count + 1} - each call of a small publication has a reason")
        for call in lacking:
            print(f"#    got: {call}\n# wanted: a line for it in bench/reasons.tsv")
        print(f"1..{count + 1}")
        return 1 if failed or lacking else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
