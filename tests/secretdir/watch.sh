#!/bin/sh
# SPDX-License-Identifier: ISC
# watch and status: rounds, what ends them, what is told to whom. The source is a file, so that each round costs little.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
umask 022

put() { printf '%s\n' "$1" >new.json; mv new.json secrets.json; }
# within COMMAND...: it is true within ten seconds.
within() { for try in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; "$@"; }
says() { grep -qF -- "$1" said; }
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
lines() { [ "$(grep -cF -- "$1" said)" = "$2" ]; }
# watch OPTION...: begins one; end: ends it by SIGTERM, with its status.
watch() { : >said; "$secretdir" watch --source file:secrets.json --interval 1s "$@" >>said 2>&1 & watcher=$!; }
end() { kill -"${1:-TERM}" $watcher; wait $watcher; }
alone() { [ -z "$(pgrep -P $watcher)" ]; }

# ---- Rounds ----

put '{"a": "1", "b": "1"}'
watch app a b --on-change 'echo "hook $ATOMICDIR_GENERATION"'
ok "the first round publishes" within has app/a 1
ok "and tells the hook" within says "hook 1"
put '{"a": "2", "b": "2"}'
ok "a change is published by a later round" within has app/a 2
ok "and told once" within lines hook 2
ok "what was replaced is removed after the grace" within sh -c '[ "$(ls -d .app.atomicdir/0*[0-9] | wc -l)" = 1 ]'
sleep 2.2
ok "rounds without a change tell nobody" lines hook 2
ok "and print nothing" sh -c '! grep -q unchanged said'
ok "no child is left between rounds" within alone
ok "status says that all is well" "$secretdir" status app
ok "as JSON too" sh -c "'$secretdir' status --json app | python3 -c 'import json, sys; s = json.load(sys.stdin)
assert s[\"live\"] is True and s[\"generation\"] == 2 or s[\"generation\"] > 2, s
assert s[\"error\"] is None and s[\"watcher\"] is True and s[\"push\"] == \"off\" and s[\"state\"] == \"ok\", s
assert [v[\"path\"] for v in s[\"versions\"]] == [\"a\", \"b\"], s
assert s[\"next\"] and s[\"last_success\"] and s[\"last_attempt\"] and s[\"published\"], s'"

rm secrets.json
ok "a round that fails says why" within says "cannot open the file of secrets"
ok "status tells the same" within sh -c "'$secretdir' status app | grep -q '^error: cannot open the file of secrets'"
ok "readers keep what is live" has app/a 2
ok "status is a failure once the last good round is too old" within status 1 "$secretdir" status --max-age 2s app
ok "but not where it asks only whether something is published" "$secretdir" status --published app
put '{"a": "3", "b": "3"}'
ok "the next round publishes what came meanwhile" within has app/a 3
ok "and status is well again" within "$secretdir" status --max-age 2s app
if [ "$(id -u)" = 0 ]; then ok "of its publications only the first one warns that only root can read the files" lines "only root can read" 1
else skip "of its publications only the first one warns that only root can read the files" "not root"; fi
kill -HUP $watcher
ok "SIGTERM ends it with status 0" end
ok "readers keep what is live then" has app/a 3
ok "status says that nobody watches once it is late" sh -c "'$secretdir' status app | grep -qx 'watcher: yes'"

# ---- Without anything live ----

ok "status of what was never published is a failure" status 1 "$secretdir" status never
ok "with --published too" status 1 "$secretdir" status --published never
rm secrets.json
watch fresh a
ok "a first round that fails is tried again soon" within sh -c '[ "$(grep -c "cannot open the file" said)" -ge 2 ]'
ok "status tells why nothing is there" within sh -c "'$secretdir' status fresh | grep -q '^error: cannot open the file of secrets'"
put '{"a": "1"}'
ok "until it succeeds" within has fresh/a 1
end
rm secrets.json
ok "after --start-timeout it ends with the status of the last round" status 8 timeout 20 "$secretdir" watch --source file:secrets.json --interval 1s --start-timeout 0s slow a
put '{"a": "1"}'
ok "what is wrong with the command line ends it at once" status 2 timeout 20 "$secretdir" watch --source file:secrets.json wrong a a
ok "so does a source on standard input" status 2 "$secretdir" watch --source file:- wrong a
ok "and an interval below a second" status 2 "$secretdir" watch --source file:secrets.json --interval 10ms wrong a
ok "and leaves nothing" sh -c '! ls -d .wrong.atomicdir wrong'

# ---- Hooks ----

watch hooked a --on-change 'echo a-try | tr - _; test -e good'
ok "a hook that failed is run again by later rounds" within sh -c '[ "$(grep -c "^a_try" said)" -ge 2 ]'
ok "status says that it failed" within sh -c "'$secretdir' status hooked | grep -q '^error: the on-change command failed'"
: >good
ok "until it succeeds" within sh -c "! '$atomicdir' list hooked | grep -q 'hook due'"
runs=$(grep -c '^a_try' said); sleep 2.2
ok "and then no more" lines a_try "$runs"
end
put '{"a": "2"}'; rm good
watch hooked a --on-change 'test -e good' --rollback-on-failure
ok "with --rollback-on-failure the round before is live again" within says "what was live before it is live again"
ok "for readers too" has hooked/a 1
end

# ---- The ends ----

put '{"a": "1"}'
watch ended a --on-change 'echo begun; sleep 1; echo done'
within says begun
ok "SIGTERM in the middle of a hook lets it end" end
ok "so that it was not cut" says done
put '{"a": "2"}'
watch ended a --on-change 'echo begun; trap "" TERM; sleep 60' --hook-timeout 1m
within says begun
kill $watcher
ok "a second one ends it at once" within sh -c "kill $watcher 2>/dev/null; ! kill -0 $watcher 2>/dev/null"
ok "and the hook's mark stays" sh -c "'$atomicdir' list ended | grep -q 'hook due'"
mkdir locked
"$atomicdir" fill busy -- sleep 3 & other=$!
watch busy a; sleep 0.5
ok "SIGTERM ends it while another writer holds the lock" end
ok "and that other one is not disturbed" wait $other
for signal in KILL; do
	put '{"a": "5"}'; watch killed a; within has killed/a 5; kill -KILL $watcher; wait $watcher 2>/dev/null
	put '{"a": "6"}'; watch killed a
	ok "after SIG$signal the next watcher goes on" within has killed/a 6
	end
done

# ---- SIGHUP ----

put '{"a": "1", "b": "1"}'; echo a >entries
watch --entries entries reread; within has reread/a 1
printf 'a\nb\n' >entries; kill -HUP $watcher
ok "SIGHUP reads the entries again" within has reread/b 1
echo 'a,what=ever' >entries; kill -HUP $watcher
ok "entries that cannot be read are told" within says "entries:1"
put '{"a": "2", "b": "2"}'
ok "and the old ones stay in use" within has reread/b 2
ok "which status says" within sh -c "'$secretdir' status reread | grep -q '^warning: '"
end
cat entries >/dev/null; printf 'a\n' | "$secretdir" watch --source file:secrets.json --interval 1s --entries - piped >said 2>&1 & watcher=$!
within has piped/a 2; kill -HUP $watcher; put '{"a": "3"}'
ok "entries from standard input outlive a SIGHUP" within has piped/a 3
end

# ---- Metrics ----

watch --metrics metrics.prom --metrics-names metered a
ok "metrics are written after a round" within grep -q '^secretdir_up{link=.*} 1$' metrics.prom
ok "with the versions, where they are asked for" grep -q 'secretdir_secret_version_info{.*path="a"' metrics.prom
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 10 -subj /CN=one 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key2.pem -out cert2.pem -days 5 -subj /CN=two 2>/dev/null
	python3 -c 'import json
read = lambda name: open(name).read()
print(json.dumps({"a": "9", "tls/pair": read("key.pem") + read("cert.pem") + read("cert2.pem"), "bad": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}))' >new.json
	mv new.json secrets.json; end
	watch --metrics metrics.prom metered a tls/pair bad
	wanted=$(date -u -d "$(openssl x509 -enddate -noout -in cert2.pem | cut -d= -f2)" +%s)
	ok "the end of the first certificate that ends is told for each file" within grep -qF "secretdir_certificate_not_after_timestamp_seconds{link=\"$work/metered\",path=\"tls/pair\"} $wanted" metrics.prom
	ok "what only looks like a certificate has none" sh -c '! grep -q "path=.bad" metrics.prom'
else skip "the end of the first certificate that ends is told for each file" "needs openssl"; fi
if command -v promtool >/dev/null; then ok "promtool finds nothing wrong with them" sh -c 'promtool check metrics <metrics.prom'
else skip "promtool finds nothing wrong with them" "needs promtool"; fi
end

# ---- systemd ----

cat >listen.py <<'X'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("ready", flush=True)
while True: print(s.recv(4096).decode().replace("\n", " | "), flush=True)
X
python3 listen.py notify >heard & listener=$!
within grep -q ready heard
export NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=500000
watch told a --on-change 'env | grep -c NOTIFY_SOCKET >leaked; true'
unset NOTIFY_SOCKET WATCHDOG_USEC
ok "systemd hears READY once something is live" within grep -qx READY=1 heard
ok "and the watchdog's answer" within grep -qx WATCHDOG=1 heard
ok "and a STATUS" within grep -q '^STATUS=generation 1 is live and up to date' heard
ok "the hook does not get the socket" within has leaked 0
kill -HUP $watcher
ok "a reload is told with the monotonic time" within grep -qE '^RELOADING=1 \| MONOTONIC_USEC=[0-9]+$' heard
ok "and its end" within sh -c '[ "$(grep -cx READY=1 heard)" = 2 ]'
end
ok "and the end of the service" within grep -qx STOPPING=1 heard
kill $listener; wait $listener 2>/dev/null

# What the journal is to read: a stream that JOURNAL_STREAM names.
JOURNAL_STREAM=$(stat -L -c %d:%i journal.log 2>/dev/null || { : >journal.log; stat -c %d:%i journal.log; }); export JOURNAL_STREAM
"$secretdir" sync --source file:nowhere.json never a 2>journal.log
ok "the journal reads that an error is one" grep -q '^<3>secretdir: cannot open' journal.log
"$secretdir" sync --source file:nowhere.json never a 2>elsewhere.log
ok "nobody else reads that" grep -q '^secretdir: cannot open' elsewhere.log
unset JOURNAL_STREAM

# ---- Its size ----

watch small a; within has small/a 3; sleep 1.5
dirty() { awk '/^Private_Dirty/ { print $2 }' /proc/$watcher/smaps_rollup; }
case $(strings "$secretdir" 2>/dev/null | grep -c __asan_init) in
0)
	first=$(dirty); sleep 3; last=$(dirty)
	ok "between rounds it has at most 300 KiB of memory of its own ($last)" test "$last" -le 300
	ok "and no more after some rounds" test "$last" -le $((first + 16)) ;;
*) skip "between rounds it has at most 300 KiB of memory of its own" "only without sanitizers" ;;
esac
ok "of files it has those for signals, moments, and what it keeps in memory alone" sh -c "ls -l /proc/$watcher/fd; ls -l /proc/$watcher/fd | grep -cE 'signalfd|timerfd|memfd' | grep -qx 6 && ! ls -l /proc/$watcher/fd | grep -q \.atomicdir"
end
finish
