#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Takes the examples out of a manual or a Markdown page: blocks.py FILE DIRECTORY writes DIRECTORY/01.sh, 02.c and so on, in their order.

In a manual these are the literal blocks of EXAMPLES. In Markdown they are the blocks of ```sh and ```c whose page says that they are
run: <!-- example: NAME --> stands before each, and NAME begins the file's name instead of a number."""
import re
import sys

ESCAPES = {"\\e": "\\", "\\-": "-", "\\(dq": '"', "\\&": ""}


def of_manual(text):
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", section[1], re.M | re.S) if section else []
    for number, block in enumerate(blocks, 1):
        block = re.sub(r"\\(?:e|-|\(dq|&)", lambda found: ESCAPES[found[0]], block)
        yield f"{number:02}", "c" if block.startswith("#include") else "sh", block


def of_markdown(text):
    pattern = r"^<!-- example: ([a-z-]+)[^\n]*-->\n```(sh|c)\n(.*?)^```$"
    return re.findall(pattern, text, re.M | re.S)


def main(path, directory):
    with open(path, encoding="utf-8") as page:
        text = page.read()
    for name, kind, block in (of_markdown if path.endswith(".md") else of_manual)(text):
        with open(f"{directory}/{name}.{kind}", "w", encoding="utf-8") as example:
            example.write(block)


main(*sys.argv[1:])
