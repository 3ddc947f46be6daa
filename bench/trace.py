# SPDX-License-Identifier: ISC
"""The system calls of a program, as strace(1) shows them."""
import os
import re
import shutil
import subprocess
import tempfile

LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?|0x[0-9a-f]+)")
BARRIERS = {"syncfs", "fsync", "fdatasync", "sync", "msync"}
WRITES = {"write", "pwrite64", "writev", "pwritev", "copy_file_range", "sendfile"}
WITHOUT_FILE = {"getrandom", "brk", "mmap", "munmap", "geteuid", "exit_group"}
# What a path below the directory that is worked in is called; the first that matches.
OBJECTS = [(re.compile(pattern), name) for pattern, name in (
    (r"^/proc/sys/kernel/random/boot_id$", "the boot's id"),
    (r"^/proc/", "/proc"),
    (r"^\.?$", "LINK's directory"),
    (r"^live$", "LINK"),
    (r"^\.live\.atomicdir/lock$", "the lock"),
    (r"^\.live\.atomicdir/next$", "the new link"),
    (r"^\.live\.atomicdir/\d+\.info(\.new)?$", "an .info"),
    (r"^\.live\.atomicdir/\d+\.trash/file-\d+$", "an old file"),
    (r"^\.live\.atomicdir/\d+\.trash(/\.)?$", "the old generation"),
    (r"^\.live\.atomicdir/\d+/file-\d+$", "a file"),
    (r"^\.live\.atomicdir/\d+/\.\.atomicdir-wake$", "the waking file"),
    (r"^\.live\.atomicdir/\d+(/\.)?$", "a generation"),
    (r"^\.live\.atomicdir/\d+\.\w+$", "a mark of a generation"),
    (r"^\.live\.atomicdir/(refused|status|\.live\.atomicdir)$", "a leftover in the store"),
    (r"^\.live\.atomicdir(/\.)?$", "the store"),
)]


class Call:
    """A system call: its name, its arguments as text, and its result, None where it has none."""

    def __init__(self, name, arguments, result):
        self.name, self.arguments = name, arguments
        self.result = None if result == "?" else int(result, 16 if result.startswith("0x") else 10)

    def is_to_standard_output(self):
        return bool(re.match(r"[12]\b", self.arguments))

    def written(self):
        return max(self.result or 0, 0) if self.name in WRITES and not self.is_to_standard_output() else 0

    def object(self, top):
        """What the call is about, in words; "" where it is about no file."""
        if self.name in WITHOUT_FILE:
            return ""
        found = re.match(r'(?:AT_FDCWD|\d+)<([^>]*)>(?:\(deleted\))?(?:, "([^"]*)")?|"([^"]*)"', self.arguments)
        if self.name == "symlinkat":
            found = re.match(r'"[^"]*", \d+<([^>]*)>, "([^"]*)"()', self.arguments)
        if not found:
            return ""
        path = found[3] or (found[1] if found[2] in (None, "") or not self.takes_name() else os.path.join(found[1], found[2]))
        path = os.path.relpath(path, top) if path.startswith(top) else path
        return next((name for pattern, name in OBJECTS if pattern.search(path)), path)

    def takes_name(self):
        return self.name.endswith("at") or self.name in ("statx", "openat2", "newfstatat", "renameat2")


def is_here():
    return shutil.which("strace") is not None


def run(command, **options):
    """The calls of the program itself, not of those that it starts."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as file:
        subprocess.run(["strace", "-qq", "-y", "-s", "64", "-o", file.name, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       check=True, **options)
        return [Call(*found.groups()) for found in map(LINE.match, file) if found]
