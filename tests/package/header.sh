#!/bin/sh
# SPDX-License-Identifier: ISC
# The header by itself, as every compiler that is here takes it, with every standard that it knows, under strict warnings.
. "$(dirname "$0")/../tap.sh"
common="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-align -Wcast-qual -Wundef -Wredundant-decls -Werror"
cat >alone.c <<'C'
#include <atomicdir.h>
#include <atomicdir.h>
struct atomicdir_options defaults(void);
struct atomicdir_options defaults(void)
{
	const struct atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	return options;
}
C
cp alone.c alone.cc
# knows COMPILER STANDARD FILE
knows() { : >"empty.${3#*.}" && "$1" -std="$2" -fsyntax-only "empty.${3#*.}" 2>/dev/null; }
# takes COMPILER FILE STANDARDS FLAGS
takes() {
	compiler=$1 file=$2 standards=$3; shift 3
	for standard in $standards; do
		if ! command -v "$compiler" >/dev/null; then skip "$compiler takes the header as $standard" "$compiler is not installed"
		elif ! knows "$compiler" "$standard" "$file"; then skip "$compiler takes the header as $standard" "this $compiler does not know it"
		else ok "$compiler takes the header as $standard" "$compiler" -std="$standard" $common "$@" -I"$here/include" -fsyntax-only "$file"; fi
	done
}
c="c99 gnu99 c11 c17 gnu17 c2x c23"
cxx="c++98 c++03 c++11 c++14 c++17 c++20 c++23"
for compiler in gcc clang; do takes $compiler alone.c "$c" -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wbad-function-cast; done
for compiler in g++ clang++; do takes $compiler alone.cc "$cxx" -Wno-long-long -Wold-style-cast; done
if command -v clang >/dev/null; then
	ok "and with all that clang can warn of, but padding" clang -std=c11 -Weverything -Werror -Wno-padded -I"$here/include" -fsyntax-only alone.c
else skip "and with all that clang can warn of, but padding" "clang is not installed"; fi
printf '#include <atomicdir.h>\nint main(void) { return 0; }\n' >words.c
ok "it needs nothing that a strict C library hides" "${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Werror -I"$here/include" -fsyntax-only words.c
finish
