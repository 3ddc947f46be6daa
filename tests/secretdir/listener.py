# SPDX-License-Identifier: ISC
"""listen-aws, started and listened to as secretdir does: the request, a file of keys as descriptor 3, and fields on its standard
output. For tests alone."""

import os
import queue
import subprocess
import threading

KEYS_FD = 3


def field(name, value=""):
    data = value.encode() if isinstance(value, str) else value
    return b"%s %d\n%s\n" % (name.encode(), len(data), data)


def fields(*pairs):
    return b"".join(field(*pair) for pair in pairs)


def keep_keys_fd():
    """Call this first: the number is to be nobody else's."""
    fd = os.memfd_create("keys")
    if fd != KEYS_FD:
        os.dup2(fd, KEYS_FD, inheritable=True)
        os.close(fd)


def open_keys(**parts):
    """A file of its own for one listener."""
    keep_keys_fd()
    write_keys(KEYS_FD, **parts)


def write_keys(fd, **parts):
    """What identity-aws would write; a value of None is left out."""
    settings = dict({"region": "us-east-1", "sqs-url": os.environ["AWS_ENDPOINT_URL"], "ca-bundle": os.environ["AWS_CA_BUNDLE"],
                     "key-id": os.environ["AWS_ACCESS_KEY_ID"], "secret-key": os.environ["AWS_SECRET_ACCESS_KEY"],
                     "from": "a test"}, **{name.replace("_", "-"): value for name, value in parts.items()})
    os.ftruncate(fd, 0)
    os.pwrite(fd, fields(*(pair for pair in settings.items() if pair[1] is not None), ("end", "")), 0)


class Listener:
    """One that runs; said: all that it has said so far, as (name, value)."""

    def __init__(self, program, *requests, keys=None):
        open_keys(**(keys or {}))
        self.keys_fd = os.dup(KEYS_FD)
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        pass_fds=(KEYS_FD,))
        self.said, self.unconfined = [], []
        self._fields = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.tell(*requests)

    def tell(self, *requests):
        self.process.stdin.write(fields(*requests))
        self.process.stdin.flush()

    def _read(self):
        stream = self.process.stdout
        for line in stream:
            name, size = line.split()
            value = stream.read(int(size))
            stream.read(1)
            self._fields.put((name.decode(), value.decode()))
        self._fields.put(None)

    def next(self, timeout=15):
        """The next field; None at its end."""
        got = self._fields.get(timeout=timeout)
        # What this kernel cannot confine is no matter here.
        while got and got[0] == "unconfined":
            self.unconfined.append(got[1])
            got = self._fields.get(timeout=timeout)
        if got:
            self.said.append(got)
        return got

    def until(self, *names, timeout=15):
        """The next field of one of these names, and those before it, in a list."""
        got = [self.next(timeout)]
        while got[-1] and got[-1][0] not in names:
            got.append(self.next(timeout))
        return got

    def end(self):
        """Its exit status."""
        self.process.terminate()
        status = self.process.wait(10)
        self.process.stdin.close()
        return status


def asked(url, *options):
    """The request, and that the keys are there."""
    return (("atomicdir-listen", "1"), ("option", "queue-url=" + url)) + tuple(("option", o) for o in options) + (
        ("end", ""), ("keys", ""))
