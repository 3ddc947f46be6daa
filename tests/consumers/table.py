# SPDX-License-Identifier: ISC
"""The table of programs: readers.tsv, and the Markdown that README.md has of it.

Columns of readers.tsv: name; code (MODULE.CLASS in readers/); package of Debian; watches; asked (how the test asks it); hook (options of
fill, for which HOOK stands in advice; LINK in it is the directory that is published); a column for
each of columns.py, with one character for each of ten swaps (+ it is seen, - it is not; `refused`: it does not start on this; empty: not tried); advice.
"""
import csv
import dataclasses
import importlib

from cell import REFUSED
from columns import COLUMNS
from reader import HERE

SWAPS = 10
BEGIN, END = "<!-- readers: ", "<!-- end of readers -->"


@dataclasses.dataclass
class Row:
    name: str
    code: str
    package: str
    watches: str
    asked: str
    hook: str
    expected: dict
    advice: str

    def expected_of(self, column, swaps):
        signs = self.expected[column.name]
        return signs if signs == REFUSED else signs[:swaps]

    @property
    def reader(self):
        module, name = self.code.split(".")
        return getattr(importlib.import_module(f"readers.{module}"), name)


def read():
    with open(HERE / "readers.tsv", encoding="utf-8", newline="") as file:
        return [Row(fields["name"], fields["code"], fields["package"], fields["watches"], fields["asked"], fields["hook"],
                    {column.name: fields[column.name] for column in COLUMNS}, fields["advice"])
                for fields in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def with_measured(rows, measured):
    return [dataclasses.replace(row, expected={column.name: measured.get((row.name, column.name), "") for column in COLUMNS}) for row in rows]


def cell_text(signs):
    if signs in ("", REFUSED):
        return signs
    return f"{signs.count('+')}/{SWAPS}"


def render(rows):
    """The lines of the table in Markdown."""
    heading = ["program", "looks at", *(column.heading for column in COLUMNS), "what to do"]
    lines = [heading, ["---"] * len(heading)]
    for row in rows:
        seen = [cell_text(row.expected[column.name]) for column in COLUMNS]
        lines.append([row.name, row.watches, *seen, row.advice.replace("HOOK", f"`{row.hook}`")])
    return [f"| {' | '.join(line)} |" for line in lines]


def in_page(text):
    """The lines of the table in a page."""
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines) if line.startswith(BEGIN)]
    if not begins or END not in lines[begins[0]:]:
        return []
    return lines[begins[0] + 1:lines.index(END, begins[0])]
