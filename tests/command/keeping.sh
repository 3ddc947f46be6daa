#!/bin/sh
# SPDX-License-Identifier: ISC
# What is kept and for how long, what is told of it, and what a failing hook leads back to.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill -q --grace 0s "$@"; }
value() { link=$1 text=$2; shift 2; fill "$@" "$link" -- sh -c "echo $text >v"; }
# member NUMBER NAME: what list --json says of that generation of app.
member() { "$atomicdir" list --json app 2>/dev/null | python3 -c 'import json, sys
print(json.dumps(next((one[sys.argv[2]] for one in json.load(sys.stdin) if one["generation"] == int(sys.argv[1])), None)))' "$@"; }
fresh() { rm -rf app .app.atomicdir; }
strace -o /dev/null true 2>/dev/null && traces=1 || traces=

# ---- --rollback-on-failure ----

value app good
hook='echo "$ATOMICDIR_GENERATION $(cat "$ATOMICDIR_NEW/v") $(cat "$ATOMICDIR_OLD/v" 2>/dev/null)" >>heard; grep -q good "$ATOMICDIR_NEW/v"'
try() { "$atomicdir" fill --grace 0s --rollback-on-failure --on-change "cd '$work'; $hook" "$@"; }
try --json app -- sh -c 'echo bad >v' >told 2>said
is $? 4 "a hook that fails undoes the publication, status 4"
is "$(cat app/v)" good "what was live before is live again"
is "$(cat heard)" "2 bad good
1 good bad" "both hooks ran, and each was told what the other one is"
ok "the error says what is live" grep -q "^atomicdir: the on-change command failed: .* exited with status 1; what was live before it is live again$" said
is "$(python3 -c 'import json; one = json.load(open("told")); print(one["changed"], one["generation"], one["rolled_back"])')" "False 1 2" "and so does the JSON"
is "$(member 2 good) $(member 1 good)" "false true" "what was undone is not good, what was good still is"
ok "a good one is published" try -q app -- sh -c 'echo good too >v'
is "$(cat app/v)" "good too" "and live"
ok "without a hook it is a usage error" status 2 "$atomicdir" fill --rollback-on-failure app -- true
ok "rollback does not take it" status 2 "$atomicdir" rollback --rollback-on-failure --on-change true app
ok "nor adopt" status 2 "$atomicdir" adopt --rollback-on-failure --on-change true app

fresh
try app -- sh -c 'echo bad >v' >told 2>said
is "$? $(cat app/v)" "3 bad" "where nothing was live before, what is published stays, status 3"
ok "and the error says both" grep -q "status 1; '.*app' has no earlier live generation that still exists; '.*app' still names generation 1" said

fresh
value app good; rm -f heard
fill --on-change 'kill -9 $PPID' app -- sh -c 'echo bad >v' 2>said
is "$(cat app/v)" bad "(a call that died in its hook leaves its generation live)"
ok "the next one, unchanged, runs the hook and undoes it, status 4" status 4 try app -- sh -c 'echo bad >v'
is "$(cat app/v) $(head -n 1 heard)" "good 2 bad " "so the one before is live"

fresh
value app good
ok "the lock is held while that hook runs, so nobody publishes in between" \
	fill --rollback-on-failure --on-change "'$atomicdir' fill --no-wait -q '$work/app' -- true; test \$? = 5" app -- sh -c 'echo next >v'

# ---- A reader's lock ----

fresh
value app one
cat >hold <<'PY'
import fcntl, os, sys, subprocess
os.environ.pop("HELD", None)
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX)
sys.exit(subprocess.run(sys.argv[2:]).returncode)
PY
value app two
fill --on-change false app -- sh -c 'echo two >v' 2>/dev/null; fill --on-change false app -- sh -c 'echo three >v' 2>/dev/null
ok "no reader's lock on what is live keeps its hook from running" python3 hold app \
	"$atomicdir" fill -q --on-change "echo ran >'$work/ran'" app -- sh -c 'echo three >v'
is "$(cat ran)" ran "it ran"
fresh
value app one
"$atomicdir" exec app -- sh -c 'echo >../../began; exec sleep 60' & reader=$!

while ! [ -e began ]; do sleep 0.01; done
"$atomicdir" fill --keep 0 --grace 0s app -- sh -c 'echo two >v' >told 2>said; code=$?
is "$code" 0 "what stays because a reader has it pinned is no failure"
is "$(grep -c "warning: generation 1 of '.*app' stays: a reader has pinned it" said)" 1 "and is told"
is "$(member 1 pinned) $(member 1 kept_because) $(member 1 holders | grep -c '"command": "sleep"')" 'true "pinned" 1' "list says why it stays, and who holds it"
ok "list prints who" sh -c "'$atomicdir' list app | grep -q 'pinned by $reader (sleep)'"
kill "$reader"; wait "$reader" 2>/dev/null
if [ -z "$traces" ]; then skip "a pin is respected where it cannot be asked for" "strace cannot trace here"
else
	# The first flock is the writer's lock.
	for fault in "flock:error=ENOLCK:when=2+" "openat:error=EMFILE"; do
		strace -o trace -P "$work/.app.atomicdir/000001" -P 000001 -P "$work/.app.atomicdir/lock" -e trace="${fault%%:*}" -e inject="$fault" \
			"$atomicdir" prune app >told 2>said
		ok "what may be pinned stays where that cannot be asked: ${fault%%:when*}" test -e .app.atomicdir/000001
	done
