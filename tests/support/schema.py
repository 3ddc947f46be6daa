#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""schema.py SCHEMA < JSON: exits with 0 if the value is as the schema says, and has no member that the schema does not have.

It knows the part of JSON Schema that docs/schemas uses, and refuses any other keyword.
"""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
KNOWN = {"$schema", "title", "description", "type", "properties", "required", "items", "enum", "pattern"}


def is_of(value, name):
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def wrong(value, schema, where):
    """What is wrong, one line for each."""
    for keyword in set(schema) - KNOWN:
        yield f"{where}: this program does not know the keyword {keyword}"
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_of(value, name) for name in types):
        yield f"{where}: got {value!r}, wanted {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: got {value!r}, wanted one of {schema['enum']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: got {value!r}, wanted {schema['pattern']}"
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from wrong(item, schema["items"], f"{where}[{number}]")
    if isinstance(value, dict):
        yield from members_wrong(value, schema, where)


def members_wrong(value, schema, where):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{where}: lacks {name}"
    for name, member in value.items():
        if name in properties:
            yield from wrong(member, properties[name], f"{where}.{name}")
        else:
            yield f"{where}: has {name}, which the schema does not have"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    found = list(wrong(json.load(sys.stdin), schema, "$"))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
