#!/bin/sh
# SPDX-License-Identifier: ISC
# The commands make the system calls that the model's steps stand for, in the model's order. spin(1) simulates each call of
# tests/model/model.pml, the same call is run under strace(1), and tests/model/steps.def says which system call is which step.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
claims="the commands make the model's steps in the model's order"
command -v spin >/dev/null || { skip "$claims" "spin is not installed"; finish; }
command -v "${CC:-cc}" >/dev/null || { skip "$claims" "there is no C preprocessor"; finish; }
strace -o /dev/null true 2>/dev/null || { skip "$claims" "strace cannot trace here"; finish; }
model=$here/tests/model
mkdir one two site; echo 1 >one/f; echo 2 >two/f
echo s >one/s; echo s >two/s # what is linked
echo 2 >two/g # the name that is the model's: a first fill has it, and the next one has not
link=$(pwd -P)/site/app

clear() { chmod -R u+rwx site; rm -rf site; mkdir site; [ $layout = link ] || mkdir "$link"; }
# run KIND [STRACE...]. The kinds are the model's: 1 fills with other content, 2 with the same, which COMMAND writes, 3 with the same, which is
# held against the live generation, 4 rolls back, 5 prunes. With $calls entries go through the library's calls; $links is --link-unchanged.
run() {
	kind=$1; shift
	case $kind$(cat "$link/f" 2>/dev/null) in 12|21|31) from=one ;; *) from=two ;; esac
	# shellcheck disable=SC2086
	if [ -n "$calls" ] && [ $kind != 2 ]; then
		"$@" "$here/build/publish" --layout $layout --sync $way $links --keep "$keep" --grace 0s --from "$from" "$link" >>said 2>&1
		return
	fi
	# shellcheck disable=SC2086
	case $kind in
	1|3) "$@" "$atomicdir" fill $links --layout $layout --sync $way $hook --keep "$keep" --grace 0s "$link" --from "$from" ;;
	2) "$@" "$atomicdir" fill --layout $layout --sync $way $hook --keep "$keep" --grace 0s "$link" -- cp -t . "$PWD/$from"/* ;;
	4) "$@" "$atomicdir" rollback --sync $way $hook "$link" ;;
	5) "$@" "$atomicdir" prune --keep 0 "$link" ;;
	esac >>said 2>&1
}
# The model's calls as one number, the last one first.
reversed() { echo "$*" | awk '{ for (i = NF; i; i--) printf "%s", $i }'; }

# order CLAIM KEEP KILL-AT DIES-WHEN KIND...: compares the last of the calls; with KILL-AT the one before it is killed there.
order() {
	claim=$1 keep=$2 kill_at=$3 dies_when=$4 kills=0; shift 4
	script=$(reversed "$@") number=$#
	clear; rm -f said
	while [ $# -gt 1 ]; do
		if [ $# = 2 ] && [ -n "$kill_at" ]; then
			kills=1
			run "$1" strace -o killed -e trace="${kill_at%%:*}" -e inject="${kill_at%%:*}:signal=KILL:${kill_at#*:}"
		else run "$1"
		fi
		shift
	done
	run "$1" strace -f -y -s 200 -o trace
	[ "$way" = fs ] && ways=1 || ways=2
	[ $layout = volume ] && volume=1 || volume=0
	[ -n "$hook" ] && hooks=1 || hooks=0
	spin -T -u99999 -DSCRIPT="$script" -DKEEP="$keep" -DWAYS=$ways -DHOOKS=$hooks -DVOLUME=$volume -DKILLS=$kills \
		-DDIES_WHEN="$dies_when" -DCALLS="$number" -DCALLERS=1 -DCUTS=0 -DFAULTS=0 -DREADS=0 -DSTRANGERS=0 "$model/model.pml" >simulated
	sed -n 's/^ *step //p' simulated | awk '$1 == "call" { n = 0; next } { step[++n] = $1 } END { for (i = 1; i <= n; i++) print step[i] }' | uniq >wanted
	"$model/calls.py" "$model/steps.def" $layout "$link" <trace >got
	ok "$claim" same
}
same() { [ -s wanted ] && diff -u wanted got; }

layout=link calls= links=
for way in fs files; do
	hook=
	order "--sync $way: a first fill" 0 "" nowhere 1
	order "--sync $way: a fill that replaces" 0 "" nowhere 1 1
	order "--sync $way: a fill that removes the oldest" 1 "" nowhere 1 1 1
	order "--sync $way: a fill with the same content" 0 "" nowhere 1 2
	order "--sync $way: a fill with the same content, held" 0 "" nowhere 1 3
	order "--sync $way: a rollback" 1 "" nowhere 1 1 4
	order "--sync $way: a prune" 1 "" nowhere 1 1 5
	hook="--on-change true"
	order "--sync $way: a first fill with a hook" 0 "" nowhere 1
	order "--sync $way: a fill that replaces, with a hook" 0 "" nowhere 1 1
	order "--sync $way: a rollback with a hook" 1 "" nowhere 1 1 4
	hook=
	calls=yes
	order "--sync $way: entries by calls" 0 "" nowhere 1 1
	order "--sync $way: the same entries by calls" 0 "" nowhere 1 3
	links=--link-unchanged
	order "--sync $way: entries by calls, with links" 0 "" nowhere 1 1
	calls=
	order "--sync $way: a fill that replaces, with links" 0 "" nowhere 1 1
	order "--sync $way: a fill with the same content, with links" 0 "" nowhere 1 2
	links=
	order "--sync $way: the call after a writer that died before the barrier" 0 "$([ $way = fs ] && echo syncfs:when=1 || echo fsync:when=1)" before_the_barrier 1 1 2
	order "--sync $way: the call after a writer that died before the swap" 0 renameat:when=1 before_the_swap 1 1 2
	order "--sync $way: the call after a writer that died before it renamed .info.new" 0 renameat:when=2 before_its_info 1 1 2
done

layout=volume hook=
for way in fs files; do
	order "volume, --sync $way: a first fill, whose name comes" 0 "" nowhere 1
	order "volume, --sync $way: a fill whose name vanishes" 0 "" nowhere 1 1
	order "volume, --sync $way: a fill whose name comes, and that removes the oldest" 1 "" nowhere 1 1 1
	order "volume, --sync $way: a fill with the same content" 0 "" nowhere 1 2
	order "volume, --sync $way: a fill with the same content, held" 0 "" nowhere 1 3
	order "volume, --sync $way: a rollback, whose name comes back" 1 "" nowhere 1 1 4
	order "volume, --sync $way: a prune" 1 "" nowhere 1 1 5
	order "volume, --sync $way: the call after a writer that died before it turned a name" 0 renameat:when=1 before_the_swap 1 1 2
	order "volume, --sync $way: the call after a writer that died before the swap" 0 renameat:when=2 with_a_turned_name 1 1 2
	order "volume, --sync $way: the call after a writer that died before it removed a name" 0 unlinkat:when=4 before_its_names 1 1 2
	order "volume, --sync $way: the call after a writer that died before it renamed .info.new" 0 renameat:when=3 before_its_info 1 1 2
done
finish
