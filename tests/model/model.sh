#!/bin/sh
# SPDX-License-Identifier: ISC
# The order of a publication as a model (tests/model/model.pml). spin(1) visits every state within the bounds, with writers that die,
# power cuts, barriers that fail, readers and a second writer, and must find no broken promise. For each mistake in broken.def it must
# find the promise that the mistake breaks.
. "$(dirname "$0")/../tap.sh"
command -v spin >/dev/null || { skip "the order keeps its promises" "spin is not installed"; finish; }
command -v "${CC:-cc}" >/dev/null || { skip "the order keeps its promises" "there is no C compiler"; finish; }
export CC="${CC:-cc}" model="$here/tests/model"

# search NAME BROKEN STOP CALLERS CALLS KILLS CUTS FAULTS READS STRANGERS HOOKS WAYS VOLUME: what the search prints goes to NAME/said.
cat >search <<'SH'
name=$1 broken=$2 stop=$3; shift 3
mkdir "$name" && cd "$name" || exit 1
spin -a -DBROKEN="$broken" -DCALLERS="$1" -DCALLS="$2" -DKILLS="$3" -DCUTS="$4" -DFAULTS="$5" -DREADS="$6" -DSTRANGERS="$7" -DHOOKS="$8" \
	-DWAYS="$9" -DVOLUME="${10}" -DHELD="$([ "$name" = held ] && echo 1 || echo 0)" "$model/model.pml" >said 2>&1 && $CC -O0 -w -DSAFETY -DNOREDUCE -o pan pan.c >>said 2>&1 && ./pan -m300000 -c"$stop" >said 2>&1
rm -f pan pan.*
SH

# The bounds.            callers calls kills cuts faults reads strangers hooks ways volume
power="                        1     3     1    1      0     0         0     0    3      0"
faults="                       1     3     1    0      1     0         0     0    3      0"
turns="                        1     4     0    1      0     0         0     0    3      0"
hook_power="                   1     2     1    1      0     0         0     1    3      0"
hook_faults="                  1     3     1    0      1     0         0     1    3      0"
held="                         1     2     1    1      0     0         0     0    3      0"
together="                     2     2     1    0      0     1         1     1    1      0"
volume="                       1     3     1    1      0     0         0     0    3      1"
names="                        1     3     1    0      1     0         0     0    3      1"
hooks="                        2     3     0    0      0     0         0     1    1      0"
short="                        1     2     1    0      0     0         0     0    3      0"
short_power="                  1     2     1    1      0     0         0     0    3      0"

broken=$(sed -n 's/^VARIANT(\(.*\)).*/\1/p' "$model/broken.def" | tr -d ,)

{
	for one in power faults turns held hook_power hook_faults together hooks volume names; do eval "echo $one nothing 0 \$$one"; done
	echo "$broken" | while read -r what bounds _; do eval "echo $what $what 1 \$$bounds"; done
} | xargs -P2 -L1 sh ./search

searched() { grep -qh 'errors: 0$' "$1/said" && ! grep -E 'not completed|too small|invalid end state \(|out of memory' "$1/said"; }
states() { sed -n 's/^ *\([0-9]*\) states, stored$/\1/p' "$1/said"; }
for one in power faults turns held hook_power hook_faults together hooks volume names; do
	eval "bounds=\$$one"
	ok "every state was visited and no promise was broken within the bounds \"$one\"" searched $one
	# shellcheck disable=SC2086
	echo "# $(states $one) states; callers, calls, kills, cuts, faults, reads, strangers, hooks, ways, volume:" $bounds
done
kept() { ! grep -h "assertion violated ($1&&" power/said faults/said turns/said held/said hook_power/said hook_faults/said together/said hooks/said volume/said names/said; }
ok "P1: LINK names one whole generation at every instant" kept P1_whole
ok "P1: what the name in a volume leads to is whole at every instant, and it is there as long as the live generation has it" kept P1_names
ok "P2: what was reported, \"unchanged\" too, survives a power cut, and nothing old is removed before the new one is durable" kept P2_durable
ok "P3: what somebody else puts at LINK is not replaced" kept P3_nothing_foreign
ok "P4: the next call works and leaves nothing over" kept P4_never_wedged
ok "P5: only one writer changes the store at a time" kept P5_one_writer
ok "P7: a pinned generation is not removed" kept P7_pins_hold
ok "no number is used twice" kept numbers_once
ok "the hook of the live generation has succeeded at least once, or is still due" kept hook_at_least_once
ok "no hook runs for a generation that is not live" kept hook_only_for_live

found() { grep -q "assertion violated ($2&&" "$1/said" || { tail -n 20 "$1/said"; false; }; }
echo "$broken" >variants
while read -r what _ promise; do
	ok "the mistake $what is found: it breaks $promise" found "$what" "$promise"
done <variants
finish
