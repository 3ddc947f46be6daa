#!/bin/sh
# SPDX-License-Identifier: ISC
# secretdir against the AWS test server: HTTPS, signatures, paging, faults, hostile answers; and that no value gets where none belongs.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
canary=canary-3f9a1c77

sync() { "$secretdir" sync -q "$@"; }
put() { control put "$@" >/dev/null; }
# says N TEXT COMMAND...: this status, one line on standard error that has the text, and nothing is made.
says() {
	wanted=$1 text=$2; shift 2
	"$@" >says.out 2>says.err; got=$?
	cat says.err
	[ $got = "$wanted" ] && [ "$(wc -l <says.err)" = 1 ] && grep -qF -- "$text" says.err && [ ! -L new ] &&
		! ls .new.atomicdir/0* >/dev/null 2>&1
}
fault() { control clear; control clear requests; control fault "$@"; }
asked() { [ "$(control requests --count "$2")" = "$1" ] || { echo "asked $(control requests --count "$2") times"; return 1; }; }

start_server
printf '{"password": "%s", "port": 5432, "ratio": 1.50, "id": 12345678901234567890}' $canary | control put prod/db --file - >/dev/null
head -c 3000 /dev/urandom >bytes; put blob --binary bytes
printf 'one\r\n\n' >text; put text --file text
printf 'h\303\274 \360\237\230\200 \\ " \001' >unicode; put unicode --file unicode
put nul --string x --version-id 00000000-0000-0000-0000-000000000001; printf '"a\\u0000b"' | control raw nul --member SecretString --file -
put old --string v1; put old --string v2
for i in $(seq 230); do printf '"prod/many/%s": "%s"%s' $i $i "$([ $i = 230 ] || echo ,)"; done | sed 's/^/{/; s/$/}/' >many.json
control load many.json

control clear requests
ok "a secret, its keys and its bytes come over HTTPS" sync app prod/db db/=prod/db pw=prod/db:password blob text unicode nul old last=old,stage=AWSPREVIOUS
ok "byte for byte: bytes" cmp bytes app/blob
ok "line ends" cmp text app/text
ok "UTF-8" cmp unicode app/unicode
ok "NUL" sh -c "printf 'a\\000b' | cmp - app/nul"
ok "digits" test "$(cat app/db/port app/db/ratio app/db/id)" = 54321.5012345678901234567890
ok "stages" test "$(cat app/old app/last)" = v2v1
ok "what is current comes with one call" asked 1 BatchGetSecretValue
ok "another stage with one of its own" asked 1 GetSecretValue
ok "the note has the versions" grep -q 00000000-0000-0000-0000-000000000001 .app.atomicdir/000001.note
ok "the same again is unchanged" sh -c "test \"\$('$secretdir' sync app prod/db db/=prod/db pw=prod/db:password blob text unicode nul old last=old,stage=AWSPREVIOUS)\" = 'unchanged 1'"
ok "an ARN, and a version" sync arn "$(control show old --arn)" "pinned=old,version=$(control show old | sed -n 's/^ *"\([0-9a-f-]*\)": \[\?$/\1/p' | head -1)"
ok "its file has the secret's name" test "$(cat arn/old)" = v2
ok "an ARN says its region" env -u AWS_REGION "$secretdir" sync -q arn "$(control show old --arn)"
control clear requests
ok "every secret whose name begins so, over pages" sync many m/=prod/many/ one=prod/many/1
ok "is there" test "$(find -L many -type f | wc -l)" = 231
ok "twenty with each call" asked 12 BatchGetSecretValue
ok "and none by itself" asked 0 GetSecretValue
ok "in pages of 100" asked 3 ListSecrets
ok "over eight connections at most" test "$(control requests --connections)" -le 8
control paging --limit 7 --empty
ok "empty pages and short ones" sync many m/=prod/many/ one=prod/many/1
control clear
ok "plan tells versions" sh -c "'$secretdir' plan -q fresh text | grep -E '^A text \\(text, version [0-9a-f-]{36}, AWSCURRENT, 6 B\\)\$'"
ok "and leaves nothing" sh -c "! ls -d fresh .fresh*"
control key TEMPORARY secret:/+= --session-token "token/+="
ok "session tokens" env AWS_ACCESS_KEY_ID=TEMPORARY AWS_SECRET_ACCESS_KEY=secret:/+= AWS_SESSION_TOKEN=token/+= "$secretdir" sync -q token text
ok "options before the environment" env AWS_REGION=xx AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_CA_BUNDLE=none "$secretdir" sync -q token text \
	--region us-east-1 --endpoint-url "$AWS_ENDPOINT_URL" --ca-bundle "$AWS_CA_BUNDLE"
