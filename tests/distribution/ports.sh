#!/bin/sh
# SPDX-License-Identifier: ISC
# make check-ports: the core (the library, atomicdir, secretdir) with musl, with words of 32 bits, on arm64, and on s390x, whose bytes
# stand the other way round; the last two under qemu-user. PORTS="musl ..." chooses. Each port's build is in build/ports.
. "$(dirname "$0")/../tap.sh"
ports=${PORTS:-musl i686 arm64 s390x}
core="base dir process command atomicdir secretdir"
units="base_test command_test info_test layout_test lend_test memo_test name_test process_test protocol_test retention_test schedule_test store_test"
# fork_test starts itself anew, and a kernel that was not told of the emulator starts no program of another machine.
everywhere="lock_test stage_test unpublish_test" native="fork_test"

# describe PORT: sets compiler, prefix, flags, run and tests.
describe() {
	prefix= run= flags=-O1 tests="$everywhere"
	case $1 in
	musl) compiler=${MUSL_CC:-musl-gcc} flags="-O1 -idirafter $here/build/static/linux" tests="$everywhere $native" ;;
	i686) prefix=i686-linux-gnu- tests="$everywhere $native" ;;
	arm64) prefix=aarch64-linux-gnu- run=qemu-aarch64 ;;
	s390x) prefix=s390x-linux-gnu- run=qemu-s390x ;;
	esac
	[ -z "$prefix" ] || compiler=${prefix}gcc
}
lacks() {
	for needed in "$compiler" $run; do command -v "$needed" >/dev/null || { echo "$needed is not installed"; return; }; done
	echo 'int main(void) { return 0; }' | "$compiler" -static -x c -o runs - 2>/dev/null || { echo "$compiler cannot link a static program"; return; }
	$run ./runs || echo "its programs cannot be run here"
}
build_port() {
	[ "$1" != musl ] || make -s -C "$here" build/static/linux || return
	to=build/ports/$1
	# shellcheck disable=SC2086 # words
	make -s -C "$here" -j2 B=$to CC="$compiler" AR="${prefix}ar" OBJCOPY="${prefix}objcopy" CFLAGS="$flags" LDFLAGS=-static SAN= WERROR= \
		INSIDE_LAYERS="$core" $to/atomicdir $to/secretdir $(printf "$to/unit/%s " $units) $(printf "$to/tests/%s " $tests)
}
run_test() { mkdir -p "at/$1" && (cd "at/$1" && exec timeout 200 $run "$2"); }
# As a program that is run by its name, for tests of commands.
wrap() { printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$run" "$1" >"$2" && chmod +x "$2"; }

check_port() {
	describe "$1"
	missing=$(lacks)
	if [ -n "$missing" ]; then skip "the core works on $1" "$missing"; return; fi
	ok "it builds for $1" build_port "$1"
	ok "and the compiler has nothing to warn of there" sh -c "! grep 'src/.*warning: ' err"
	built=$here/build/ports/$1
	for test in $units; do ok "$1: unit/$test" run_test "$1-$test" "$built/unit/$test"; done
	for test in $tests; do ok "$1: library/$test" run_test "$1-$test" "$built/tests/$test"; done
	wrap "$built/atomicdir" "$1-atomicdir"
	there=$work/$1-atomicdir
	if [ -z "$run" ]; then ok "$1: command/cli" env ATOMICDIR="$there" "$here/tests/command/cli.sh"; fi

	mkdir "$1"
	touch -d '2040-06-01 12:00:00 UTC' "$1/late"
	if [ "$(stat -c %Y "$1/late")" != 2222164800 ]; then skip "$1: a time after 2038 survives" "this file system has no such time"
	else
		"$there" fill "$1-link" --from "$1" >/dev/null
		is "$(stat -c %Y "$1-link/late")" 2222164800 "$1: a time after 2038 survives"
	fi
	"$there" fill "$1-link" -- sh -c 'echo two >page' >/dev/null
	is "$("$atomicdir" list --json "$1-link")" "$("$there" list --json "$1-link")" "$1: a store that it wrote reads the same here"
	"$atomicdir" fill "$1-link" -- sh -c 'echo three >page' >/dev/null
	is "$("$there" rollback "$1-link"; cat "$1-link/page")" "published 2 (1 file, 4 B)
two" "$1: and it goes back in one that was written here"
}
for port in $ports; do check_port "$port"; done
finish
