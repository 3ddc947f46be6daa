#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What fetch-aws itself answers to the request on standard input: identity-aws is asked for the keys first, as secretdir does.

    fetch.py LIBEXEC

The environment is the user's. An error of identity-aws is answered as one of fetch-aws.
"""

import os
import subprocess
import sys

libexec = sys.argv[1]
KEYS_FD, VARIABLES_FD = 3, 4


def field(name, value):
    return b"%s %d\n%s\n" % (name, len(value), value)


def fields(data):
    while data:
        header, _, data = data.partition(b"\n")
        name, _, size = header.partition(b" ")
        size = int(size)
        yield name, data[:size]
        data = data[size + 1:]


def memory(number, content=b""):
    """A file that is nowhere, as this descriptor."""
    fd = os.memfd_create("file")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, number, inheritable=True)
    if fd != number:
        os.close(fd)


def run(program, data):
    return subprocess.run([os.path.join(libexec, program)], input=data, stdout=subprocess.PIPE, close_fds=False)


def main():
    request = sys.stdin.buffer.read()
    options = b"".join(field(name, value) for name, value in fields(request) if name == b"option")
    # So that neither is one of the descriptors that are made on the way.
    reserved = [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
    memory(KEYS_FD)
    memory(VARIABLES_FD, b"".join(field(b"variable", b"%s=%s" % one) for one in os.environb.items()) + field(b"end", b""))
    identity = run("identity-aws", field(b"atomicdir-identity", b"1") + options + field(b"end", b""))
    for fd in reserved:
        if fd > VARIABLES_FD:
            os.close(fd)
    answer = dict(fields(identity.stdout))
    if b"done" not in answer:
        sys.stdout.buffer.write(field(b"error", answer.get(b"error", b"1 identity-aws answers nothing")))
        return int(identity.returncode)
    fetched = run("fetch-aws", request + field(b"keys", b""))
    sys.stdout.buffer.write(fetched.stdout)
    return fetched.returncode


sys.exit(main())
