#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""watched.py DIRECTORY COMMAND [ARG...]: what inotify(7) tells of the names in DIRECTORY while COMMAND runs, an event a line."""
import ctypes
import os
import struct
import subprocess
import sys

NAMES = {0x2: 'MODIFY', 0x4: 'ATTRIB', 0x8: 'CLOSE_WRITE', 0x40: 'MOVED_FROM', 0x80: 'MOVED_TO', 0x100: 'CREATE', 0x200: 'DELETE'}
OF_ITSELF = 0x400 | 0x800  # DELETE_SELF, MOVE_SELF

libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(os.O_NONBLOCK)
assert libc.inotify_add_watch(fd, sys.argv[1].encode(), sum(NAMES) | OF_ITSELF) >= 0
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
data = b''
while True:
    try:
        data += os.read(fd, 65536)
    except BlockingIOError:
        break
while data:
    _, mask, _, size = struct.unpack_from('iIII', data)
    print(NAMES.get(mask & 0xfff, hex(mask)), data[16:16 + size].rstrip(b'\0').decode())
    data = data[16 + size:]
