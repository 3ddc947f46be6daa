#!/bin/sh
# SPDX-License-Identifier: ISC
# Secrets over HTTP/2: nghttpx speaks it with us, and HTTP/1.1 with the test server, which checks every signature. Counts are from both logs.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
. "$here/tests/aws/asked.sh"
secretdir=$here/build/secretdir

has_front || { skip "a hundred secrets over HTTP/2" "no nghttpx (package nghttp2-proxy)"; finish; }
trap 'kill "$front" 2>/dev/null; cd /; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT

sync() { "$secretdir" sync -q "$@"; }
fresh() { control clear; control clear requests; : >front.log; }
fault() { fresh; control fault "$@"; }
# Each answer was sent over HTTP/2, with this status if one is given.
over_http2() { ! grep -v " h2 ${1-}" front.log && [ -s front.log ]; }
connections() { got=$(cut -d' ' -f1 front.log | sort -u | wc -l); [ "$got" -le "$1" ] || { echo "$got connections"; return 1; }; }
# Of this many answers one connection had so many.
busiest() { got=$(cut -d' ' -f1 front.log | sort | uniq -c | sort -n | awk 'END { print $1 }'); [ "$got" -ge "$1" ] || { echo "$got on one"; return 1; }; }
at_once() { got=$(control requests --at-once); [ "$got" -ge "$1" ] || { echo "$got at once"; return 1; }; }
# meanwhile N COMMAND...: the command, once the server has been asked N times.
meanwhile() {
	wanted=$1; shift
	{ for i in $(seq 500); do [ "$(control requests --count)" -lt "$wanted" ] || break; sleep 0.02; done; "$@"; } &
}

