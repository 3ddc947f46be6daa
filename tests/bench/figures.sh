#!/bin/sh
# SPDX-License-Identifier: ISC
# System calls, bytes written and barriers of a set of publications are those of bench/figures.tsv; `make bench-figures` updates them.
here=$(cd "$(dirname "$0")/../.." && pwd)
if [ -n "${SAN:-}" ]; then echo "1..0 # SKIP a sanitizer makes calls of its own"; exit; fi
BUILD="$here/build" PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/bench/check.py"
