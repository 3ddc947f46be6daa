#!/bin/sh
# SPDX-License-Identifier: ISC
# The tree is as `make format` leaves it.
. "$(dirname "$0")/../tap.sh"

claim="every C file is formatted as .clang-format says"
"$here/tools/format.sh" --check >differs 2>&1; code=$?
if [ $code = 77 ]; then skip "$claim" "$(cat differs)"
else ok "$claim" sh -c 'cat differs; exit "$1"' sh $code; fi
finish