start_server --leave-certificate
start_front
# Of every size up to the largest, of every character, and one that is no text.
python3 - <<'PY'
import json, os
values = {"all/%03d" % i: "value %d\n%s\0\u20ac\r\n" % (i, chr(i)) * (i * i // 10) for i in range(100)}
values["all/099"] = "\U0001f511" * (65536 // 4)
for name, value in values.items():
    os.makedirs("wanted/all", exist_ok=True)
    open("wanted/" + name, "wb").write(value.encode())
json.dump(values, open("all.json", "w"))
PY
control load all.json
head -c 65536 /dev/urandom >bytes; control put blob --binary bytes >/dev/null
mkdir -p wanted-twenty/some; cp wanted/all/0[89]? wanted-twenty/some
for i in $(seq -f '%03g' 80 99); do control put "some/$i" --file "wanted/all/$i" >/dev/null; done
seq -f 'all/%03g' 0 99 >all.entries
seq -f 'all/%03g,stage=AWSCURRENT' 0 99 >single.entries

# ---- Many at once ----

fresh
ok "a hundred secrets in batches" sync batches --entries all.entries
ok "are five requests" asked 5 BatchGetSecretValue
ok "over HTTP/2, each with a good signature" over_http2 200
ok "over five connections at most" connections 5
ok "and each file has its bytes" diff -r batches wanted
fresh
ok "a hundred, each by itself" sync singles --entries single.entries
ok "are a hundred requests, each with a good signature" asked 100 GetSecretValue
ok "over HTTP/2" over_http2 200
ok "over eight connections at most, as long as it is not known what the server speaks" connections 8
ok "of which one has all but the first of them" busiest 93
ok "and each file has its bytes" diff -r singles wanted
fault delay --seconds 1 --forever --operation GetSecretValue
ok "a list, and a hundred by themselves" sync listed all/,stage=AWSCURRENT
ok "are a hundred and one requests" asked 1 ListSecrets 100 GetSecretValue
ok "over one connection, since the list's answer says that it can take more" connections 1
ok "over HTTP/2" over_http2 200
ok "more at once than there are connections to others" at_once 9
ok "and each file has its bytes" diff -r listed wanted
fresh; control deny secretsmanager:BatchGetSecretValue
ok "where batches are denied" sync denied all/
ok "each comes by itself" asked 1 ListSecrets 5 BatchGetSecretValue 100 GetSecretValue
ok "over the same connection" connections 1
ok "and each file has its bytes" diff -r denied wanted
fresh
ok "bytes that are no text" sync binary blob
ok "are those that were stored" cmp binary/blob bytes

# ---- Answers that are none ----

fault item --secret all/007 --code DecryptionFailure --message "The key is disabled."
ok "an error inside of an answer" says 1 "all/007: BatchGetSecretValue: DecryptionFailure, request " "The key is disabled" \
	-- sync new --entries all.entries
fault error --code ResourceNotFoundException --status 400 --secret all/042 --forever
ok "one answer of a hundred that is an error" says 10 "all/042: GetSecretValue: ResourceNotFoundException, HTTP 400, request " "check its name" \
	-- sync new --entries single.entries
ok "has its request's id" sh -c "! grep -F 'request unknown' says.err"
ok "and is asked for once" asked 100 GetSecretValue
fault throttle --count 3 --operation GetSecretValue
ok "three that are throttled" sync listed all/,stage=AWSCURRENT
ok "are asked for again, and only they" asked 1 ListSecrets 103 GetSecretValue
ok "over the same connection" connections 1
for where in before headers body; do
	fault cut --where $where --secret all/099 --operation GetSecretValue
	ok "one answer that is cut: $where" sync listed all/,stage=AWSCURRENT
	ok "is asked for again, and only it" asked 1 ListSecrets 101 GetSecretValue
done
fault cut --where body --secret all/099 --operation GetSecretValue --forever
ok "one that is cut for ever" says 8 "all/099: GetSecretValue: cannot be reached: " "3 attempts; try again later" -- sync new --entries single.entries
for form in chunked trailers; do
	fault garbage --form $form --forever
	ok "answers that do not say how long they are: $form" sync listed all/,stage=AWSCURRENT
	ok "have all their bytes" diff -r listed wanted
done

# ---- Connections that end ----

fault delay --seconds 3 --count 8
meanwhile 8 kill -HUP "$front"
ok "a server that begins anew, and says so to whom it serves (GOAWAY)" sync singles --entries single.entries; wait $!
ok "did so" grep -q "Worker process shutting down" front.err
ok "over HTTP/2" over_http2 200
ok "and each file has its bytes" diff -r singles wanted
fault delay --seconds 3 --forever --operation GetSecretValue
meanwhile 101 kill -HUP "$front"
ok "and with a hundred answers outstanding" sync listed all/,stage=AWSCURRENT; wait $!
ok "gives them still" diff -r listed wanted
stop_front

start_front --worker-process-grace-shutdown-period=1ms
fault delay --seconds 3 --count 20 --operation GetSecretValue
meanwhile 21 kill -HUP "$front"
ok "a connection that ends with twenty answers outstanding" sync twenty some/,stage=AWSCURRENT; wait $!
ok "they are asked for again" asked 1 ListSecrets 40 GetSecretValue
ok "over one other connection, since it is known by now what the server speaks" connections 2
ok "and each file has its bytes" diff -r twenty wanted-twenty
fault delay --seconds 3 --forever --operation GetSecretValue
meanwhile 21 kill -KILL "$front"
ok "a server that is killed meanwhile" says 8 "GetSecretValue: cannot be reached: " "; try again later; 19 more failed" -- sync new some/,stage=AWSCURRENT; wait $!
ok "is asked for nothing more" asked 1 ListSecrets 20 GetSecretValue
stop_front

start_front
fault delay --seconds 3 --forever --operation GetSecretValue
meanwhile 101 kill -KILL "$front"
ok "killed with a hundred answers outstanding" says 8 "GetSecretValue: cannot be reached: " "3 attempts; try again later" \
	-- sync new all/,stage=AWSCURRENT; wait $!
stop_front

start_front --frontend-http2-max-concurrent-streams=5
fresh
ok "once it is there again, though it takes no more than five at a time" sync new all/,stage=AWSCURRENT
ok "it is asked for each" asked 1 ListSecrets 100 GetSecretValue
ok "over HTTP/2" over_http2 200
ok "and each file has its bytes" diff -r new wanted
stop_front
stop_server
finish
