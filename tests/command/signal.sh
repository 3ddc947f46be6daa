#!/bin/sh
# SPDX-License-Identifier: ISC
# A change is told by a signal: to whom, how long they are looked for, and what is said where nobody can be told.
. "$(dirname "$0")/../tap.sh"

mkdir one two
echo 1 >one/a; echo 2 >two/a
publish() { "$atomicdir" fill app --from "$@" 2>said; }
# listener FILE: a program of a name of its own that writes a line for each SIGUSR1.
cp "$(command -v sleep)" told-sleep
cat >listener <<'X'
#!/bin/sh
trap 'echo told >>"$1"' USR1
trap 'exit 0' TERM
[ -z "$2" ] || echo $$ >"$2"
echo ready >"$1"
while :; do sleep 0.05; done
X
chmod +x listener
wait_for() { for try in $(seq 200); do grep -qs "$1" "$2" && return 0; sleep 0.05; done; return 1; }
due() { "$atomicdir" list app | grep -q 'hook due'; }
not_due() { ! due; }

./listener heard pid & first=$!
wait_for ready heard
ok "a change is told to the process whose number is in --pidfile" publish one --signal USR1 --pidfile pid
ok "which gets the signal" wait_for told heard
ok "what was told is no longer due" not_due
echo ready >heard
ok "what is unchanged is told to nobody" sh -c "'$atomicdir' fill app --from one --signal SIGUSR1 --pidfile pid && sleep 0.2 && ! grep -q told heard"

kill $first; wait $first 2>/dev/null
ok "with a process that is dead the hook has failed" status 3 publish two --signal USR1 --pidfile pid
ok "the line names the process and the file" grep -q "the signal after a change failed: cannot send SIGUSR1 to process $first of 'pid': No such process" said
ok "and the signal is still due" due
rm pid
(sleep 0.5; exec ./listener heard pid) & second=$!
ok "a process that begins meanwhile is told once its number is there" publish two --signal 10 --pidfile pid
ok "and gets the signal it was not there for" wait_for told heard
kill $second; wait $second 2>/dev/null

for content in '' 0 -1 12x '12 13' 99999999999; do
	printf '%s\n' "$content" >pid
	rm -rf app .app.atomicdir
	ok "a pidfile that holds '$content' is refused" status 3 publish one --signal USR1 --pidfile pid
	ok "and the line says so" grep -q "'pid' does not hold the number of a process and nothing else" said
done

rm -rf app .app.atomicdir
./told-sleep 60 & third=$!
./told-sleep 60 & fourth=$!
wait_for told-sleep /proc/$fourth/cmdline
ok "with --process a change is told to every process of that program" publish one --signal TERM --process told-sleep
ends_by_term() { wait "$1"; [ $? = 143 ]; }
ok "the first of them" ends_by_term $third
ok "and the second" ends_by_term $fourth
ok "a program that does not run is a failed hook" status 3 publish two --signal USR1 --process told-sleep
ok "and is named" grep -q "the signal after a change failed: 'told-sleep' is not running here" said
if [ "$(id -u)" = 0 ]; then
	./told-sleep 60 & fifth=$!
	wait_for told-sleep /proc/$fifth/cmdline
	chmod 777 .; mkdir -m 777 theirs; echo $fifth >theirs/pid
	tell_as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$atomicdir" fill theirs/app --from one --signal USR1 --pidfile theirs/pid 2>said; }
	ok "a process of another user is a failed hook" status 3 tell_as_nobody
	ok "and the line says that it may not be sent the signal" grep -q "cannot send SIGUSR1 to process $fifth of 'theirs/pid': Operation not permitted" said
	kill $fifth; wait $fifth 2>/dev/null
else skip "a process of another user is a failed hook" "needs root"; fi

rm -rf app .app.atomicdir
./listener heard pid & sixth=$!
wait_for ready heard
publish one >/dev/null
ok "where nobody can be told, --rollback-on-failure publishes what was live before again" status 4 publish two --signal USR1 --process told-sleep --rollback-on-failure
ok "so that readers have that" test "$(cat app/a)" = 1
ok "a rollback is told too" sh -c "'$atomicdir' fill app --from two && '$atomicdir' rollback app 1 --signal USR1 --pidfile pid"
ok "by the same signal" wait_for told heard
kill $sixth; wait $sixth 2>/dev/null

rm -rf app .app.atomicdir
refuses() { claim=$1 text=$2; shift 2
	ok "$claim" status 2 publish one "$@"
	ok "and the line says what to do: $text" test "$(cat said)" = "atomicdir: $text"; }
refuses "a signal needs somebody to send it to" "--signal needs --pidfile FILE or --process NAME" --signal HUP
refuses "one of the two is enough" "--pidfile and --process cannot be used together" --signal HUP --pidfile pid --process x
refuses "a pidfile alone tells nobody" "--pidfile needs --signal SIGNAL" --pidfile pid
refuses "either a signal or a command is the hook" "--signal and --on-change cannot be used together" --signal HUP --pidfile pid --on-change true
refuses "a signal has a name or a number" "--signal: 'HOP' is not a signal such as HUP, SIGHUP or 1" --signal HOP --pidfile pid
ok "nothing was published by any of these" test ! -e app
finish