ok "the service's own endpoint first" env AWS_ENDPOINT_URL_SECRETS_MANAGER="$AWS_ENDPOINT_URL" AWS_ENDPOINT_URL=http://127.0.0.1:1 "$secretdir" sync -q token text
ok "plain http where the user says so" sync --endpoint-url "$(cat server/address.http)" token text
ok "a directory of authorities" sync --ca-bundle "$work/server/ca-path" token text

# What cannot be had.
ok "optional" sync optional text no=nothing-here,optional nokey=prod/db:nokey,optional x/=nothing/,optional
ok "is only what is there" test "$(find -L optional -type f)" = optional/text
control deny secretsmanager:GetSecretValue text
ok "even where it is optional" says 9 AccessDenied sync new text,optional
control clear

# Faults.
fault error; ok "an error once is asked again" sync faults text; ok "twice" asked 2 GetSecretValue
fault throttle --count 2; ok "throttled twice" sync faults text; ok "three times" asked 3 GetSecretValue
fault throttle --forever; ok "throttled for ever" says 8 "3 attempts" sync new text; ok "three times, not more" asked 3 GetSecretValue
fault error --retry-after-ms 700
ok "what the server asks for is waited for" sh -c "begin=\$(date +%s%3N); '$secretdir' sync -q faults text && test \$((\$(date +%s%3N) - begin)) -ge 700"
for status in 500 502 503 504; do fault error --status $status --code X --forever; ok "HTTP $status" says 8 "HTTP $status" sync new text; done
for style in both body header bare url none; do
	fault error --status 400 --code DecryptionFailure --style $style --forever; ok "an error in style $style" says 1 "HTTP 400, request " sync new text
done
for where in before headers body; do
	fault cut --where $where; ok "cut once: $where" sync faults text
	fault cut --where $where --forever; ok "cut for ever: $where" says 8 "text: GetSecretValue: cannot be reached" sync new text
done
fault cut --where after --forever; ok "a connection that ends unannounced" sync faults text old
fault cut --where body --reset; ok "reset" sync faults text
for form in content-type chunked trailers; do fault garbage --form $form --forever; ok "harmless: $form" sync faults text; done
fault delay --seconds 30 --forever
ok "an answer that does not come" says 8 "1 attempt" env AWS_MAX_ATTEMPTS=1 "$secretdir" sync -q new text
control clear
ok "where there is no such name" says 8 "cannot be reached" sync --endpoint-url https://nowhere.invalid new text
ok "a failure leaves what is live" sh -c "! '$secretdir' sync -q app text nothing-here 2>/dev/null; test -e app/blob && ls .app.atomicdir | wc -l | grep -qx 5"
put text --string new
ok "a new version replaces the old one" sync app text
ok "which is gone from the disk" test "$(cat .app.atomicdir/*/text; ls .app.atomicdir | wc -l)" = new5

# Hostile names, values and answers.
hostile() { # what, name below bad/, more
	control name "bad/$2" --string v --escaped >/dev/null; [ -z "${3-}" ] || control name "bad/$3" --string v >/dev/null
	ok "hostile: $1" says 1 "" sync new x/=bad/
	control clear secrets
}
control clear secrets
hostile '../x' '../x'
hostile '/etc/passwd' '/etc/passwd'
hostile 'a with a/b' a a/b
hostile '.' '.'
hostile '..' 'a/..'
hostile 'empty' ''
hostile '300 bytes' "$(printf '%300s' '' | tr ' ' x)"
hostile 'NUL' 'a\u0000b'
hostile 'half a pair' 'a\ud800'
put bad/x --string v; printf '"bad/\377"' | control raw bad/x --member Name --file -
ok "invalid UTF-8 in a name" says 1 UTF-8 sync new bad/x
put bad/y --string v; printf '"\300\257"' | control raw bad/y --member SecretString --file -
ok "invalid UTF-8 in a value" says 1 UTF-8 sync new bad/y
control name bad/z --returned ../../etc/passwd --string v >/dev/null
ok "the answer is for another secret" says 1 "another secret" sync new bad/z
ok "and no ARN leads out by it" says 1 '".."' sync new "$(control show bad/z --arn)"
head -c 65537 /dev/zero | tr '\0' x >large; control name large --file large >/dev/null
ok "a value that is too large" says 1 65536 sync new large
head -c 65536 large >most; put most --file most
ok "the largest" sync largest most
ok "is whole" cmp most largest/most
head -c 65536 /dev/urandom >most; put most --binary most
ok "also of bytes" sync largest most
ok "is whole as well" cmp most largest/most

