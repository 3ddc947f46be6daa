#!/bin/sh
# SPDX-License-Identifier: ISC
# watch with --notify-queue: what a queue tells is published soon, by one round that asks for that secret alone.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir

put() { control put "$@" >/dev/null; }
within() { for try in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; "$@"; }
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
pushes() { "$secretdir" status app | grep -qx "push: $1"; }

start_server
for i in 1 2 3 4 5 6 7 8 9 10; do put s$i --string one; done
put stranger --string one
queue=$(control queue watched --bind bare --bind sns)
"$secretdir" watch --notify-queue "$queue" --settle 200ms --notify-splay 0s app s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 >said 2>&1 & watcher=$!
ok "everything is published at the start" within has app/s10 one
ok "the listener is another process" within pgrep -P $watcher
sleep 1
control clear requests
put s3 --string two
ok "a change that the queue tells is published" within has app/s3 two
few() { [ "$(control requests --count DescribeSecret)" -le "$1" ] && [ "$(($(control requests --count GetSecretValue) + $(control requests --count BatchGetSecretValue)))" = "$2" ] ||
	{ control requests | tail -20; return 1; }; }
ok "only the secret that moved is described, and it is fetched once" few 3 1
put s4 --string two; put s5 --string two
ok "changes of one burst are published" within has app/s5 two
ok "all of them" has app/s4 two
lines=$(grep -c '^published' said)
put stranger --string two; sleep 1.5
ok "what no entry names wakes nobody" test "$(grep -c '^published' said)" = "$lines"
put s6 --string two
ok "the status says that the queue answers" within pushes connected
children=$(pgrep -P $watcher)
kill -TERM $watcher; wait $watcher
is_gone() { for child in $children; do [ ! -d /proc/$child ] || return 1; done; }
ok "SIGTERM ends it with its listener" within is_gone
ok "a queue needs a URL" status 2 "$secretdir" watch --notify-queue watched app s1
ok "only AWS tells of changes in a queue" status 2 "$secretdir" watch --source file:secrets.json --notify-queue "$queue" app s1
finish
