#!/bin/sh
# SPDX-License-Identifier: ISC
# Real programs in front of real publications: consumers.py says how. `make check-consumers` has ten swaps of each, and prints the README's table.
here=$(cd "$(dirname "$0")" && pwd)
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/consumers.py" "${here%/tests/consumers}"
