#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""rules.py TRACE LINK: the rules of durability, on one run's system calls (strace -y -o TRACE) that published at LINK.

Journals make directories durable sooner than anyone asked, so that no power cut on ext4, xfs or btrfs shows a directory that was
not synced; the rules do not care what a file system happens to do. Each broken rule is a line; the exit status is 1 if there is one.

  1. each file of the new generation, and of what the store says of it, is synced after its last change and before the swap
  2. each directory too, and the parent where the store is new
  3. the parent is synced after the swap, before success is reported
  4. nothing of what was live is removed before that, and with the layout files nothing replaced
  5. 3 and 4 hold for what takes LINK away too: an exchange of LINK, after which the store is synced as well, and a removal of LINK
A syncfs counts for whatever is on the file system of its descriptor.
"""
import os
import re
import sys

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
DESCRIPTOR = re.compile(r"^(?:\d+|AT_FDCWD)<([^>]*)>")
NAME = re.compile(r'(?:(?:\d+|AT_FDCWD)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
CHANGES_FILE = {"write", "pwrite64", "copy_file_range", "ioctl", "fchmod", "fchown", "ftruncate", "utimensat"}
CHANGES_DIRECTORY = {"mkdirat", "symlinkat", "linkat", "unlinkat", "renameat", "renameat2"}


def names(arguments):
    """The absolute paths that a call names, in their order."""
    return [os.path.normpath(os.path.join(base or "/", name)) for base, name in NAME.findall(arguments)]


class Run:
    def __init__(self, link):
        self.link, self.store = link, os.path.join(os.path.dirname(link), f".{os.path.basename(link)}.atomicdir")
        # The layout files: what is swapped is in the store, and nothing is moved or removed before that is on disk.
        if os.path.isdir(link + "/..atomicdir"):
            self.link, self.store = link + "/..atomicdir/live", link + "/..atomicdir"
        self.dirty = {}      # path -> what was done to it last
        self.swapped, self.unconfirmed = False, set()
        self.broken = []

    def is_ours(self, path):
        return path == os.path.dirname(self.link) or (path + "/").startswith(self.store + "/")

    def touch(self, path, call):
        if self.is_ours(path) and os.path.basename(path) not in ("lock", "next"):
            self.dirty[path] = call

    def swap(self, call, paths):
        """Rules 1 and 2: whatever is dirty now could be lost although LINK is new."""
        self.swapped = True
        self.unconfirmed = {os.path.dirname(path) for path in paths if os.path.basename(path) != "next"}
        for path, done in sorted(self.dirty.items()) if os.path.basename(paths[0]) == "next" else ():
            self.broken.append(f"{path}: {done}, and not synced before the swap")
        self.dirty = dict.fromkeys(self.unconfirmed, call)

    def forget(self, path):
        for known in [known for known in self.dirty if (known + "/").startswith(path + "/")]:
            del self.dirty[known]

    def directory_call(self, call, arguments):
        paths = names(arguments)
        # What a link is made to stays as it is.
        if call in ("symlinkat", "linkat"):
            paths = paths[1:]
        if call in ("unlinkat", "renameat", "renameat2") and self.link in paths:
            return self.swap(call, paths)
        if call in ("unlinkat", "renameat", "renameat2") and self.unconfirmed and not paths[0].endswith(".info.new"):
            self.broken.append(f"{paths[0]}: {call} before the swap is known to be on disk")
        if call == "unlinkat":
            self.forget(paths[0])
        for path in paths:
            self.touch(os.path.dirname(path), call)
        return None

    def call(self, call, arguments, descriptor):
        where = DESCRIPTOR.match(arguments)
        if call == "openat" and "O_CREAT" in arguments:
            self.touch(descriptor, "made")
            self.touch(os.path.dirname(descriptor), "an entry was made")
        elif call == "mkdirat":
            self.touch(names(arguments)[0], "made")
            self.directory_call(call, arguments)
        elif call in CHANGES_DIRECTORY:
            self.directory_call(call, arguments)
        elif call in ("fsync", "fdatasync") and where:
            self.dirty.pop(where[1], None)
            self.unconfirmed.discard(where[1])
        elif call == "syncfs" and where and self.is_ours(where[1]):
            self.dirty.clear()
        elif call in CHANGES_FILE and where:
            self.touch(where[1], call)


def main():
    trace, link = sys.argv[1:]
    run = Run(os.path.realpath(os.path.dirname(link)) + "/" + os.path.basename(link))
    with open(trace, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = CALL.match(line)
            if found and int(found[3]) >= 0:
                run.call(found[1], found[2], found[4] or "")
    if not run.swapped:
        run.broken.append("there was no swap in this trace")
    elif run.unconfirmed:
        run.broken.append(f"not synced after the swap: {', '.join(sorted(run.unconfirmed))}")
    print("\n".join(run.broken), end="\n" if run.broken else "")
    return 1 if run.broken else 0


sys.exit(main())
