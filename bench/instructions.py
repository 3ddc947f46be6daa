#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""instructions.py [--update]: instructions of the publications of check.py, counted by callgrind, beside instructions.tsv.

Another compiler or libc makes other instructions of the same source: then the figures are printed, and none fails.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import check

FIGURES = os.path.join(check.HERE, "instructions.tsv")


def built_with():
    compiler = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return f"{compiler}, {os.confstr('CS_GNU_LIBC_VERSION')}"


def count(command):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if done.returncode == 0 and found else None


def measured(work):
    idle = {name: count(command()) for name, command in check.NOTHING.items()}
    for name, kind, commands in check.JOBS:
        before, command = commands(tempfile.mkdtemp(dir=work))
        if before and subprocess.run(before, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
            continue
        counted = count(command)
        if counted is not None:
            yield name, counted - idle[kind]


def figures_read():
    with open(FIGURES, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    return lines[0][0].removeprefix("# "), {name: int(value) for name, value in lines[1:]}


def figures_write(found):
    with open(FIGURES, "w", encoding="utf-8") as file:
        file.write(f"# {built_with()}\n")
        file.writelines(f"{name}\t{value}\n" for name, value in found)


def compare(found):
    made_by, wanted = figures_read()
    is_same, failed = made_by == built_with(), 0
    if not is_same:
        print(f"the figures are of another build ({made_by}), so none fails")
    for name, got in found:
        want = wanted.get(name)
        is_off = is_same and (want is None or abs(got - want) > want * 0.05)
        failed += is_off
        print(f"{name:<40} {got:>12,}  wanted {want or 0:>12,}{'  5 % off' if is_off else ''}")
    if failed:
        print("if that is meant: make bench-instructions UPDATE=1, and commit bench/instructions.tsv with the reason")
    return 1 if failed else 0


def main():
    if not shutil.which("valgrind"):
        print("left out: valgrind is not installed")
        return 0
    work = tempfile.mkdtemp(prefix="atomicdir-instructions.", dir="/dev/shm")
    try:
        if sys.argv[1:] == ["--update"]:
            figures_write(list(measured(work)))
            return 0
        return compare(measured(work))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
