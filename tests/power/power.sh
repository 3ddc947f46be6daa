#!/bin/sh
# SPDX-License-Identifier: ISC
# A power cut leaves the old or the new generation, whole, and the new one once success was reported: a share of `make check-power`.
# And the harness would notice: the program is broken at each point of broken.tsv in turn, and must be caught.
. "$(dirname "$0")/../tap.sh"
build=$here/build/power broken=$here/build/broken

can() {
	[ "$(id -u)" = 0 ] || { echo "needs root"; return 1; }
	[ -c /dev/fuse ] || { echo "needs /dev/fuse"; return 1; }
	[ -c /dev/loop-control ] || { echo "needs loop devices"; return 1; }
	[ -x "$build/power" ] || { echo "needs libfuse3-dev"; return 1; }
	"$build/power" --scenario prune --most 1 "$atomicdir" >out 2>&1 || [ $? = 1 ] || { tail -1 out; return 1; }
}

# The program keeps the rules when it publishes first and when it replaces, with each way of syncing.
# trace PROGRAM fill --sync WAY, trace PROGRAM detach|remove: of a LINK that was filled once.
trace() {
	program=$1; shift
	rm -rf rules; mkdir -p rules/one/sub rules/two; echo 1 >rules/one/a; echo 1 >rules/one/sub/b; echo 2 >rules/two/a
	mkdir rules/two/sub; echo 1 >rules/two/sub/b; sleep 0.02
	[ "$1" != fill ] || set -- "$@" --keep 0 --grace 0s --from rules/two
	layout=; case " $* " in *" --layout files "*) layout="--layout files" ;; esac
	# shellcheck disable=SC2086
	"$program" fill --grace 0s $layout rules/app --from rules/one && strace -f -y -o rules/trace "$program" "$@" rules/app &&
		python3 "$here/tests/power/rules.py" rules/trace rules/app
}
linked() { trace "$atomicdir" fill --sync files --link-unchanged && grep -q 'linkat(.*sub.*"b", ' rules/trace &&
	! ATOMICDIR_BROKEN=directories-not-synced trace "$broken/atomicdir" fill --sync files --link-unchanged; }
trace_first() { rm -rf rules; mkdir -p rules/one/sub; echo 1 >rules/one/sub/b
	strace -f -y -o rules/trace "$atomicdir" fill --sync "$1" rules/app --from rules/one && python3 "$here/tests/power/rules.py" rules/trace rules/app; }
# by_rules|by_cuts|by_entries POINT OPTION...: the program that is broken there is caught.
by_rules() { point=$1; shift; ATOMICDIR_BROKEN=$point trace "$broken/atomicdir" "$@"; [ $? = 1 ] && grep -q 'synced\|known to be on disk' out; }
by_cuts() { point=$1; shift; ATOMICDIR_BROKEN=$point "$broken/power" --first "$@" "$broken/atomicdir"; [ $? = 1 ] && grep -q 'reported: ' out; }
by_entries() { ATOMICDIR_BROKEN=$1 "$broken/held_test"; [ $? = 1 ]; }
points() { cut -f1 "$here/tests/power/broken.tsv" | grep -v '^#' | sort; }
listed() { points >listed; grep -rhoE 'is_broken\("[^"]*' "$here/src" | cut -d'"' -f2 | sort -u >in_code; diff listed in_code; }

# These ask the file system whether there is a disk.
ways_out="detach remove"; case $(stat -f -c %T .) in tmpfs | ramfs) ways_out= ;; esac
traces=; strace -o /dev/null true 2>/dev/null || traces="strace cannot trace here"
if [ -z "$traces" ]; then
	for way in fs files; do
		ok "with --sync $way everything new is synced before the swap, and the swap before anything is removed" trace "$atomicdir" fill --sync $way
		ok "with --sync $way a first fill syncs the parent of a new store" trace_first $way
	done
	ok "with --link-unchanged the directory of a new link is synced before the swap" linked
	for way in fs files; do
		ok "with --sync $way and the layout files nothing is moved before the swap is synced" trace "$atomicdir" fill --sync $way --layout files
	done
	ok "the program that can be broken keeps the rules as long as it is not" trace "$broken/atomicdir" fill --sync fs
	for command in $ways_out; do
		ok "$command syncs what it did to LINK before it removes anything" trace "$atomicdir" $command
	done
else skip "the rules of durability" "$traces"; fi

cuts=$(can) && cuts=
ok "broken.tsv lists every point at which the code can be broken, and no other" listed
ok "a normal build can be broken at none" sh -c "! grep -q ATOMICDIR_BROKEN '$atomicdir' '$here/build/libatomicdir.so'"
while IFS='	' read -r point how options what; do
	case $how in
	rules) why=$traces; case $options in detach | remove) [ -n "$ways_out" ] || why="there is no disk below ${TMPDIR:-/tmp}" ;; esac ;;
	cuts) why=$cuts ;;
	entries) why= ;;
	*) continue ;;
	esac
	claim="$point is caught by $how: $what"
	# shellcheck disable=SC2086
	if [ -n "$why" ]; then skip "$claim" "$why"
	else ok "$claim" "by_$how" "$point" $options; fi
done <"$here/tests/power/broken.tsv"
for fs in ext4 xfs btrfs; do
	if [ -n "$cuts" ]; then skip "after any power cut on $fs the old or the new generation is whole, and the new one is there once it was reported" "$cuts"
	elif ! command -v mkfs.$fs >/dev/null; then skip "after any power cut on $fs the old or the new generation is whole, and the new one is there once it was reported" "needs mkfs.$fs"
	else ok "after any power cut on $fs the old or the new generation is whole, and the new one is there once it was reported" "$here/tests/power/run.sh" "${POWER_MOST:-45}" $fs
		tail -1 out | sed 's/^/# /'; fi
done
finish
