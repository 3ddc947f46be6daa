# SPDX-License-Identifier: ISC
"""The columns of the table: what is published, and how. A new one is a line here, and a column of the same name in readers.tsv."""
from typing import NamedTuple


class Column(NamedTuple):
    name: str
    heading: str
    options: list           # of atomicdir fill
    apart: float            # seconds between two swaps: what is replaced may be removed by the next one
    hooked: bool = False    # with the program's hook, where it has one


COLUMNS = [
    Column("link-keep-0", "`link`, `--keep 0 --grace 0s`", ["--keep", "0", "--grace", "0s"], 0.3),
    Column("link", "`link`", [], 1.2),
    Column("volume", "`volume`", ["--layout", "volume"], 0.3),
    Column("files", "`files`", ["--layout", "files"], 0.3),
    Column("hooked", "`link` and the hook", [], 0.3, hooked=True),
]
