#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""take.py DOCUMENT RECIPE DIRECTORY: writes the files of a recipe below DIRECTORY, and prints its commands.

A recipe is the code blocks between `<!-- recipe: NAME -->` and the next heading or recipe. A block whose first line names
a path after its language is that file; any other holds commands.
"""

import os
import re
import sys


def main():
    document, recipe, directory = sys.argv[1:]
    with open(document, encoding="utf-8") as stream:
        text = stream.read()
    found = re.search(r"^<!-- recipe: %s -->\n(.*?)(?=^## |^<!-- recipe|\Z)" % re.escape(recipe), text, re.S | re.M)
    blocks = re.findall(r"^```\w+ ?(\S*)\n(.*?)^```$", found.group(1), re.S | re.M)
    if not blocks:
        sys.exit("take.py: no recipe '%s' in %s" % (recipe, document))
    for path, content in blocks:
        if not path:
            print(content, end="")
            continue
        path = directory + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(content)


if __name__ == "__main__":
    main()
