#!/bin/sh
# SPDX-License-Identifier: ISC
# lint.sh LAYERS-DIRECTORY LAYER...: clang-tidy (.clang-tidy says with what) and cppcheck on the sources of these layers. Exits with 1
# where one of them finds something, and with 77 where neither is installed.
set -u
cd "$(dirname "$0")/.." || exit 1
roots=$1; shift
processors=$(getconf _NPROCESSORS_ONLN)
export roots

tidy() {
	for layer; do printf "$layer %s\n" src/"$layer"/*.c; done | xargs -P "$processors" -L 1 sh -c '
		clang-tidy --quiet "$2" -- -std=gnu11 -D_GNU_SOURCE -Iinclude -I"$roots/$1" -include src/dir/export.h \
			-DVERSION="\"0\"" -DLIBEXECDIR="\"/\"" 2>/dev/null' sh
}
# It does not know the attribute that cleans up, and takes what that frees for a leak; nor that one of two pointers is never NULL.
check() {
	cppcheck --quiet -j "$processors" --std=c11 --enable=warning,performance,portability --error-exitcode=1 -D_GNU_SOURCE -D__GNUC__ \
		--suppress=memleak --suppress=memleakOnRealloc --suppress=resourceLeak --suppress=ctunullpointer --suppress=uninitvar \
		--suppress=internalAstError --inline-suppr -Iinclude -Isrc "$@"
}

tools=0 found=0
if command -v clang-tidy >/dev/null; then tools=1; tidy "$@" || found=1
else echo "clang-tidy is not installed" >&2; fi
if command -v cppcheck >/dev/null; then
	tools=1
	for layer; do set -- "$@" src/"$layer"; shift; done
	check "$@" || found=1
else echo "cppcheck is not installed" >&2; fi
[ $tools = 1 ] || exit 77
exit $found