fi
ok "and goes once nobody holds it" "$atomicdir" prune app
is "$(ls .app.atomicdir | tr '\n' ' ')" "000002 000002.info lock " "so it is gone"

# ---- What list tells ----

fresh
value app 1 --keep 2; value app 2 --keep 2; value app 3 --keep 2 --on-change false 2>/dev/null
is "$(member 3 kept_because) $(member 2 kept_because) $(member 1 kept_because)" '"live" "keep" "keep"' "why each is kept"
is "$(member 3 replaced)" null "what is live was not replaced"
ok "what was replaced has a date" sh -c "'$atomicdir' list --json app | grep -q '\"replaced\":\"20'"
"$atomicdir" fill -q --keep 0 --grace 1h app -- sh -c 'echo 4 >v'
is "$(member 3 kept_because) $(member 3 good) $(member 4 good)" '"grace" false true' "and for how long"
mkdir .app.atomicdir/000001.trash
"$atomicdir" list app >told 2>said; code=$?
is "$code $(grep -c "warning: generation 1 of 'app' is being removed, or could not be removed completely; see what is left in '.app.atomicdir'" said)" "0 1" \
	"what could not be removed whole is told"

# ---- Grace ----

if [ -z "$traces" ]; then skip "the grace counts from the swap" "strace cannot trace here"
else
	fresh
	value app 1
	boottime='import time; print(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000)'
	began=$(python3 -c "$boottime")
	strace -o trace -P "$work" -e trace=fsync -e inject=fsync:delay_enter=400000 \
		"$atomicdir" fill -q --sync files --grace 1h app -- sh -c 'echo 2 >v'
	replaced=$(sed -n 's/^replaced 1 //p' .app.atomicdir/000002.info | tail -n 1)
	ok "the grace counts from the end of the last barrier, however long that took" test "$replaced" -ge $((began + 400))
	fresh
	value app 1
	strace -o trace -e trace=renameat -e inject=renameat:signal=KILL:when=2 "$atomicdir" fill -q --grace 1h app -- sh -c 'echo 2 >v' 2>/dev/null
	fill --grace 1h app -- sh -c 'echo 2 >v'
	is "$(member 1 kept_because)" '"keep"' "(a call died before it could write down when it replaced the first)"
	fresh
	value app 1
	strace -o trace -e trace=write -P "$work/.app.atomicdir/000002.info.new" -e inject=write:signal=KILL:when=2 \
		"$atomicdir" fill -q --keep 0 --grace 1h app -- sh -c 'echo 2 >v' 2>/dev/null
	is "$(cat app/v) $(test -e .app.atomicdir/000002.info.new && echo killed)" "2 killed" "(and another one before it could)"
	"$atomicdir" fill -q --keep 0 --grace 1h app -- sh -c 'echo 2 >v'
	is "$(member 1 kept_because) $(sed -n 's/^replaced 1 [1-9][0-9]*$/since then/p' .app.atomicdir/000002.info)" '"grace" since then' \
		"after a death the grace counts from the next call"
fi

# ---- What is known of generations ----

if [ -z "$traces" ]; then skip "one failed read loses nothing" "strace cannot trace here"
else
	fresh
	for i in 1 2 3 4; do value app $i --keep 9; done
	"$atomicdir" rollback -q app 3
	"$atomicdir" list --json app >before
	for call in "fill --keep 9 app -- sh -c 'echo 5 >v'" "rollback app 2" "rollback app" "prune --keep 9 app"; do
		for file in 000003.info 000002.info; do
			strace -f -o trace -P "$work/.app.atomicdir/$file" -e trace=read -e inject=read:error=EIO:when=1 \
				sh -c "'$atomicdir' $call" >/dev/null 2>&1
			"$atomicdir" list --json app >after
			[ "$(readlink app)" = .app.atomicdir/000003 ] || "$atomicdir" rollback app 3 >/dev/null
		done
	done
	"$atomicdir" list --json app >after
	is "$(python3 -c 'import json
for name in "before", "after": print([(one["generation"], one["created"], one["files"], one["good"]) for one in json.load(open(name)) if one["generation"] < 5])' | uniq | wc -l)" 1 \
		"a failed read of what is known of a generation loses nothing of it"
	ok "a rollback leads where it did" "$atomicdir" rollback -q app
	is "$(cat app/v)" 2 "to what was live before"
fi

# ---- Numbers ----

fresh
value app 1
for number in 999999999999999 999999999999998 500000000000001; do
	ln -sfn .app.atomicdir/$number app; value app $number
done
is "$(readlink app)" .app.atomicdir/000004 "a LINK that somebody pointed at the last numbers does not use them up"
rm -rf .app.atomicdir; ln -sfn .app.atomicdir/000041 app; value app 1
is "$(readlink app)" .app.atomicdir/000042 "one whose store is gone still says which numbers were given"
finish