# No value gets where none belongs.
control clear secrets; put prod/db --string "{\"password\":\"$canary\"}"
ok "no value in a trace of arguments and environments" env ASAN_OPTIONS=detect_leaks=0 strace -f -s 65536 -v -e trace=execve,prctl -o trace "$secretdir" sync -v canary db/=prod/db prod/db
cat out err trace server/requests.log >said
ok "nor on the terminal, nor in a log" sh -c "! grep -q $canary said"
ok "nor does the secret key stand in an argument" sh -c "grep execve trace | sed 's/, \\[\"[A-Za-z_]*=.*//' | grep -c wJalr | grep -qx 0"
ok "nor in what plan tells" sh -c "'$secretdir' plan canary2 db/=prod/db prod/db >planned 2>&1; '$secretdir' plan --json canary2 prod/db >>planned 2>&1; ! grep -q $canary planned"
ok "nor in an error" sh -c "'$secretdir' sync canary3 prod/db:nokey x=prod/db,decode=base64 >planned 2>&1; '$secretdir' sync canary3 x=prod/db,decode=base64 >>planned 2>&1; ! grep -q $canary planned"
dumps() {
	fault delay --seconds 20 --forever
	sh -c 'ulimit -c unlimited; exec "$@"' sh "$secretdir" sync -q canary4 prod/db & pid=$!
	for i in $(seq 100); do [ "$(control requests --count)" = 1 ] && break; sleep 0.05; done
	child=$(cat /proc/$pid/task/$pid/children)
	for one in $pid $child; do grep -q 'Max core file size *0 *0' /proc/$one/limits || { kill $pid; return 1; }; done
	! tr '\0' '\n' <"/proc/${child% }/environ" | grep wJalr || { kill $pid; return 1; }
	kill -TERM $pid; wait $pid; [ $? = 1 ] && [ ! -e "/proc/${child% }" ] && ! ls core* 2>/dev/null
}
ok "neither program dumps core, the keys are wiped from the environment, and SIGTERM ends both" dumps
control clear

# A first header that continues one which is not there: libcurl before 8.1 takes it for the end of the answer before.
cat >folding.py <<'END'
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
for first in [""] + [" folded: x\r\n"] * 9:
    connection, _ = listening.accept()
    request = b""
    while not request.endswith(b"}"):
        request += connection.recv(65536)
    body = '{"Name": "text", "VersionId": "v", "SecretString": "x"}'
    connection.sendall(f"HTTP/1.1 200 OK\r\n{first}X-A: b\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
    connection.close()
END
folds() {
	python3 folding.py >port & pid=$!
	until [ -s port ]; do sleep 0.05; done
	sync --endpoint-url "http://127.0.0.1:$(cat port)" folded a=text b=text,version=v 2>folded.err
	kill $pid; wait $pid
	cat folded.err
	! grep signal folded.err
}
ok "a header that continues nothing is a bad answer at worst" folds

# Certificates.
stop_server
for certificate in wrong-host expired unknown-authority; do
	case $certificate in
	wrong-host) advice="is for another host" ;;
	expired) advice="renew the server's certificate, or set the clock here" ;;
	*) advice="is the right CA in --ca-bundle" ;;
	esac
	start_server --certificate $certificate; put text --string x
	ok "a certificate that is $certificate" says 8 "$advice" sync new text
	stop_server
done
finish
