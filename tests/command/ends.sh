#!/bin/sh
# SPDX-License-Identifier: ISC
# Waiting and ending: who is waited for, what a signal ends and leaves, hooks at a terminal, and what a failed hook says.
. "$(dirname "$0")/../tap.sh"

# until_there FILE TEXT: a program that runs beside us has written it.
until_there() { for try in $(seq 200); do grep -q "$2" "$1" 2>/dev/null && return 0; sleep 0.05; done; return 1; }
store() { ls ".$1.atomicdir" | tr '\n' ' '; }

# ---- Waiting for another writer ----
"$atomicdir" fill -q busy -- sh -c 'echo 1 >f'
"$atomicdir" fill -q busy -- sh -c 'echo 2 >f; echo here >&2; exec sleep 60' 2>holder & holder=$!
until_there holder here
"$atomicdir" fill --wait 1500ms busy -- true 2>said; is $? 5 "waiting that was limited ends with status 5"
is "$(grep -c "still waiting: 'busy' is locked by another writer: process $holder (atomicdir), since 20" said)" 1 "who has waited a second is told for whom, and since when"
ok "who does not wait is told so too" sh -c "'$atomicdir' rollback --no-wait busy 2>&1 | grep -q 'process $holder (atomicdir)'"
"$atomicdir" rollback busy 2>said & waiter=$!
ok "a rollback says for whom it waits" until_there said "still waiting: 'busy' is locked by another writer: process $holder"
kill -TERM $holder; wait $holder 2>/dev/null; wait $waiter
is $? 7 "and goes on once that writer has ended"

# ---- Signals ----
mkdir big; head -c 300000000 /dev/zero >big/f
for signal in TERM INT HUP; do
	# A background job of sh ignores SIGINT, as nohup does SIGHUP: env gives both their default again.
	env --default-signal=INT,HUP "$atomicdir" fill copied --from big 2>said & pid=$!
	for try in $(seq 100); do ls .copied.atomicdir/0*/f >/dev/null 2>&1 && break; sleep 0.01; done
	kill -$signal $pid; wait $pid; code=$?
	is "$code: $(cat said)" "1: atomicdir: terminated by SIG$signal; nothing was published, 'copied' is unchanged" "SIG$signal ends a copy, with one line"
	is "$(store copied)" "lock " "and nothing is left of it"
done
"$atomicdir" fill tree -- sh -c 'sleep 61.25; touch done' 2>said & pid=$!
for try in $(seq 100); do pgrep -f '^sleep 61.25$' >/dev/null && break; sleep 0.05; done
kill -TERM $pid; wait $pid
is "$(pgrep -f '^sleep 61.25$')" "" "what COMMAND has started ends with it"
is "$(store tree)" "lock " "and nothing is left of the stage"

# ---- Hooks ----
cat >at_terminal.py <<'PY'
import os, pty, sys
status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 1024))
sys.exit(os.waitstatus_to_exitcode(status))
PY
ok "a hook that asks on the terminal fails at once, status 3" status 3 python3 at_terminal.py "$atomicdir" fill --hook-timeout 50s --on-change 'read x </dev/tty' asks -- touch a
ok "COMMAND can ask there" python3 at_terminal.py "$atomicdir" fill asked -- sh -c 'stty -a </dev/tty >f'
is "$(grep -c speed asked/f)" 1 "since it has the terminal while it runs"
"$atomicdir" fill -q back -- sh -c 'echo good >v'
"$atomicdir" fill -q --grace 0s --on-change "'$atomicdir' rollback -q back; exit 1" back -- sh -c 'echo bad >v' 2>said
is $? 3 "a hook that goes back and fails is a failed hook"
is "$(grep -c 'generation 1 is live now instead of 2' said)" 1 "and the generation that is live by then is named"

# ---- Names that are no UTF-8 ----
"$atomicdir" fill -q names -- sh -c 'touch "$(printf "x\377")" "$(printf "x\376")"'
"$atomicdir" fill -q names -- true
is "$("$atomicdir" diff --json names | python3 -c 'import base64, json, sys; print(sorted(base64.b64decode(one["path_base64"]) for one in json.load(sys.stdin)))')" "[b'x\\xfe', b'x\\xff']" "two names that are no UTF-8 stay two in JSON"
finish
