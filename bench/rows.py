# SPDX-License-Identifier: ISC
"""The rows. A group measures the ways of one job on one file system and yields rows; GROUPS lists them all.

A row is a dict: id, what (for people), disk, files, value, unit, goal (None: only told), low and high (quartiles of the ratios, or
None), rounds.
"""
import os
import subprocess

from disks import Missing
from measure import Way, call, in_turn, program, ratio

ROUNDS = {10: 21, 100: 15, 1000: 9, 10000: 5, 20000: 3, 100000: 3}


class Choice:
    """What of all this is run."""

    def __init__(self, environment):
        self.is_full = environment.get("BENCH_FULL", "") not in ("", "0")
        self.counts = [int(count) for count in environment.get("BENCH_COUNTS", "").split()]
        self.rounds = int(environment.get("BENCH_ROUNDS", 0))

    def rounds_for(self, count):
        """At least as many as such a count is given."""
        usual = min((rounds for size, rounds in ROUNDS.items() if size <= max(count, 10)), default=3)
        return self.rounds or usual * (2 if self.is_full else 1)

    def counts_of(self, usual, full):
        return [count for count in (full if self.is_full else usual) if not self.counts or count in self.counts]


def row(name, what, disk, files, value, unit="ratio", goal=None, spread=(None, None), rounds=1):
    return {"id": name, "what": what, "disk": disk.kind if disk else "-", "files": files, "value": value, "unit": unit, "goal": goal,
            "low": spread[0], "high": spread[1], "rounds": rounds}


def compared(name, what, disk, files, one, other, goal=None, key="ns"):
    middle, low, high = ratio(one, other, key)
    return row(name, what, disk, files, middle, "ratio", goal, (low, high), len(one.samples))


def has_option(option):
    return option in call([program("atomicdir"), "fill", "--help"])


# ---- Ways ----

def ours(disk, name, count, seed=None, **options):
    """By the library's calls; `seed` None: other content in each round."""
    place = disk.place(name)
    words = [f"directory={place}", f"count={count}", *(f"{key}={value}" for key, value in options.items())]
    command = [program("bench/ours"), "publish", *words]
    return Way(name, lambda number: [*command, f"seed={seed or number + 2}"], [[*command, "seed=1"]])


def bare(disk, name, way, count, prepare=None, **options):
    place = disk.place(name)
    words = [f"directory={place}", f"count={count}", *(f"{key}={value}" for key, value in options.items())]
    command = program("bench/bare")
    return Way(name, lambda number: [command, way, *words, f"seed={number + 2}"], [[command, prepare, *words, "seed=1"]] if prepare else ())


def in_go(disk, name, count):
    place, command = disk.place(name), program("bench/" + name)
    return Way(name, lambda number: [command, place, str(count), str(number + 2)], [[command, place, str(count), "1"]])


def source(place, name, count, **options):
    """A directory to copy from; returns its path."""
    path = os.path.join(place, name)
    call([program("bench/bare"), "files", f"directory={path}", f"count={count}", *(f"{key}={value}" for key, value in options.items())])
    return path


def shell(name, script, prepare=()):
    return Way(name, lambda number: ["sh", "-ec", script.format(old=number + 1, new=number + 2, parity=number % 2)], prepare)


def copied(disk, name, count, sync=""):
    """What a release script does; the sources are there already."""
    place = disk.place(name)
    for parity in 0, 1:
        source(place, f"source-{parity}", count, seed=parity + 1)
    first = f"cd {place}; mkdir live-1; ln -s live-1 live"
    return shell(name, f"cd {place}; cp -a source-{{parity}} live-{{new}}; {sync} ln -s live-{{new}} next; mv -T next live; rm -rf live-{{old}}",
                 [["sh", "-ec", first]])


def rsynced(disk, name, count):
    place = disk.place(name)
    for parity in 0, 1:
        path = source(place, f"source-{parity}", count, seed=parity + 1)
        call(["sh", "-c", f"touch -d @{parity + 1} {path}/*"])
    return shell(name, f"rsync -a --delete {place}/source-{{parity}}/ {place}/live/")


# ---- Groups ----

def publish_ways(disk, count, choice):
    ways = [ours(disk, "durable", count), bare(disk, "bare durable", "loop", count, "ready"),
            ours(disk, "not durable", count, sync="none"), bare(disk, "bare not durable", "loop", count, "ready", sync="none")]
    if count <= 10000:
        ways.append(ours(disk, "unchanged", count, seed=1))
        ways += [in_go(disk, name, count) for name in ("seed", "kubelet") if os.access(program("bench/" + name), os.X_OK)]
    if count <= 1000:
        ways.append(bare(disk, "each", "each", count))
    if count == 10:
        ways.append(bare(disk, "one", "one", count))
    if count == 1000 and (disk.kind == "ext4" or choice.is_full):
        ways += [copied(disk, "cp", count), copied(disk, "cp durable", count, "sync -f live-{new};")]
        if call(["sh", "-c", "command -v rsync || :"]):
            ways.append(rsynced(disk, "rsync", count))
    return ways


