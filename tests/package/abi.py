#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""abi.py CC HEADER DIRECTORY: prints what a program that was built against HEADER relies on: for each public struct its size, for each
member its offset and size, and for each constant of an enum its value, as the compiler CC has them. DIRECTORY takes a program."""
import os
import re
import subprocess
import sys


def declared(header):
    """The structs and their members, and the constants, in the order of the header."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.S | re.M)
    structs = {}
    for name, body in re.findall(r"\bstruct (\w+)\s*\{(.*?)\};", text, flags=re.S):
        declarators = [part for statement in body.split(";") for part in statement.split(",") if part.strip()]
        structs[name] = [re.search(r"(\w+)\s*(?:\[[^\]]*\])?\s*$", declarator)[1] for declarator in declarators]
    constants = [re.match(r"\s*(\w+)", item)[1] for body in re.findall(r"\benum \w+\s*\{(.*?)\}", text, flags=re.S)
                 for item in body.split(",") if item.strip()]
    return structs, constants


def program(structs, constants):
    lines = ["#include <atomicdir.h>", "#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]
    for name, members in structs.items():
        lines.append(f'printf("struct {name}\\t-\\t%zu\\n", sizeof(struct {name}));')
        for member in members:
            lines.append(f'printf("{name}.{member}\\t%zu\\t%zu\\n", offsetof(struct {name}, {member}), sizeof(((struct {name} *)0)->{member}));')
    for name in constants:
        lines.append(f'printf("{name}\\t%d\\t-\\n", (int){name});')
    return "\n".join(lines + ["return 0; }"])


def main(compiler, header, directory):
    with open(header) as file:
        structs, constants = declared(file.read())
    built = os.path.join(directory, "abi")
    subprocess.run([*compiler.split(), "-I", os.path.dirname(header), "-x", "c", "-o", built, "-"],
                   input=program(structs, constants), text=True, check=True)
    print("# name\toffset or value\tsize")
    sys.stdout.flush()
    subprocess.run([built], check=True)


main(*sys.argv[1:])
