#!/bin/sh
# SPDX-License-Identifier: ISC
# run: COMMAND is started once the secrets are there, told of changes, and ended; its end is the end of run.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
umask 022

put() { printf '%s\n' "$1" >new.json; mv new.json secrets.json; }
within() { for try in $(seq 240); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; "$@"; }
says() { grep -qF -- "$1" said; }
begin() { : >said; "$secretdir" run --source file:secrets.json --interval 1s "$@" >>said 2>&1 & runner=$!; }
end() { kill -"${1:-TERM}" $runner; wait $runner; }
once() { timeout 20 "$secretdir" run --source file:secrets.json --interval 1s "$@"; }
cat >application <<'X'
#!/bin/sh
trap 'echo "told $(cat app/a)"' HUP
trap 'echo bye; exit 0' TERM
trap 'echo usr1' USR1
echo "started $(cat app/a)"
while :; do sleep 0.05; done
X
chmod +x application

put '{"a": "1"}'
ok "COMMAND finds the secrets when it starts" sh -c "'$secretdir' run --source file:secrets.json app a -- cat app/a | grep -qx 1"
ok "run ends with COMMAND's status" status 7 once app a -- sh -c 'exit 7'
ok "with 128 and the signal where one killed it" status 137 once app a -- sh -c 'kill -KILL $$'
ok "with 127 where there is no such command" status 127 once app a -- ./absent
ok "with 126 where it cannot be executed" status 126 once app a -- ./secrets.json
ok "and says so in one line" sh -c "timeout 20 '$secretdir' run -q --source file:secrets.json app a -- ./absent 2>&1 | grep -cF \"cannot execute './absent'\" | grep -qx 1"

rm secrets.json
begin fresh a -- ./application; sleep 1
ok "it is not started before anything is live" sh -c '! grep -q started said'
end
ok "and SIGTERM ends run then" sh -c '! grep -q bye said'
begin app a -- ./application
ok "what is live already is enough to start it, though the source cannot be reached" within says "started 1"
put '{"a": "2"}'; within grep -qx 2 app/a; sleep 0.3
ok "without --signal and --restart it is told nothing" sh -c '! grep -q told said'
kill -USR1 $runner
ok "other signals are handed on" within says usr1
ok "SIGTERM ends COMMAND, and run with its status" end
ok "COMMAND had its time" says bye

begin --signal HUP app a -- ./application
within says started
put '{"a": "3"}'
ok "with --signal it is told of a change" within says "told 3"
sleep 1.2
ok "once" sh -c 'grep -c told said | grep -qx 1'
end
begin --restart app a -- ./application
within says "started 3"
put '{"a": "4"}'; within says bye; put '{"a": "5"}'
ok "with --restart it is started anew" within says "started 5"
ok "once for all that moved meanwhile" sh -c '! grep -q "started 4" said'
end
begin --kill-timeout 300ms app a -- sh -c 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'
within says deaf
ok "what does not end by SIGTERM is killed after --kill-timeout" status 137 end

ok "COMMAND gets no AWS key" sh -c "AWS_ACCESS_KEY_ID=one AWS_SECRET_ACCESS_KEY=two AWS_SESSION_TOKEN=three AWS_REGION=four \
	'$secretdir' run --source file:secrets.json app a -- env | grep '^AWS_' | grep -qx AWS_REGION=four"
ok "but with --keep-environment" sh -c "AWS_ACCESS_KEY_ID=one AWS_SECRET_ACCESS_KEY=two \
	'$secretdir' run --keep-environment --source file:secrets.json app a -- env | grep -cE '^AWS_(ACCESS_KEY_ID=one|SECRET_ACCESS_KEY=two)' | grep -qx 2"
"$secretdir" run -q --source file:secrets.json app a -- ls /proc/self/fd 3</dev/null 4</dev/null >fds
ok "it gets no descriptor but the standard ones" test "$(grep -v p fds | tr '\n' ' ')" = "0 1 2 3 "
ok "what it leaves behind is reaped" sh -c "timeout 20 '$secretdir' run --source file:secrets.json app a -- \
	sh -c '(sleep 0.1 & exec sleep 0.2) & sleep 0.6; ps -o stat= --ppid \$PPID | grep -c Z' | grep -qx 0"
if unshare --pid --fork --mount-proc true 2>/dev/null; then
	ok "as process 1 it reaps orphans too, and ends with COMMAND's status" status 9 timeout 20 unshare --pid --fork --mount-proc "$secretdir" run --source file:secrets.json app a -- \
		sh -c '(setsid sleep 0.1 &); sleep 0.5; [ "$(ps -eo stat= | grep -c Z)" = 0 ] && exit 9'
	unshare --pid --fork --kill-child --mount-proc "$secretdir" run --source file:secrets.json app a -- ./application >said 2>&1 & first=$!
	within says started
	kill -TERM "$(pgrep -P $first)"
	ok "and SIGTERM reaches COMMAND there" within says bye
	wait $first
else skip "as process 1 it reaps orphans too, and ends with COMMAND's status" "needs root"; fi
ok "--restart and --signal are two answers to one question" status 2 once --restart --signal HUP app a -- true
ok "run needs a COMMAND" status 2 once app a
if command -v script >/dev/null; then
	printf '%s\n' "'$secretdir' run -q --source file:secrets.json app a -- sh -c 'ps -o tpgid=,pgid= -p \$\$'" >at_terminal
	ok "COMMAND has the terminal" sh -c "script -qec 'sh at_terminal' /dev/null </dev/null | tr -d '\r' | awk '\$1 == \$2 && \$1 > 1 { found = 1 } END { exit !found }'"
else skip "COMMAND has the terminal" "needs script"; fi
finish