PUBLISH_ROWS = [
    # id, what, one, other, goal, at which counts
    ("durable/bare", "all changed, durable / the same calls bare", "durable", "bare durable", 1.1, lambda count: count >= 100),
    ("plain/bare", "all changed, not durable / the same calls bare", "not durable", "bare not durable", 1.12, lambda count: count >= 100),
    ("unchanged", "nothing changed, by library calls / all changed, durable", "unchanged", "durable", 0.12, lambda count: count == 1000),
    ("durable/seed", "all changed, durable / the seed in Go, which syncs nothing", "durable", "seed", None, lambda count: True),
    ("plain/seed", "all changed, not durable / the seed in Go", "not durable", "seed", None, lambda count: True),
    ("bare/seed", "bare calls, not durable / the seed in Go", "bare not durable", "seed", None, lambda count: True),
    ("plain/kubelet", "all changed, not durable / the kubelet's way in Go", "not durable", "kubelet", None, lambda count: True),
    ("bare/kubelet", "bare calls, not durable / the kubelet's way in Go", "bare not durable", "kubelet", None, lambda count: True),
    ("durable/each", "all changed, durable / each file by itself, each synced", "durable", "each", None, lambda count: True),
    ("durable/one", "all changed, durable / the same bytes in one file, two commits", "durable", "one", 1.4, lambda count: True),
    ("plain/cp", "all changed, not durable / cp -a, mv -T, rm -rf", "not durable", "cp", None, lambda count: True),
    ("durable/cp", "all changed, durable / cp -a, sync -f, mv -T, rm -rf", "durable", "cp durable", None, lambda count: True),
    ("plain/rsync", "all changed, not durable / rsync -a --delete", "not durable", "rsync", None, lambda count: True),
]


def goal_of(name, goal, disk):
    """tmpfs has no disk, so reading is nearly as dear as writing there."""
    return 0.6 if name == "unchanged" and disk.kind == "tmpfs" else goal


def peaks(disk, count, ways):
    goal = {10: 1.7, 10000: 2.6}.get(count)
    for name in "durable", "seed", "kubelet":
        if name in ways:
            peak = max(ways[name].values("peak_kib")) / 1024
            what = {"durable": "peak memory", "seed": "peak memory of the seed in Go", "kubelet": "peak memory of the kubelet's way in Go"}[name]
            yield row("memory" if name == "durable" else f"memory-{name}", what, disk, count, peak, "MiB", goal if name == "durable" else None,
                      rounds=len(ways[name].samples))


def growth(disk, medians):
    """What one more file costs, between one count and the next."""
    for name, what, goal in ("durable", "growth a file, dearest / cheapest", 1.3), ("bare durable", "the same of the bare calls", None):
        counts = sorted(medians)
        if len(counts) < 3:
            return
        each = [(medians[b][name] - medians[a][name]) / (b - a) for a, b in zip(counts, counts[1:]) if b > 100]
        yield row("growth" if goal else "growth-bare", what, disk, counts[-1], max(each) / min(each), "ratio", goal)


def pictured(disk, count, ways):
    """What the README's picture is drawn from; not printed."""
    for name, way in ways.items():
        yield {**compared("picture", name, disk, count, way, ways["durable"]), "is_hidden": True}


def publish(disk, choice):
    medians = {}
    all_counts, most = [10, 100, 1000, 10000, 100000], [10, 100, 1000, 10000]
    usual, full = {"ext4": (all_counts, all_counts), "here": (most, most)}.get(disk.kind, ([100, 1000], most))
    for count in choice.counts_of(usual, full):
        rounds = choice.rounds_for(count)
        ways = in_turn(disk, publish_ways(disk, count, choice), rounds)
        medians[count] = {name: way.median() for name, way in ways.items()}
        for name, what, one, other, goal, is_at in PUBLISH_ROWS:
            if one in ways and other in ways and is_at(count):
                yield compared(name, what, disk, count, ways[one], ways[other], goal_of(name, goal, disk))
        if count == 1000:
            yield from pictured(disk, count, ways)
        if "unchanged" in ways:
            yield row("unchanged-bytes", "bytes written where nothing changed", disk, count, max(ways["unchanged"].values("written")), "bytes", 0,
                      rounds=rounds)
        if disk.kind == "ext4":
            yield from peaks(disk, count, ways)
        disk.clear()
    if disk.kind == "ext4":
        yield from growth(disk, medians)


