#!/bin/sh
# SPDX-License-Identifier: ISC
# Waiting, and being ended: for whom a writer waits, what a signal ends and leaves, and what happens at a terminal.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill --grace 0s "$@"; }
# until_there FILE: waits for it.
until_there() { while ! [ -e "$1" ]; do sleep 0.02; done; }

# ---- For whom a writer waits ----

"$atomicdir" fill -q site -- sh -c 'echo 1 >f' 2>/dev/null
"$atomicdir" fill -q site -- sh -c 'echo 2 >f; : >../../busy; while ! [ -e ../../go ]; do sleep 0.02; done' 2>/dev/null & busy=$!
until_there busy
ok "a writer that does not wait is told whom it would wait for" status 5 "$atomicdir" rollback --no-wait site
is "$(sed "s/since .*/since/; s/'.*'/LINK/" err)" "atomicdir: LINK is locked by another writer: process $busy (atomicdir), since" "by process, command and time"
ok "one that has waited is told how long" status 5 "$atomicdir" prune --wait 50ms site
is "$(sed 's/.*; //' err)" "waited 0.05 s for it" "(it is)"
"$atomicdir" prune site >pruned 2>waited & waiting=$!
while ! [ -s waited ]; do sleep 0.02; done
is "$(sed "s/since .*/since/; s/'.*'/LINK/" waited)" "atomicdir: waiting: LINK is locked by another writer: process $busy (atomicdir), since" \
	"one that waits for more than a second says for whom, while it waits"
: >go; wait $busy; wait $waiting
ok "and goes on when the other one has ended" test $? = 0 -a "$(wc -l <waited)" = 1

# ---- Signals ----

mkdir big; head -c 300M /dev/zero >big/f; for i in $(seq 3000); do : >big/$i; done
# A shell has its background processes ignore SIGINT.
cat >heeding.py <<'PY'
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
PY
# interrupted SIGNAL COMMAND...: it is sent the signal once it fills, and ends with one line, status 1, and nothing left.
interrupted() {
	sig=$1; shift
	rm -rf .cut.atomicdir cut said
	python3 heeding.py "$@" 2>said & pid=$!
	while ! ls .cut.atomicdir/0* >/dev/null 2>&1; do sleep 0.01; done
	kill -$sig $pid; wait $pid; code=$?
	cat said
	[ $code = 1 ] && [ "$(wc -l <said)" = 1 ] && grep -q "terminated .*SIG$sig; nothing was published, 'cut' is unchanged" said &&
		[ "$(ls .cut.atomicdir)" = lock ]
}
for sig in TERM INT HUP; do
	ok "SIG$sig ends a copy, with one line and nothing left" interrupted $sig "$atomicdir" fill cut --from big
done
ok "it ends a copy with --dereference" interrupted TERM "$atomicdir" fill --dereference cut --from big
ok "it ends COMMAND" interrupted TERM "$atomicdir" fill cut -- sleep 60
grandchild() {
	interrupted TERM "$atomicdir" fill cut -- sh -c 'sleep 60 & echo $! >../../grandchild; wait' || return 1
	! grep -q '^State:.[RSD]' "/proc/$(cat grandchild)/status"
}
ok "and all that COMMAND has started" grandchild
fill -q edited --from big
edited() {
	"$atomicdir" fill --edit edited -- true 2>said & pid=$!
	while ! ls -d .edited.atomicdir/000002 >/dev/null 2>&1; do sleep 0.01; done
	kill -TERM $pid; wait $pid; code=$?
	cat said
	[ $code = 1 ] && [ "$(wc -l <said)" = 1 ] && [ "$(ls .edited.atomicdir | tr '\n' ' ')" = "000001 000001.info lock " ]
}
ok "SIGTERM ends the copy that --edit begins with" edited
"$atomicdir" fill -q site -- sh -c ': >../../busy2; while ! [ -e ../../go2 ]; do sleep 0.02; done' 2>/dev/null & busy=$!
until_there busy2
waiting_ends() {
	rm said
	"$atomicdir" fill site -- true 2>said & pid=$!
	while ! [ -s said ]; do sleep 0.02; done
	kill -TERM $pid; wait $pid; code=$?
	cat said
	[ $code = 1 ] && tail -1 said | grep -q "terminated by SIGTERM; nothing was published, 'site' is unchanged"
}
ok "SIGTERM ends the wait for another writer" waiting_ends
: >go2; wait $busy

# ---- Hooks ----

for v in good bad; do fill -q back -- sh -c "echo $v >v" 2>/dev/null; done
ok "a hook that rolls back and fails has status 3" status 3 "$atomicdir" fill -q --on-change "'$atomicdir' rollback -q '$work/back' 1; exit 1" back -- sh -c 'echo worse >v'
is "$(tail -1 err | sed 's/.*; //')" "by now generation 1 is live" "and the error says what is live by then"

# ---- At a terminal ----

cat >terminal.py <<'PY'
# terminal.py COMMAND...: runs it in a session with a terminal of its own, answers "yes" to "Really?", prints what it said, and ends with
# its status; 124: it hung.
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said, answered, end = b'', False, time.time() + 30
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        said += data
    if b'Really?' in said and not answered:
        os.write(fd, b'yes\n')
        answered = True
else:
    os.kill(pid, 9)
    sys.exit(124)
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
ok "COMMAND may ask at the terminal" python3 terminal.py "$atomicdir" fill asked -- sh -c 'printf "Really? " >/dev/tty; read answer </dev/tty; echo "$answer" >f'
is "$(cat asked/f)" yes "and gets the answer"
ok "the terminal is ours again afterwards" python3 terminal.py sh -c "'$atomicdir' fill -q asked -- true; printf 'Really? '; read answer; test \"\$answer\" = yes"
ok "a hook that asks there fails at once" status 3 python3 terminal.py "$atomicdir" fill -q --on-change 'read answer </dev/tty' asked -- touch g
cat >background.py <<'PY'
# background.py COMMAND...: runs it in the background of a terminal, as a job that no shell brings forward.
import os, pty, sys, signal
pid, fd = pty.fork()
if pid == 0:
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        # A shell that ignores jobs that stop, and lets them go on in the background.
        os.execvp(sys.argv[1], sys.argv[1:])
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            os._exit(os.waitstatus_to_exitcode(status) % 256)
        os.kill(-job, signal.SIGCONT)
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
ok "COMMAND that asks in the background ends instead of hanging" status 1 timeout 30 python3 background.py sh -c "exec '$atomicdir' fill behind -- sh -c 'read answer </dev/tty' 2>'$work/behind.err'"
ok "and the error says why" grep -q "asked for the terminal, which it cannot have in the background, and was terminated" behind.err
finish
