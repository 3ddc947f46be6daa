#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs the rows of errors.tsv, and holds what is said against what is to be said, to the last character.

    errors.py SERVER-DIRECTORY TABLE FIRST-NUMBER

A row: what is claimed | commands for the test server before | variables | the command | its exit status | its one line on standard
error. Prints TAP, without the plan. One that fails prints nothing on standard output, and makes nothing at `new`.
"""

import glob
import os
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
import table  # noqa: E402

server, cases, first = sys.argv[1:]
KEPT = table.KEPT + tuple(name for name in os.environ if name.startswith("AWS_"))
SECRETS = os.environ["SECRETS"].split()


def judge(variables, command, status, wanted):
    """None, or what came in place of what was wanted."""
    ran = subprocess.run(shlex.split(command), env=table.environment(variables, KEPT), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    got = table.message(ran.stderr)
    if (str(ran.returncode), got) != (status, wanted):
        return "status %d: %s" % (ran.returncode, got)
    if any(secret in ran.stderr for secret in SECRETS):
        return "a secret in it: " + got
    if ran.returncode and ran.stdout:
        return "printed: " + ran.stdout
    made = glob.glob("new") + glob.glob(".new.atomicdir/0*")
    return "made: %s" % made if made else None


def find_hindrances():
    """Why commands that begin so cannot be tried here."""
    hindrances = {}
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode:
        hindrances["strace"] = hindrances["slow/secretdir"] = "no tracing is allowed here"
    if os.path.exists(os.environ["libexec"] + "/spec-yaml"):
        hindrances["alone/secretdir"] = "a reader of specs is installed"
    if os.path.exists(os.environ["libexec"] + "/identity-aws"):
        hindrances["keyless/secretdir"] = "identity-aws is installed"
    return hindrances


def main():
    number, failed, hindrances = int(first), False, find_hindrances()
    for claim, before, variables, command, status, wanted in table.rows(cases):
        number += 1
        hindrance = hindrances.get(command.split()[0])
        if hindrance:
            print("ok %d - %s # SKIP %s" % (number, claim, hindrance))
            continue
        table.tell(server, before)
        wrong = judge(variables, command, status, wanted)
        if before:
            table.tell(server, "clear; imds")
        print("%sok %d - %s" % ("not " if wrong else "", number, claim))
        if wrong:
            failed = True
            print("# wanted status %s: %s\n# %s" % (status, wanted, wrong.strip().replace("\n", "\n# ")))
    sys.exit(failed)


main()
