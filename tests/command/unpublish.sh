#!/bin/sh
# SPDX-License-Identifier: ISC
# The ways out, detach and remove; what a dry run tells; and the note that a generation has.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill -q --grace 0s "$@" 2>/dev/null; }

# ---- detach ----

fill site -- sh -c 'echo 1 >f'; fill site -- sh -c 'echo 2 >f'
ok "detach makes LINK a real directory" "$atomicdir" detach --grace 0s site
is "$(cat out)" "detached site" "detach prints what it did"
ok "the directory has the live generation's content, and the store is removed" test ! -L site -a "$(cat site/f)" = 2 -a ! -e .site.atomicdir
ok "a second detach has nothing to do" "$atomicdir" detach --json site
is "$(cat out)" "{\"changed\":false,\"link\":\"$work/site\"}" "detach --json says that nothing changed"
ok "a directory that is not ours is refused by fill as ever" status 1 "$atomicdir" fill site -- true

# killed CALL NUMBER COMMAND...: it dies just after that call.
killed() { call=$1 when=$2; shift 2; strace -o trace -e trace=renameat2,fsync,unlinkat -e inject=$call:signal=KILL:when=$when "$@" >/dev/null 2>&1; }
if ! strace -o trace true 2>/dev/null; then skip "what a death leaves the next call finishes" "strace cannot trace here"
else
	for at in renameat2:1 fsync:1 fsync:2 unlinkat:1 unlinkat:3 unlinkat:5 unlinkat:7; do
		rm -rf dies .dies.atomicdir; fill dies -- sh -c 'echo 1 >f'; fill dies -- sh -c 'echo 2 >f'
		killed ${at%:*} ${at#*:} "$atomicdir" detach --grace 0s dies
		ok "detach, dead after $at: readers see it whole" test "$(cat dies/f)" = 2
		ok "detach, dead after $at: the next detach finishes" sh -c "'$atomicdir' detach --grace 0s dies && test ! -L dies -a ! -e .dies.atomicdir && test \$(cat dies/f) = 2"
	done
	for at in unlinkat:1 fsync:1 unlinkat:2 unlinkat:4 unlinkat:6 unlinkat:8; do
		rm -rf dies .dies.atomicdir; fill dies -- sh -c 'echo 1 >f'; fill dies -- sh -c 'echo 2 >f'
		killed ${at%:*} ${at#*:} "$atomicdir" remove dies
		ok "remove, dead after $at: the next one finishes" sh -c "'$atomicdir' remove dies && test ! -e dies -a ! -L dies -a ! -e .dies.atomicdir"
	done
	rm -rf dies .dies.atomicdir; fill dies -- sh -c 'echo 1 >f'; killed unlinkat 2 "$atomicdir" remove dies
	ok "remove, dead after $at: LINK can be filled again" "$atomicdir" fill -q dies -- sh -c 'echo 3 >f'
fi

# ---- remove ----

fill gone -- sh -c 'echo 1 >f'
ok "what somebody reads is not removed: status 5" "$atomicdir" exec gone -- sh -c "'$atomicdir' remove '$work/gone' 2>'$work/refused'; test \$? = 5"
ok "the error says that a reader has it pinned" grep -q "has generation 1 pinned by a reader" refused
ok "remove removes LINK and its store" "$atomicdir" remove --json gone
is "$(cat out)" "{\"changed\":true,\"link\":\"$work/gone\"}" "--json says so"
ok "LINK and its store are gone after remove" test ! -L gone -a ! -e .gone.atomicdir
mkdir real
ok "a real directory is not removed" status 1 "$atomicdir" remove real
ok "a real directory that was not removed is still there" test -d real -a ! -e .real.atomicdir

# ---- Dry runs ----

ok "a dry run of a first fill tells what would be" "$atomicdir" fill --dry-run dry --from site
is "$(cat out)" "$(printf 'A f\nwould publish')" "a dry run lists differences as diff does"
ok "a dry run of a first fill leaves nothing" test ! -e dry -a ! -L dry -a ! -e .dry.atomicdir
fill dry --from site
ok "the same again is unchanged" "$atomicdir" fill --dry-run --json dry --from site
is "$(cat out)" '{"changed":false,"changes":[]}' "a dry run with --json says whether it would publish"
ok "a dry run runs COMMAND" "$atomicdir" fill --dry-run --json dry --on-change 'touch ../ran' -- sh -c 'echo 2 >f; echo 3 >g'
is "$(cat out)" '{"changed":true,"changes":[{"change":"A","path":"g"}]}' "a dry run lists what COMMAND changed"
ok "a dry run runs no hook and publishes nothing" sh -c "test ! -e ran && '$atomicdir' list dry | wc -l | grep -qx 1"
ok "a dry run with COMMAND succeeds" "$atomicdir" fill --dry-run dry -- sh -c 'echo mine; echo 9 >f'
is "$(cat out; echo; cat err)" "$(printf 'mine\n\nM f\nwould publish')" "a dry run with COMMAND prints its result on standard error"
ok "a check that rejects it is status 4" status 4 "$atomicdir" fill --dry-run --check false dry --from real
fill dry -- sh -c 'echo 4 >f'
ok "a dry run of a rollback tells what would be live" "$atomicdir" rollback --dry-run dry
is "$(cat out)" "would publish 1 (1 file, 2 B)" "a dry run of a rollback lists what would change"
ok "a dry run of a rollback publishes nothing" test "$(cat dry/f)" = 4

# ---- Notes ----

ok "a fill keeps a note" "$atomicdir" fill -q --note 'release 1.2, "stable"' noted --from site
ok "list shows the note" sh -c "'$atomicdir' list noted | grep -q '  live  release 1.2, \"stable\"$'"
ok "list --json has the note" sh -c "'$atomicdir' list --json noted >listed && grep -qF '\"stable' listed"
ok "a note of two lines is refused" status 2 "$atomicdir" fill --note "$(printf 'a\nb')" noted --from site
ok "a note that is too long is refused" status 2 "$atomicdir" fill --note "$(head -c 1025 /dev/zero | tr '\0' x)" noted --from site
ok "1024 bytes are not" "$atomicdir" fill -q --note "$(head -c 1024 /dev/zero | tr '\0' x)" noted --from real
finish
