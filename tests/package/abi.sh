#!/bin/sh
# SPDX-License-Identifier: ISC
# What programs that are built against the library rely on: its symbols, as packaging/debian/libatomicdir0.symbols has them, and its
# structs and constants, as abi.tsv beside this file has them for machines with pointers of 64 bits. `make abi` adds what is new to
# abi.tsv; a line of it that no longer holds breaks programs, and is changed by hand, with a new soname. Structs whose size the caller
# tells, or that the library alone makes, may grow.
. "$(dirname "$0")/../tap.sh"
library=$here/build/libatomicdir.so figures=$here/tests/package/abi.tsv
now() { python3 "$here/tests/package/abi.py" "${CC:-cc}" "$here/include/atomicdir.h" "$work"; }
# changed A B: the lines of B that A has not.
changed() { grep -vxFf "$1" "$2" || :; }
may_not_grow() { grep -v '^struct atomicdir_\(options\|generation\|change\)	' || :; }

if [ "${1:-}" = --add ]; then
	may_not_grow <"$figures" >kept
	now >new && changed kept new | cat kept - >all && cp all "$figures"
	exit
fi

is "$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libatomicdir.so.0 "the soname is libatomicdir.so.0"
symbols() { nm -D --defined-only "$library" | sed -n 's/.* T \([^ ]*\)@@\(.*\)/\1@\2/p' | sort -u; }
noted() { sed -n 's/^ \(atomicdir_[^ ]*\) .*/\1/p' "$here/packaging/debian/libatomicdir0.symbols" | sort -u; }
is "$(symbols)" "$(noted)" "the library has the symbols, and their versions, that its package says"
is "$(grep -c '^ .* 0\.[0-9.]*$' "$here/packaging/debian/libatomicdir0.symbols")" "$(grep -c '^ ' "$here/packaging/debian/libatomicdir0.symbols")" \
	"the package says since when each is there"
if [ "$(getconf LONG_BIT)" != 64 ]; then
	skip "no struct, member or constant has changed" "the figures are those of 64 bits"
	finish
fi
now >now.tsv
is "$(changed now.tsv "$figures" | may_not_grow)" "" "no struct, member or constant has changed"
is "$(changed "$figures" now.tsv)" "" "those that are new are in abi.tsv"
finish
