#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""draw.py [RESULTS DIRECTORY]: draws speed.svg and torn.svg out of results.json. The same results give the same bytes."""
import json
import os
import sys
from xml.sax.saxutils import escape

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, LEFT, RIGHT, LINE, BAR = 760, 300, 150, 26, 16
# No background: the colours can be read on a light page and on a dark one, also where the picture is not told which it is.
STYLE = """
text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #6e7781 }
.title { font-weight: 600 }
.group { font-style: italic }
.bar { fill: #8c959f }
.ours { fill: #1a7f37 }
.torn { fill: #cf222e }
.axis { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 2 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.bar { fill: #6e7681 }
.ours { fill: #3fb950 }
.torn { fill: #f85149 }
.axis { stroke: #6e7681 }
}
"""
# way in results.json, what the picture calls it
SPEED = [
    ("On disk when it returns", [("durable", "atomicdir"), ("cp durable", "cp -a, sync -f, mv -T"), ("each", "each file by itself: fsync, rename")]),
    ("Not synced: a power cut can empty the files", [("not durable", "atomicdir --sync none"), ("seed", "MkdirTemp, Rename in Go"),
                                                     ("kubelet", "the kubelet's way, in Go"), ("cp", "cp -a, mv -T"), ("rsync", "rsync -a --delete")]),
    ("Nothing has changed", [("unchanged", "atomicdir")]),
]
LONGEST = 3.0


class Picture:
    def __init__(self, title, description):
        self.title, self.description, self.parts, self.y = title, description, [], 8
        self.text(0, title, "title")
        self.y += LINE

    def text(self, x, text, kind="", anchor="start"):
        classes = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text x="{x:g}" y="{self.y + 13:g}" text-anchor="{anchor}"{classes}>{escape(text)}</text>')

    def heading(self, text):
        self.y += 4
        self.text(0, text, "group")
        self.y += LINE

    def bar(self, name, share, label, kind):
        """`share` of the whole width, at most 1."""
        width = max(share, 0) * (WIDTH - LEFT - RIGHT)
        self.text(LEFT - 10, name, anchor="end")
        if width > 0:
            self.parts.append(f'<rect x="{LEFT}" y="{self.y:g}" width="{max(width, 1):.1f}" height="{BAR}" rx="2" class="{kind}"/>')
        self.text(LEFT + max(width, 0) + 8, label)
        self.y += LINE

    def line_at(self, share, top):
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        self.parts.append(f'<line x1="{x:.1f}" y1="{top:g}" x2="{x:.1f}" y2="{self.y - 8:g}" class="axis"/>')

    def svg(self):
        height = self.y + 4
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" role="img">\n'
                f"<title>{escape(self.title)}</title>\n<desc>{escape(self.description)}</desc>\n<style>{STYLE}</style>\n"
                + "\n".join(self.parts) + "\n</svg>\n")


def speed(results, disk="ext4"):
    values = {row["what"]: row["value"] for row in results["rows"] if row["id"] == "picture" and row["disk"] == disk}
    picture = Picture("Time to publish 1,000 files of 4 KiB on ext4, atomicdir = 1 (shorter is better)",
                      "; ".join(f"{name}: {value:.2f}" for name, value in values.items()))
    top = picture.y
    for heading, ways in SPEED:
        shown = [(way, name) for way, name in ways if way in values]
        if not shown:
            continue
        picture.heading(heading)
        for way, name in shown:
            value = values[way]
            label = f"{value:.2g}" if value < 10 else f"{value:.0f}"
            picture.bar(name, min(value / LONGEST, 1), label if value <= LONGEST else f"\u2026 {label}",
                        "ours" if name.startswith("atomicdir") else "bar")
    if values:
        picture.line_at(1 / LONGEST, top)
    return picture.svg()


def share_text(row):
    if not row["torn"]:
        return f"none of {row['reads']:,}"
    percent = 100 * row["torn"] / row["reads"]
    return f"{percent:.2g} %"


def torn(results):
    picture = Picture("Torn reads: certificate and key that do not belong together",
                      "; ".join(f"{row['way']}: {row['torn']} torn and {row['missing']} missing of {row['reads']}" for row in results["torn"]))
    for row in results["torn"]:
        missing = f", {row['missing']:,} missing" if row["missing"] else ""
        picture.bar(row["way"], row["torn"] / max(row["reads"], 1), share_text(row) + missing, "torn")
    return picture.svg()


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "results.json")
    directory = sys.argv[2] if len(sys.argv) > 2 else HERE
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    for name, draw in ("speed.svg", speed), ("torn.svg", torn):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(draw(results))


if __name__ == "__main__":
    main()
