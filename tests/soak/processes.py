# SPDX-License-Identifier: ISC
"""What the soak asks the kernel about processes: their children, memory and descriptors; namespaces of other clocks."""
import ctypes
import os
import re
import signal
import subprocess

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Whatever our descendants leave behind becomes our child, so that it is found."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def children_of(pid, with_dead=False):
    """[(pid, name)] of those that have not ended (`with_dead`: or were not reaped), whichever of its threads started them."""
    found = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        for child in read(f"/proc/{pid}/task/{thread}/children").split():
            parsed = re.fullmatch(r"\d+ \((.*)\) (\S) .*\n?", read(f"/proc/{child}/stat"), re.S)
            if parsed and (with_dead or parsed[2] not in "ZX"):
                found.append((int(child), parsed[1]))
    return found


def parent_of(pid):
    parsed = re.match(r"\d+ \(.*\) \S (\d+)", read(f"/proc/{pid}/stat"), re.S)
    return int(parsed[1]) if parsed else 0


def send(pid, parent, number):
    """False: that child of `parent` has ended. Its number cannot have gone to somebody else meanwhile."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if parent_of(pid) != parent:
            return False
        signal.pidfd_send_signal(fd, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)


def blocks(pid, number):
    """The signal is one that it waits for by itself."""
    mask = re.search(r"^SigBlk:\s+([0-9a-f]+)", read(f"/proc/{pid}/status"), re.M)
    return bool(mask) and int(mask[1], 16) >> number - 1 & 1 == 1


def may_look_into(pid):
    """Memory and descriptors of secretdir are for root alone to look at."""
    return os.access(f"/proc/{pid}/fd", os.R_OK)


def private_dirty(pid):
    """In KiB."""
    return int(re.search(r"^Private_Dirty:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)[1])


def descriptors_of(pid):
    """What they are of, without the numbers that differ each time."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}")))
        except FileNotFoundError:
            pass
    return sorted(found)


def other_clocks(offsets):
    """Descriptors of time namespaces whose CLOCK_BOOTTIME is off by so many seconds; [] and the reason where they cannot be had."""
    found = []
    for offset in offsets:
        command = ["unshare", "--time", "--fork", "--kill-child", f"--boottime={offset}", f"--monotonic={offset}",
                   "sh", "-c", "echo ready; read line"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            if process.stdout.readline() != "ready\n":
                process.stdin.close()
                return [], process.stderr.read().strip() or "no time namespaces"
            found.append(os.open(f"/proc/{process.pid}/ns/time_for_children", os.O_RDONLY | os.O_CLOEXEC))
            process.stdin.close()
    return found, ""
