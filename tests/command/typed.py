#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Types lines into an interactive shell at a terminal of its own: typed.py SHELL [ARGUMENT...] <LINES. "<TAB>" in a line is that key.
Prints what the terminal showed. The shell has 30 seconds."""
import os
import pty
import select
import signal
import sys
import time

LIMIT_S = 30


def read_until(terminal, ending, deadline):
    """Until the text has come; all of it, if there is no text. False: the shell has ended, or the time is over."""
    shown = b""
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], deadline - time.monotonic())[0]:
            return False
        try:
            some = os.read(terminal, 65536)
        except OSError:
            some = b""
        sys.stdout.buffer.write(some)
        shown += some
        if not some:
            return not ending
        if ending and ending in shown:
            return True
    return False


def main(arguments):
    lines = sys.stdin.read().splitlines()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(arguments[0], arguments)
    deadline = time.monotonic() + LIMIT_S
    is_good = True
    for number, line in enumerate(lines + ["exit"]):
        # The prompt is printed by a command, so the shell is ready when it appears: what is echoed is split by the quotes.
        os.write(terminal, f"echo re'ad'y{number}\r".encode())
        is_good = is_good and read_until(terminal, f"ready{number}".encode(), deadline)
        os.write(terminal, line.replace("<TAB>", "\t").encode() + b"\r")
    is_good = is_good and read_until(terminal, b"", deadline)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 0 if is_good else 1


sys.exit(main(sys.argv[1:]))
