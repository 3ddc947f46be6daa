# SPDX-License-Identifier: ISC
"""A reader that looks at the pair of files below LINK until it is killed: each time by a directory that it has pinned."""
import fcntl
import os
import time


def pin(link):
    """A descriptor of the live generation, which is not removed while it is open, and its name."""
    while True:
        target = os.readlink(link)
        try:
            fd = os.open(os.path.join(os.path.dirname(link), target), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if os.readlink(link) == target:
                raise
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.readlink(link) == target:
                return fd, os.path.basename(target)
        except BlockingIOError:
            pass
        os.close(fd)


def read_at(directory, name):
    fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.read(fd, 4096).decode()
    finally:
        os.close(fd)


def look(link):
    """(generation, value, value of the other file)."""
    fd, generation = pin(link)
    try:
        return generation, read_at(fd, "a"), read_at(fd, "b")
    finally:
        os.close(fd)


def watch(link, seen, violations, pause):
    """Writes each generation to `seen` with its value, and what must not be to `violations`; how often it looked to `seen`.looks."""
    last = looks = 0
    counter = os.open(f"{seen.name}.looks", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            generation, one, other = look(link)
        except OSError as error:
            violations.write(f"bad missing {link}: {error}\n")
            time.sleep(0.1)
            continue
        looks += 1
        if one != other:
            violations.write(f"bad mixed {link}: generation {generation} holds {one} and {other}\n")
        if generation != last:
            seen.write(f"{int(generation)} {one}\n")
            last = generation
        os.pwrite(counter, b"%d" % looks, 0)
        time.sleep(pause)
