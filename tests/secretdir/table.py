# SPDX-License-Identifier: ISC
"""What the tables of cases have in common: their rows, the test server's commands, the environment of what is run, and how its errors
are read.

A table is one row a line, its cells apart by tabs; "-" is nothing, and $NAME a variable of the caller's. '#' begins a comment.
"""

import contextlib
import io
import os
import re
import shlex
import string
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../aws"))
import control  # noqa: E402

KEPT = ("PATH", "HOME", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ASAN_OPTIONS",
        "LD_LIBRARY_PATH")
# What others than we say, or what differs from run to run: libcurl's words, numbers of requests, moments and lines.
OTHERS = ((re.compile(r"(cannot be reached|no trusted connection|cannot be used|does not speak HTTP): .*?: (https?://)"),
           r"\1: WHY: \2"),
          (re.compile(r"(request |\[)[0-9a-f-]{36}"), r"\1ID"),
          (re.compile(r"date/time \d+"), "date/time N"),
          # Where it stands in a file that is written in full above the table.
          (re.compile(r"(/\.aws/(?:config|credentials), line) \d+"), r"\1 N"))


def rows(path):
    with open(path) as lines:
        for line in lines:
            if line.strip() and line[0] != "#":
                yield [string.Template("" if cell.strip() == "-" else cell.strip()).safe_substitute(os.environ)
                       for cell in line.rstrip("\n").split("\t")]


def tell(server, commands):
    """Tells the test server what to be, in commands of control.py with ';' between them."""
    words = []
    lexer = shlex.shlex(commands, posix=True, punctuation_chars=";")
    lexer.whitespace_split, lexer.commenters = True, ""
    for word in list(lexer) + [";"]:
        if word != ";":
            words.append(word)
        elif words:
            _tell_one(server, words)
            words = []


def _tell_one(server, words):
    sys.argv = ["control.py", server] + words
    with contextlib.redirect_stdout(io.StringIO()):
        if control.main():
            raise SystemExit("the test server refuses: " + " ".join(words))


def environment(text, kept=KEPT):
    """Only the variables that are kept, and those of the text, "NAME=VALUE ...", of which an empty one is taken away."""
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    for word in shlex.split(text):
        name, _, value = word.partition("=")
        variables.pop(name, None)
        if value:
            variables[name] = value
    return variables


def message(error):
    """The one line on standard error, without the program's name and with what is others' in capitals; all of it where it is not
    just one such line."""
    line = re.fullmatch(r"(?:secretdir|fetch-[a-z]+|listen-aws|spec-yaml): (.*)\n", error)
    if not line:
        return error
    text = line.group(1)
    for pattern, words in OTHERS:
        text = pattern.sub(words, text)
    return text