def from_directory(disk, choice):
    """`fill --from DIR`."""
    for count in choice.counts_of([1000], [1000, 10000]):
        place = disk.place("sources")
        sources = [source(place, "a", count, seed=1), source(place, "b", count, seed=2)]
        link = {name: os.path.join(disk.place(name), "live") for name in ("unchanged", "changed")}
        fill = [program("atomicdir"), "fill", "-q", "--keep", "0", "--grace", "0"]
        ways = in_turn(disk, [
            Way("unchanged", lambda number: [*fill, link["unchanged"], "--from", sources[0]], [[*fill, link["unchanged"], "--from", sources[0]]]),
            Way("changed", lambda number: [*fill, link["changed"], "--from", sources[1 - number % 2]],
                [[*fill, link["changed"], "--from", sources[0]]]),
        ], choice.rounds_for(count))
        yield compared("from-unchanged", "nothing changed, fill --from DIR / all changed", disk, count, ways["unchanged"], ways["changed"], 0.2)
        yield row("from-unchanged-bytes", "bytes written by fill --from DIR where nothing changed", disk, count,
                  max(ways["unchanged"].values("written")), "bytes", 0, rounds=len(ways["unchanged"].samples))
        disk.clear()


def few_changed(disk, choice):
    """10 of 1,000 changed, by the library's calls and from a directory."""
    count = 1000
    place = disk.place("sources")
    sources = [source(place, "a", count, seed=1, changed=10), source(place, "b", count, seed=2, changed=10)]
    fill = [program("atomicdir"), "fill", "-q", "--keep", "0", "--grace", "0"]

    def from_way(name, *options):
        link = os.path.join(disk.place(name), "live")
        return Way(name, lambda number: [*fill, *options, link, "--from", sources[1 - number % 2]], [[*fill, *options, link, "--from", sources[0]]])

    has_links = has_option("--link-unchanged")
    ways = [ours(disk, "all", count), ours(disk, "ten", count, changed=10), from_way("from")]
    if has_links:
        ways += [ours(disk, "ten linked", count, changed=10, link_unchanged=1), from_way("from linked", "--link-unchanged")]
    ways = in_turn(disk, ways, choice.rounds_for(count))
    for name, what, goal in (("ten", "10 of 1,000 changed / all changed, durable", None),
                             ("ten linked", "the same with --link-unchanged", 0.45),
                             ("from", "10 of 1,000 changed, --from DIR / all changed by library calls", 0.6 if disk.kind in ("xfs", "btrfs") else None),
                             ("from linked", "the same with --link-unchanged", 0.6)):
        if name not in ways:
            continue
        yield compared("few-" + name.replace(" ", "-"), what, disk, count, ways[name], ways["all"], goal)
        yield row("few-" + name.replace(" ", "-") + "-bytes", "bytes written for " + what.split(" /")[0], disk, count,
                  max(ways[name].values("written")), "bytes", 60000 if "linked" in name else None, rounds=len(ways[name].samples))
    if not has_links:
        raise Missing("this atomicdir has no --link-unchanged")


def comparison(disk, choice):
    """What COMMAND has written is compared with what is live."""
    for count in choice.counts_of([10000], [1000, 10000, 100000]):
        way = ours(disk, "compare", count, seed=1)
        command = [program("bench/ours"), "compare", *way.prepare[0][2:]]
        place = disk.place("bare")
        source(place, "live", count, seed=1)
        source(place, "other", count, seed=1)
        ways = in_turn(disk, [Way("ours", lambda number: command, way.prepare),
                              Way("bare", lambda number: [program("bench/bare"), "compare", f"directory={place}", f"count={count}"])],
                       choice.rounds_for(count))
        for one in ways.values():
            for taken in one.samples:
                taken["each"] = int(taken["line"])
        yield row("comparison", "comparison of a file of 4 KiB after COMMAND", disk, count, ways["ours"].median("each") / 1000, "us", 2.5,
                  rounds=len(ways["ours"].samples))
        yield compared("comparison/bare", "the same / open, fstat, read and memcmp of both", disk, count, ways["ours"], ways["bare"], key="each")
        disk.clear()


