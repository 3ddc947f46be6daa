#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""terminal.py COMMAND [ARG...]: runs COMMAND with a terminal as its standard output and error, and prints what came there. Its standard
input is ours. Exits as COMMAND does."""
import os
import pty
import subprocess
import sys

master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=slave, stderr=slave)
os.close(slave)
try:
    while piece := os.read(master, 4096):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
except OSError:
    pass
sys.exit(child.wait())
