#!/bin/sh
# SPDX-License-Identifier: ISC
# format.sh            formats every C file as .clang-format says
# format.sh --check    prints how the files differ from that, and exits with 1 if one does
# Only clang-format 14 decides, since others format otherwise; without it the exit status is 77. CLANG_FORMAT may name it.
set -eu
cd "$(dirname "$0")/.."
formatter=
for name in ${CLANG_FORMAT:-clang-format-14 clang-format}; do
	case $("$name" --version 2>/dev/null) in
	*" version 14."*) formatter=$name; break ;;
	esac
done
[ -n "$formatter" ] || { echo "clang-format 14 is not installed" >&2; exit 77; }

sources() { find include src tests fuzz bench examples -name '*.[ch]' -print | sort; }
[ "${1:-}" = --check ] || { sources | xargs "$formatter" -i; exit; }
sources | xargs "$formatter" --dry-run --Werror --ferror-limit=3 2>&1 || exit 1
