#!/bin/sh
# SPDX-License-Identifier: ISC
# A power cut leaves the old generation or the new one, whole, and the new one for sure once success was reported: a share of
# `make check-power`. And the harness is worth its name: each program with one thing wrong is caught.
. "$(dirname "$0")/tap.sh"
build=$here/build/power

can() {
	[ "$(id -u)" = 0 ] || { echo "needs root"; return 1; }
	[ -c /dev/fuse ] || { echo "needs /dev/fuse"; return 1; }
	[ -c /dev/loop-control ] || { echo "needs loop devices"; return 1; }
	[ -x "$build/power" ] || { echo "needs libfuse3-dev"; return 1; }
	"$build/power" --scenario prune --most 1 "$atomicdir" >out 2>&1 || [ $? = 1 ] || { tail -1 out; return 1; }
}

# The right program keeps the rules: first, replacing, and by each way of syncing.
trace() { # PROGRAM WAY
	rm -rf rules; mkdir -p rules/one/sub rules/two; echo 1 >rules/one/a; echo 1 >rules/one/sub/b; echo 2 >rules/two/a
	"$1" fill --grace 0s rules/app --from rules/one && strace -f -y -o rules/trace "$1" fill --sync "$2" --keep 0 --grace 0s rules/app --from rules/two &&
		python3 "$here/tests/power/rules.py" rules/trace rules/app
}
trace_first() { rm -rf rules; mkdir -p rules/one/sub; echo 1 >rules/one/sub/b
	strace -f -y -o rules/trace "$atomicdir" fill --sync "$1" rules/app --from rules/one && python3 "$here/tests/power/rules.py" rules/trace rules/app; }
broken_rules() { trace "$build/broken/$1/atomicdir" "$2"; [ $? = 1 ] && grep -q 'synced\|known to be on disk' out; }
caught_by_cut() { name=$1; shift; "$build/broken/$name/power" --first "$@" "$build/broken/$name/atomicdir"; [ $? = 1 ] && grep -q 'reported: ' out; }

if strace -o /dev/null true 2>/dev/null; then
	for way in fs files; do
		ok "with --sync $way all that is new is synced before the swap, and the swap before anything is removed" trace "$atomicdir" $way
		ok "with --sync $way a first fill syncs the parent of a new store" trace_first $way
	done
else skip "the rules of durability" "strace cannot trace here"; fi

cuts=$(can) && cuts=
for script in "$here"/tests/power/broken/*.sed; do
	name=$(basename "$script" .sed)
	how=$(sed -n '2s/^# caught by \(.*\):.*/\1/p' "$script")
	options=$(sed -n '2s/^# caught by .*: //p' "$script")
	case $how in
	rules) # shellcheck disable=SC2086
		if [ -x "$build/broken/$name/atomicdir" ]; then ok "$name is caught by the rules" broken_rules "$name" ${options#--sync }
		else skip "$name is caught by the rules" "needs libfuse3-dev"; fi ;;
	*) # shellcheck disable=SC2086
		if [ -z "$cuts" ]; then ok "$name is caught by power cuts" caught_by_cut "$name" $options
		else skip "$name is caught by power cuts" "$cuts"; fi ;;
	esac
done
for fs in ext4 xfs btrfs; do
	if [ -n "$cuts" ]; then skip "old or new, whole, and new once it was reported, on $fs" "$cuts"
	elif ! command -v mkfs.$fs >/dev/null; then skip "old or new, whole, and new once it was reported, on $fs" "needs mkfs.$fs"
	else ok "old or new, whole, and new once it was reported, on $fs" "$here/tests/power/run.sh" "${POWER_MOST:-110}" $fs
		tail -1 out | sed 's/^/# /'; fi
done
finish