def edit(disk, choice):
    """One file of many changed with --edit, beside what a script does."""
    for count in choice.counts_of([20000], [100000]):
        names = ["edit"] + (["edit linked"] if has_option("--link-unchanged") else [])
        ways = []
        for name in names:
            place = disk.place(name)
            fill = [program("atomicdir"), "fill", "-q", "--keep", "0", "--grace", "0", "--edit", *(["--link-unchanged"] if "linked" in name else [])]
            ways.append(Way(name, lambda number, fill=fill, place=place: [*fill, place + "/live", "--", "sh", "-c", f"echo {number} >new; mv new file-00000"],
                            [[program("bench/ours"), "publish", f"directory={place}", f"count={count}"]]))
        place = disk.place("cp")
        script = (f"cd {place}; cp -a --reflink=auto live-{{old}} live-{{new}}; echo {{new}} >live-{{new}}/file-00000; sync -f live-{{new}};"
                  " ln -s live-{new} next; mv -T next live; rm -rf live-{old}")
        ways.append(shell("cp", script, [[program("bench/bare"), "ready", f"directory={place}", f"count={count}"]]))
        ways = in_turn(disk, ways, choice.rounds_for(count))
        for name in names:
            what = "--edit" + (" with --link-unchanged" if "linked" in name else "") + ", one file changed / cp -a --reflink=auto, sync -f"
            yield compared(name.replace(" ", "-"), what, disk, count, ways[name], ways["cp"], 0.4 if "linked" in name else None)
        disk.clear()


def removal(disk, choice):
    """When the result is told: with 10,000 old files to remove, and with ten."""
    ways = []
    for name, count in ("many", 10000), ("few", 10):
        place = disk.place(name)
        publishes = [program("bench/ours"), "publish", f"directory={place}", f"count={count}"]
        fill = [program("atomicdir"), "fill", "--json", "--keep", "0", "--grace", "0", place + "/live", "--", "sh", "-c", "echo it >one"]
        ways.append(Way(name, lambda number, fill=fill: fill, (), lambda number, publishes=publishes: [publishes]))
    ways = in_turn(disk, ways, choice.rounds_for(10))
    yield compared("removal", "the result line with 10,000 old files to remove / with 10", disk, 10000, ways["many"], ways["few"], 1.05, "first_ns")
    yield compared("removal-end", "the end of the command in the same two cases", disk, 10000, ways["many"], ways["few"])


def dirty(disk, choice):
    """A stranger has 256 MiB in memory that belong to the same disk."""
    stranger = [program("bench/bare"), "dirty", f"directory={disk.place('stranger')}"]
    ways = []
    for name in "auto", "fs":
        way = ours(disk, name, 10, sync=name)
        way.before, way.is_settled = lambda number: [stranger], False
        ways.append(way)
    ways = in_turn(disk, ways, choice.rounds or (11 if choice.is_full else 7))
    yield compared("dirty", "256 MB of a stranger's dirty data: durable / plain syncfs", disk, 10, ways["auto"], ways["fs"],
                   None if disk.kind == "btrfs" else 0.4)


BARRIERS = "syncfs,fsync,fdatasync,sync,msync"


def barriers(disk, choice):
    """Calls that sync, and flushes of the device."""
    if not call(["sh", "-c", "command -v strace || :"]):
        raise Missing("strace is not installed")
    for count in choice.counts_of([2, 100, 1000], [2, 100, 1000, 10000]):
        way = ours(disk, f"barriers-{count}", count)
        call(way.prepare[0])
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=" + BARRIERS, *way.command(0)], capture_output=True, text=True, check=True)
        lines = [line for line in done.stderr.splitlines() if "(" in line]
        yield row("barriers", "barriers (calls that sync)", disk, count, len(lines), "count", 2)
        flushes = []
        for number in range(1, 6):
            disk.settle()
            before = disk.flushes()
            call(way.command(number))
            flushes.append((disk.flushes() or 0) - (before or 0))
        if disk.flushes() is not None:
            yield row("flushes", "flushes of the device", disk, count, sorted(flushes)[2], "count", 6 if count == 100 else None, rounds=5)


# A group by name: what measures it, and on which file systems, in a full run and in a usual one.
ALL, ON_DISK, EXT4 = ["ext4", "xfs", "btrfs", "tmpfs"], ["ext4", "xfs", "btrfs"], ["ext4"]
GROUPS = {
    "publish": (publish, ALL, ALL),
    "from": (from_directory, ALL, ALL),
    "few": (few_changed, ALL, ALL),
    "comparison": (comparison, ALL, ["ext4", "tmpfs"]),
    "removal": (removal, ON_DISK, EXT4),
    "dirty": (dirty, ON_DISK, EXT4),
    "barriers": (barriers, ON_DISK, ON_DISK),
    "edit": (edit, ON_DISK, EXT4),
}
