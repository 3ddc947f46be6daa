#!/bin/sh
# SPDX-License-Identifier: ISC
# The real commands make the system calls that the model's steps stand for, in the model's order: each call of tests/model/model.pml is
# simulated by spin(1), the same one is run under strace(1), and tests/model/steps.def says which call is which step.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
claims="the model's order is the commands' order"
command -v spin >/dev/null || { skip "$claims" "spin is not installed"; finish; }
command -v "${CC:-cc}" >/dev/null || { skip "$claims" "there is no C preprocessor"; finish; }
strace -o /dev/null true 2>/dev/null || { skip "$claims" "strace cannot trace here"; finish; }
model=$here/tests/model
mkdir one two site; echo 1 >one/f; echo 2 >two/f
link=$(pwd -P)/site/app

clear() { chmod -R u+rwx site; rm -rf site; mkdir site; }
# run KIND [STRACE...]: the kinds are the model's: 1 a fill with other content, 2 with the same, 3 a rollback, 4 a prune.
run() {
	kind=$1; shift
	case $kind$(cat "$link/f" 2>/dev/null) in 12|21) from=one ;; *) from=two ;; esac
	# shellcheck disable=SC2086
	case $kind in
	1|2) "$@" "$atomicdir" fill --sync $way $hook --keep "$keep" --grace 0s "$link" --from "$from" ;;
	3) "$@" "$atomicdir" rollback --sync $way $hook "$link" ;;
	4) "$@" "$atomicdir" prune --keep 0 "$link" ;;
	esac >>said 2>&1
}
# The model's calls, the last one first, as one number.
reversed() { echo "$*" | awk '{ for (i = NF; i; i--) printf "%s", $i }'; }

# order CLAIM KEEP KILL-AT DIES-WHEN KIND...: the last of the calls is compared; the one before it dies where there is a KILL-AT.
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
	[ -n "$hook" ] && hooks=1 || hooks=0
	spin -T -u99999 -DSCRIPT="$script" -DKEEP="$keep" -DWAYS=$ways -DHOOKS=$hooks -DKILLS=$kills \
		-DDIES_WHEN="$dies_when" -DCALLS="$number" -DCALLERS=1 -DCUTS=0 -DFAULTS=0 -DREADS=0 -DSTRANGERS=0 "$model/model.pml" >simulated
	sed -n 's/^ *step //p' simulated | awk '$1 == "call" { n = 0; next } { step[++n] = $1 } END { for (i = 1; i <= n; i++) print step[i] }' | uniq >wanted
	"$model/calls.py" "$model/steps.def" "$link" <trace >got
	ok "$claim" same
}
same() { [ -s wanted ] && diff -u wanted got; }

for way in fs files; do
	hook=
	order "$way: a first fill" 0 "" nowhere 1
	order "$way: a fill that replaces" 0 "" nowhere 1 1
	order "$way: a fill that removes the oldest" 1 "" nowhere 1 1 1
	order "$way: unchanged" 0 "" nowhere 1 2
	order "$way: a rollback" 1 "" nowhere 1 1 3
	order "$way: a prune" 1 "" nowhere 1 1 4
	hook="--on-change true"
	order "$way: a first fill with a hook" 0 "" nowhere 1
	order "$way: a fill that replaces, with a hook" 0 "" nowhere 1 1
	order "$way: a rollback with a hook" 1 "" nowhere 1 1 3
	hook=
	order "$way: after a death before the barrier" 0 "$([ $way = fs ] && echo syncfs:when=1 || echo fsync:when=1)" before_the_barrier 1 1 2
	order "$way: after a death before the swap" 0 renameat:when=1 before_the_swap 1 1 2
	order "$way: after a death before .info" 0 renameat:when=2 before_its_info 1 1 2
done
finish
