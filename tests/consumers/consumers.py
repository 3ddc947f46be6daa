# SPDX-License-Identifier: ISC
"""Each program of readers.tsv that is installed, in front of each column of columns.py: which swaps does it see?

consumers.py SOURCE-TREE. CONSUMER_SWAPS (2): swaps of each cell; with ten the table is printed. READERS="NAME ..." only these programs, by
the words of their rows. Nothing is installed, and no service of the system is touched: each program is started anew on ports of
127.0.0.1, and ended by its number.
"""
import concurrent.futures
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import table
from cell import REFUSED, Cell
from columns import COLUMNS
from pairs import Pairs

SWAPS = int(os.environ.get("CONSUMER_SWAPS") or 2)
# How long a swap is waited for that is not expected to be seen. Ten swaps are the careful measurement.
UNSEEN_SECONDS = 3 if SWAPS == table.SWAPS else 0.5
AT_ONCE = 32                # cells; nearly all of them wait nearly all of the time


class Tap:
    count, failed = 0, False

    def ok(self, holds, claim, *why):
        self.count += 1
        print(f"{'ok' if holds else 'not ok'} {self.count} - {claim}")
        if not holds:
            self.failed = True
            print(*(f"# {line}" for text in why for line in text.splitlines()), sep="\n")
        sys.stdout.flush()

    def skip(self, claim, reason):
        self.ok(True, f"{claim} # SKIP {reason}")


def try_cell(cell, expected):
    try:
        return cell.try_swaps(expected), ""
    except Exception:
        return "", traceback.format_exc()


def measure(tap, rows, atomicdir, work):
    """{(name of the row, name of the column): what was seen}"""
    work.chmod(0o711)
    measured = {}
    pairs = Pairs(work)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {}
        for row in rows:
            for number, column in enumerate(COLUMNS):
                expected = row.expected_of(column, SWAPS)
                if expected:
                    cell = Cell(row, column, atomicdir, work / f"{row.code}-{number}", pairs, UNSEEN_SECONDS)
                    jobs[pool.submit(try_cell, cell, expected)] = (row, column, expected)
        for job in concurrent.futures.as_completed(jobs):
            row, column, expected = jobs[job]
            seen, error = job.result()
            measured[row.name, column.name] = seen
            sees = "it refuses to start" if expected == REFUSED else f"of {SWAPS} swaps it sees {expected.count('+')} ({expected}), asked by {row.asked}"
            tap.ok(seen == expected, f"{row.name}, {column.name}: {sees}", f"got {seen}", error)
    return measured


def compare_readme(tap, source):
    wanted = table.render(table.read())
    got = table.in_page((source / "README.md").read_text())
    tap.ok(got == wanted, "README.md has the table of readers as it is measured",
           *(f"got: {line}" for line in got if line not in wanted), *(f"wanted: {line}" for line in wanted if line not in got))


def end(*_):
    Cell.stopping.set()
    sys.exit(1)


def main(source):
    tap = Tap()
    signal.signal(signal.SIGTERM, end)
    chosen = os.environ.get("READERS", "").split()
    rows = [row for row in table.read() if not chosen or set(chosen) & set(re.findall(r"[\w@/-]+", row.name))]
    there = [row for row in rows if not row.reader.lacks()]
    for row in rows:
        if row not in there:
            tap.skip(row.name, f"{row.reader.lacks()} (package: {row.package})")
    work = Path(tempfile.mkdtemp())
    try:
        measured = measure(tap, there, source / "build" / "atomicdir", work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    compare_readme(tap, source)
    if SWAPS == table.SWAPS:
        print("", *table.render(table.with_measured(there, measured)), "", sep="\n")
    print(f"1..{tap.count}")
    return tap.failed


sys.exit(main(Path(sys.argv[1])))
