# SPDX-License-Identifier: ISC
"""File systems to measure on: ext4, xfs and btrfs on loop images of their own, tmpfs, or what TMPDIR is on ("here")."""
import contextlib
import ctypes
import os
import shutil
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
IMAGE_SIZE = "6G"
# ext4 without what it would else do in the background for the first minutes, and with inodes for half a million small files.
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-i", "8192", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f"],
}
KINDS = [*MAKE, "tmpfs"]
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


class Missing(Exception):
    """What is needed is not here; the text says what."""


class Disk:
    def __init__(self, kind, directory, device=None):
        self.kind, self.directory, self.device = kind, directory, device

    def place(self, name):
        """A new directory that nothing else uses."""
        path = os.path.join(self.directory, name.replace(" ", "-"))
        os.mkdir(path)
        return path

    def settle(self):
        """What lies about in memory would be waited for by the next one's syncfs(2)."""
        fd = os.open(self.directory, os.O_RDONLY)
        LIBC.syncfs(fd)
        os.close(fd)

    def clear(self):
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        self.settle()

    def flushes(self):
        """How many times the device was told to empty its cache since it is there; None: not known."""
        if not self.device:
            return None
        with open(f"/sys/class/block/{os.path.basename(self.device)}/stat", encoding="ascii") as file:
            fields = file.read().split()
        return int(fields[15]) if len(fields) > 15 else None


def run(*command):
    done = subprocess.run(command, env={**os.environ, "PATH": PATH}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False)
    if done.returncode:
        raise Missing(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def mounted(kind, work):
    """Gives a Disk for as long as it is needed."""
    directory, image = os.path.join(work, kind), os.path.join(work, kind + ".image")
    os.mkdir(directory)
    if kind == "here":
        yield Disk(kind, directory)
        shutil.rmtree(directory)
        return
    if os.geteuid() != 0:
        raise Missing("only root can mount a file system")
    if kind == "tmpfs":
        run("mount", "-t", "tmpfs", "-o", "size=4G", "none", directory)
        device = None
    else:
        if not shutil.which(MAKE[kind][0], path=PATH):
            raise Missing(f"{MAKE[kind][0]} is not installed")
        run("truncate", "-s", IMAGE_SIZE, image)
        run(*MAKE[kind], image)
        run("mount", "-o", "loop,noatime", image, directory)
        device = run("findmnt", "-no", "SOURCE", directory)
    try:
        yield Disk(kind, directory, device)
    finally:
        run("umount", directory)
        os.rmdir(directory)
        if device:
            os.unlink(image)
