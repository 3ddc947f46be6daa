# SPDX-License-Identifier: ISC
"""Whole processes, measured in turn: ways of doing the same job take part in each round, and the rounds go on."""
import json
import os
import statistics
import subprocess

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))


def program(name):
    return os.path.join(BUILD, name)


class Way:
    """A way of doing a job. `command(number)` is what is measured in round `number`, from 0; `prepare` are commands that are run once,
    and `before(number)` gives those that are run before each round, unmeasured. With `is_settled` false the disk is not synced after
    those."""

    def __init__(self, name, command, prepare=(), before=None, is_settled=True):
        self.name, self.command, self.prepare, self.before, self.is_settled = name, command, prepare, before, is_settled
        self.samples = []

    def values(self, what):
        return [sample[what] for sample in self.samples]

    def median(self, what="ns"):
        return statistics.median(self.values(what))


class Failed(Exception):
    """A command failed; the text says which, and what it said."""


def call(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)[:200]}: {done.stderr.strip()}")
    return done.stdout


def sample(disk, way, number):
    disk.settle()
    for command in way.before(number) if way.before else ():
        call(command)
    if way.before and way.is_settled:
        disk.settle()
    taken = json.loads(call([program("bench/spawn"), *way.command(number)]))
    way.samples.append(taken)


def in_turn(disk, ways, rounds):
    """Runs each way once in each round, and another one first in each."""
    for way in ways:
        for command in way.prepare:
            call(command)
    for number in range(rounds):
        for i in range(len(ways)):
            sample(disk, ways[(i + number) % len(ways)], number)
    return {way.name: way for way in ways}


def ratio(one, other, what="ns"):
    """The median of the rounds' ratios, and the quartiles."""
    ratios = [a / b for a, b in zip(one.values(what), other.values(what))]
    if len(ratios) < 2:
        return ratios[0], ratios[0], ratios[0]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, low, high
