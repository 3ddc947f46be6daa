#!/bin/sh
# SPDX-License-Identifier: ISC
# Every subcommand of both programs is killed before and after each system call, meets every error that each call can return, and runs
# out of memory at each allocation: a share of the points here, all of them with `make check-faults`.
. "$(dirname "$0")/../tap.sh"

# What is in memory has no disk to wait for.
if [ -d /dev/shm ] && [ -w /dev/shm ] && shared=$(mktemp -d /dev/shm/atomicdir.XXXXXX); then
	trap 'cd /; chmod -R u+rwx "$work" "$shared" 2>/dev/null; rm -rf "$work" "$shared"' EXIT
else shared=$work; fi
# The leak checker needs ptrace for itself. A sanitizer makes each run five times as slow.
export ASAN_OPTIONS=detect_leaks=0
export FAULTS_BUILD="$here/build" FAULTS_DIRECTORY="$shared" FAULTS_SHARE=${FAULTS_SHARE:-$([ -n "${SAN:-}" ] && echo 48 || echo 16)} FAULTS_SEED=${FAULTS_SEED:-1}
matrix=$here/build/faults/matrix

# Only root may remove what is in a directory without its write bit.
clear() { chmod -R u+rwx "$shared"/* 2>/dev/null; rm -rf "$shared"/*; }
# run NAME COMMAND...: its own TAP becomes ours.
run() {
	name=$1; shift
	"$@" >run.out 2>run.err; code=$?
	grep -v '^[0-9]*\.\.[0-9]*$' run.out >run.tap
	while IFS= read -r line; do
		case $line in
		"ok "*) count=$((count + 1)); echo "ok $count - $name: ${line#ok * - }" ;;
		"not ok "*) count=$((count + 1)) failed=1; echo "not ok $count - $name: ${line#not ok * - }" ;;
		*) echo "$line" ;;
		esac
	done <run.tap
	# One that dies says nothing of its own.
	[ $code -lt 128 ] || { count=$((count + 1)); echo "not ok $count - $name: runs to its end"; }
	[ $code = 0 ] || { failed=1; sed 's/^/# /' run.err; }
}

if ! "$matrix" calls show >probe 2>&1 && grep -q 'cannot trace here' probe; then
	skip "a death or an error at any system call" "ptrace is not allowed here"; finish
fi
clear
run calls "$matrix" calls
clear
if [ -n "${SAN:-}" ]; then skip "an allocation that fails" "a sanitizer has its own allocator"
else
	run library "$here/build/faults/leaks"
	run allocations "$matrix" allocations
	. "$here/tests/aws/start.sh"
	start_server
	for name in a b; do printf '2\n' | control put $name --file - >/dev/null; done
	printf 's\n' | control put same --file - >/dev/null
	clear
	export FAULTS_AWS=1
	run allocations "$matrix" allocations "secretdir sync from AWS"
fi
finish
