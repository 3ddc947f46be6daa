#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Makes an SVG of a drawing in text: drawing.py <TEXT >SVG. "+", "-" and "|" are lines, a "-" only beside another or beside a corner;
"<" and ">" at the end of a line are its head. All else is text. The same text gives the same bytes."""
import re
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 9, 20
LINE = re.compile(r"[+<]?-{2,}[+>]?|\+(?=-)|(?<=-)\+")


def middle(column, row):
    return column * WIDTH + WIDTH / 2, row * HEIGHT + HEIGHT / 2


def line(begin, end, head=""):
    marker = f' marker-end="url(#{head})"' if head else ""
    return f'<line x1="{begin[0]:g}" y1="{begin[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}"{marker}/>'


def horizontal(rows):
    """The lines of each row; what they cover becomes blank, except for corners."""
    for number, row in enumerate(rows):
        for found in LINE.finditer(row):
            begin, end = middle(found.start(), number), middle(found.end() - 1, number)
            text = found[0]
            yield line(end, begin, "head") if text[0] == "<" else line(begin, end, "head" if text[-1] == ">" else "")
        rows[number] = LINE.sub(lambda found: re.sub(r"[-<>]", " ", found[0]), row)


def vertical(rows):
    """The lines of each column, from corner or bar to corner or bar."""
    for column in range(max(map(len, rows))):
        begin = None
        for number in range(len(rows) + 1):
            is_line = number < len(rows) and rows[number][column : column + 1] in ("|", "+")
            if is_line and begin is None:
                begin = number
            elif not is_line and begin is not None:
                if number - begin > 1:
                    yield line(middle(column, begin), middle(column, number - 1))
                begin = None


def texts(rows):
    for number, row in enumerate(rows):
        for found in re.finditer(r"[^ |+](?:[^|+]*[^ |+])?", row):
            for part in re.finditer(r"\S+(?: \S+)*", found[0]):
                x, y = (found.start() + part.start()) * WIDTH, number * HEIGHT + HEIGHT * 0.7
                yield f'<text x="{x:g}" y="{y:g}" textLength="{len(part[0]) * WIDTH}">{escape(part[0])}</text>'


def main():
    rows = sys.stdin.read().rstrip("\n").split("\n")
    width, height = (max(map(len, rows)) + 1) * WIDTH, len(rows) * HEIGHT
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"')
    print('  font-family="monospace" font-size="15" stroke-width="1.5">')
    print('<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0 0L9 4L0 8z"/></marker></defs>')
    print(f'<rect width="{width}" height="{height}" fill="white"/>')
    print('<g stroke="black">', *horizontal(rows), *vertical(rows), "</g>", '<g stroke="none">', *texts(rows), "</g>", "</svg>", sep="\n")


main()
