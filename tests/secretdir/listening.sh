#!/bin/sh
# SPDX-License-Identifier: ISC
# listen-aws: what comes to a queue is told and deleted, whatever it is, and whatever answers. And what of it wakes a supervisor.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
start_server --region us-east-1 --region eu-west-1
python3 "$here/tests/secretdir/listening.py" server "$here/build/libexec/atomicdir/listen-aws" $count >rows || failed=1
cat rows
count=$((count + $(grep -cE '^(not )?ok' rows)))

# ---- A supervisor ----

# hear ENTRY...: one that listens to the queue; what it hears is in `heard`.
hear() {
	: >heard
	"$here/build/unit/listener_test" "$queue" "$work/link" "$@" >heard 2>heard.err & supervisor=$!
}
# heard N LINE: after at most 15 s there are so many such lines.
heard() {
	for i in $(seq 300); do
		[ "$(grep -cxE -- "$2" heard)" -ge "$1" ] && return
		sleep 0.05
	done
	echo "not heard: $2"; cat heard heard.err; return 1
}
started() { sed -n 's/^started //p' heard | tail -1; }
listener_of() { cat "/proc/$1/task/$1/children"; }
is_gone() {
	for i in $(seq 100); do
		[ -d "/proc/$1" ] || return 0
		sleep 0.05
	done
	cat "/proc/$1/status"; return 1
}
stop() { kill -TERM $supervisor; wait $supervisor; }
control clear all
queue=$(control queue watched --bind bare --bind sns)
version=$(control put db --string canary) old=$(control put app/a --string canary); control put other --string canary >/dev/null
"$here/build/secretdir" sync -q link db app/=app/ >/dev/null
hear db app/=app/
ok "it hears when the queue answers" heard 1 connected
ok "what is live already, and secrets that nobody wants, wake nobody" heard 6 "ignored 1"
new=$(control rotate db --string canary)
ok "a new version does, by each way that it is told" heard 2 "event db $new AWSCURRENT"
"$here/build/secretdir" sync -q link db app/=app/ >/dev/null
control stage db AWSCURRENT "$version"
ok "so does one that is moved back" heard 2 "event db $version AWSCURRENT"
control stage db AWSCURRENT "$new"
ok "one that is live by then does not" heard 8 "ignored 1"
added=$(control put app/b --string canary)
ok "a new secret of a prefix does" heard 2 "event app/b $added AWSCURRENT"
child=$(started) listening=$(listener_of "$(started)")
kill -KILL "$child"
ok "a child that is killed is started again" heard 2 connected
ok "and its listen-aws has ended with it" is_gone "$listening"
child=$(started) listening=$(listener_of "$(started)")
ok "a supervisor that is asked to end ends" stop
ok "in the middle of a poll no child of its is left" is_gone "$child"
ok "nor the program that it started" is_gone "$listening"
hear db; heard 1 connected >/dev/null
child=$(started) listening=$(listener_of "$(started)")
kill -KILL $supervisor; wait $supervisor 2>/dev/null
ok "with one that is killed the child ends" is_gone "$child"
ok "and the program that it started" is_gone "$listening"
control queue watched --remove
hear db
ok "that there is no such queue is heard, with what to do" heard 1 "disconnected 10 $queue: ReceiveMessage: QueueDoesNotExist, .*; check the URL, .*"
control queue watched >/dev/null
ok "and when there is one again" heard 1 connected
is "$(grep -c '^started' heard)" 1 "from the same child"
stop
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
control container /keys --lifetime 4
AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/keys" hear db
ok "where keys last a few seconds it is started again with new ones" heard 2 connected
is "$(grep -c '^disconnected' heard)" 0 "and never with those that have expired"
stop
hear db
ok "where there are no keys that is heard" heard 1 "disconnected 9 .*"
stop
ok "nobody hears a value or a key" sh -c '! grep -r canary heard heard.err && ! grep -r wJalr heard heard.err'
stop_server
finish
