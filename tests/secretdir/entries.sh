#!/bin/sh
# SPDX-License-Identifier: ISC
# secretdir with a file as its source: every form of an entry, hostile names and keys, and a fetcher of somebody else's. What it refuses, and how,
# is in errors.tsv.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
e=$(printf '\033')
long=$(printf '%300s' '' | tr ' ' x)

sync() { "$secretdir" sync --source file:secrets.json -q "$@"; }
holds() { printf "$2" | cmp - "$1"; }
# refuses N COMMAND...: just this status, one line on standard error, and nothing is made.
refuses() {
	wanted=$1; shift
	"$@" >refused.out 2>refused.err; got=$?
	cat refused.err
	[ $got = "$wanted" ] && [ "$(wc -l <refused.err)" = 1 ] && [ ! -s refused.out ] && [ ! -L new ] &&
		! ls .new.atomicdir/0* >/dev/null 2>&1
}

cat >secrets.json <<'END'
{"prod/db": {"password": "pä\"ss\n", "port": 5432, "n": 1.50, "big": 12345678901234567890, "e": 1E+2, "t": true, "nul": null,
 "list": [1, {"a/b": "s~lash"}], "o": {"k": [ 1.50 , "\u0001\u00e9\ud83d\ude00" ]}, "empty": ""},
 "prod/app/a": "A\u0000B", "prod/app/b/c": "line\r\n\n", "plain": " no newline ", "b64": "AAEC/w==", "lines": "AAEC\n/w==\n",
 "bare": "", "rds!cluster-1": "x", "with=sign": "y"}
END
ok "values, keys, pointers, all keys, prefixes and base64 are published" sync all prod/db db/=prod/db pw=prod/db:password \
	host=prod/db:/list/0 deep=prod/db:/list/1/a~1b app/=prod/app/ p=plain blob=b64,decode=base64 lines=lines,decode=base64 \
	bare 'rds!cluster-1' 'sign=with=sign' none=nothing,optional 'nokey=prod/db:nothing,optional' 'no/=no/such/,optional'
ok "a string as it is" holds all/pw 'pä"ss\n'
ok "a NUL too" holds all/app/a 'A\000B'
ok "and line ends" holds all/app/b/c 'line\r\n\n'
ok "nothing is added, nothing removed" holds all/p ' no newline '
ok "an empty value is an empty file" test -f all/bare -a ! -s all/bare
ok "numbers keep their digits" test "$(cat all/db/n all/db/big all/db/e)" = 1.50123456789012345678901E+2
ok "true and null as JSON writes them" test "$(cat all/db/t all/db/nul)" = truenull
ok "objects as compact JSON" holds all/db/o '{"k":[1.50,"\\u0001é😀"]}'
ok "JSON Pointer reaches into lists and past '/'" test "$(cat all/host all/deep)" = 1s~lash
ok "base64 is decoded" holds all/blob '\000\001\002\377'
ok "also in lines" cmp all/blob all/lines
ok "a name may hold '!', and '=' where the path is written" test "$(cat 'all/rds!cluster-1' all/sign)" = xy
ok "what is optional and not there is left out" test ! -e all/none -a ! -e all/nokey
ok "files are 0400, directories 0500" sh -c "test -z \"\$(find -L all -type f ! -perm 0400)\" -a -z \"\$(find -L all -type d ! -perm 0500)\""
ok "the note says what is live" sh -c "grep -A4 '^file 7\$' .all.atomicdir/000001.note | tr '\n' ' ' | grep -qF 'db/port source 7 prod/db '"
ok "an entry has its own mode" sync modes a=plain,mode=0444 b=plain
ok "and only that one" test "$(stat -L -c %a modes/a modes/b | tr '\n' ' ')" = "444 400 "
printf '# comment\n\n  x=plain  \r\ny=prod/db:port\n' >list
ok "entries come from a file" sync fromfile --entries list
echo other=plain >list2
ok "of as many files as there are" sh -c "'$secretdir' sync -q --source file:secrets.json fromfiles --entries list --entries list2 && test -e fromfiles/x -a -e fromfiles/other"
ok "with the others" sh -c "echo z=plain | '$secretdir' sync -q --source file:secrets.json fromfile --entries - x=plain"
ok "what was asked for before and is not now is gone" test "$(ls fromfile/ | tr '\n' ' ')" = "x z "
ok "the replaced one is gone from the disk" test "$(ls .fromfile.atomicdir | tr '\n' ' ')" = "000002 000002.info 000002.note lock status "
ok "the same again changes nothing" sh -c "test \"\$('$secretdir' sync --source file:secrets.json modes a=plain,mode=0444 b=plain)\" = 'unchanged 1'"
ok "--json" sh -c "'$secretdir' sync -q --json --source file:secrets.json js plain | python3 -m json.tool"

plan=$("$secretdir" plan -q --source file:secrets.json modes a=plain,mode=0444 c=prod/db:password)
ok "plan tells what would change" test "$plan" = "= a (plain, 12 B)
A c (prod/db, 7 B)
D b"
ok "and publishes nothing" test "$(ls modes/ | tr '\n' ' ')" = "a b "
ok "plan --json" sh -c "'$secretdir' plan -q --json --source file:secrets.json fresh db/=prod/db | python3 -m json.tool"
ok "and leaves no store" sh -c "! ls -d .fresh* fresh"

ok "another command" refuses 2 "$secretdir" fetch new plain
ok "another option" refuses 2 sync --interval 5m new plain
ok "help fits a terminal, and has every option" sh -c "'$secretdir' --help | awk 'length > 80 { exit 1 }' && '$secretdir' sync --help | awk 'length > 80 { exit 1 }' && '$secretdir' sync --help | grep -q -- --endpoint-url"

# Names and keys that only the source knows.
hostile() { # what, name below p/, more members
	printf '{"p/%s": "v"%s}' "$2" "$3" >secrets.json
	ok "a secret named like this publishes nothing: $1" refuses 1 sync new x/=p/
	printf '{"s": {"%s": "v"%s}}' "$2" "$(printf %s "$3" | sed 's,"p/,",g')" >secrets.json
	ok "a key named like this neither: $1" refuses 1 sync new x/=s
}
hostile '../x' '../x'
hostile '/etc/passwd' '/etc/passwd'
hostile 'a, and a/b' 'a' ', "p/a/b": "w"'
hostile 'a/b, and a' 'a/b' ', "p/a": "w"'
hostile '.' '.'
hostile 'nothing' ''
hostile 'a//b' 'a//b'
hostile 'a/' 'a/'
hostile '300 bytes' "$long"
hostile 'a NUL' 'a\u0000b'
printf '{"s": {"a\\u001b[31m\\nb": "v"}}' >secrets.json
ok "a control character in a key is only a name" sync control x/=s
printf '{"s": {"a\\u001b[31m": "v", "a\\u001b[31m/b": ""}}' >secrets.json
"$secretdir" sync -q --source file:secrets.json new x/=s 2>clash.err
ok "and never reaches the terminal" sh -c "grep -q conflicts clash.err && ! grep -q '$e' clash.err"
printf '{"s": {"a\\u009b31m": "v"}}' >secrets.json
ok "nor does one of two bytes, in a plan" sh -c "'$secretdir' plan -q --source file:secrets.json new x/=s | grep -qF 'x/a\\xc2\\x9b31m'"
ok "or in JSON" sh -c "'$secretdir' plan -q --json --source file:secrets.json new x/=s | grep -qF 'x/a\\u009b31m'"
for text in '{"s": "\377"}' '{"s": "\303("}' '{"s": "\355\240\200"}' '{"s": "\\ud800"}' '{"s": "\\udc00\\ud800"}' '{"s": "a", "s": "b"}' '{"s": "a"' \
	'{"s": "a"} x' '["s"]' '' '{"s": 01}' '{"s": "a",}' '{"s": nul}' '{"s": "\n"}' '// c\n{"s": "a"}' '{"s": 1.}' '{"s": "\\x"}'; do
	printf "$text" >secrets.json
	ok "refused as JSON: $(printf %s "$text" | tr '\n' ' ')" refuses 1 sync new s
done
python3 -c "print('{\"s\":' + '[' * 100000 + ']' * 100000 + '}')" >secrets.json
ok "nor is it nested without end" refuses 1 sync new s
cat >secrets.json <<'END'
{"SecretValues": [{"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf", "Name": "a", "VersionId": "v2", "SecretString": "new", "VersionStages": ["AWSCURRENT"]},
 {"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf", "Name": "a", "VersionId": "v1", "SecretString": "old", "VersionStages": ["AWSPREVIOUS"]},
 {"Name": "b", "VersionId": "v1", "SecretBinary": "AAEC/w=="}], "Errors": [{"SecretId": "c", "ErrorCode": "AccessDeniedException", "Message": "no"}]}
END
ok "what the AWS CLI prints is a source" sync batch a old=a,stage=AWSPREVIOUS v1=a,version=v1 b arn=arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf
ok "with stages, versions and ARNs" test "$(cat batch/a batch/old batch/v1 batch/arn)" = newoldoldnew
ok "and bytes" holds batch/b '\000\001\002\377'
ok "an ARN's file has the secret's name" sh -c "'$secretdir' sync -q --source file:secrets.json arns arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf && test \$(cat arns/a) = new"
ok "no such stage" refuses 10 sync new a,stage=AWSPENDING
ok "and what it could not get stays denied" refuses 9 sync new c
arn=arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf
ok "an ARN as ECS writes it names stage and version, or leaves them empty" sync ecs "none=$arn:::" "stage=$arn::AWSPREVIOUS:" "version=$arn:::v1" "both=$arn::AWSCURRENT:v2"
ok "and is what it says" test "$(cat ecs/none ecs/stage ecs/version ecs/both)" = newoldoldnew
echo '{"ARN": "arn:aws:secretsmanager:us-east-1:1:secret:k-AbCdEf", "Name": "k", "VersionId": "v", "SecretString": "{\"user\": \"u\"}", "VersionStages": ["AWSCURRENT"]}' >secrets.json
ok "with a key, too" sync ecs key=arn:aws:secretsmanager:us-east-1:1:secret:k-AbCdEf:user::
ok "which is taken by itself" holds ecs/key u
echo '{"ARN": "arn:aws:x", "Name": "one", "VersionId": "v", "SecretString": "1", "VersionStages": ["AWSCURRENT"]}' >secrets.json
ok "a single secret as well" sync single one

# Formats.
cat >secrets.json <<'END'
{"s": {"b": "two words # $HOME \\n `id` \"q\"", "a": "line\nline\n", "_9": 1.50, "Z": true, "null": null, "tab": "\t é "},
 "nested": {"b": {"y": 1.0, "x": []}, "a": [{"d": 1, "c": 2}]}, "none": {}, "list": []}
END
ok "all keys in one file" sync formats s.env=s,format=env s.json=s,format=json n.json=nested,format=json b.json=nested:b,format=json none.env=none,format=env
ok "env: NAME='value', in the order of their bytes, null empty" holds formats/s.env \
	"Z='true'\n_9='1.50'\na='line\nline\n'\nb='two words # \$HOME \\\\n \`id\` \"q\"'\nnull=''\ntab='\t é '\n"
ok "json: sorted at every depth, compact, with the digits" holds formats/n.json '{"a":[{"c":2,"d":1}],"b":{"x":[],"y":1.0}}'
ok "of a key's object" holds formats/b.json '{"x":[],"y":1.0}'
ok "of no keys an empty file" test -f formats/none.env -a ! -s formats/none.env
"$secretdir" sync -q --source file:secrets.json pairs p/=s
reads() { # a reader of formats/s.env that prints NAME=VALUE NUL for each: it reads what the keys are published as
	for key in Z _9 a b null tab; do
		printf '%s=' $key; [ $key = null ] || cat pairs/p/$key; printf '\000'
	done >reads.wanted
	"$@" >reads.got && cmp reads.wanted reads.got
}
printf '. ./formats/s.env\nprintf "%%s\\0" "Z=$Z" "_9=$_9" "a=$a" "b=$b" "null=$null" "tab=$tab"\n' >reader.sh
ok "sh reads it" reads sh reader.sh
# A reader's own variables aside: only those of the file are printed.
echo 'for (const key of ["Z", "_9", "a", "b", "null", "tab"]) process.stdout.write(`${key}=${process.env[key]}\0`)' >reader.js
if node --env-file=formats/s.env -e 1 2>/dev/null; then ok "and Node's --env-file, alike" reads node --env-file=formats/s.env reader.js
else skip "and Node's --env-file, alike" "no node that has it"; fi
no_env() { # what, member
	printf '%s\n' "{\"s\": {$2}}" >secrets.json
	ok "refused in format=env, by its key: $1" sh -c "'$secretdir' sync -q --source file:secrets.json new s,format=env 2>no.err; test \$? = 1 && grep -q \"the key '$3' cannot be written with format=env\" no.err && ! grep -q canary no.err"
}
no_env "a single quote" '"k": "can'"'"'t canary"' k
no_env "a NUL" '"k": "canary\u0000"' k
no_env "a carriage return" '"k": "canary\r\n"' k
no_env "an object" '"k": {"canary": 1}' k
no_env "a list" '"k": ["canary"]' k
no_env "a name that no variable has" '"a-b": "canary"' a-b
no_env "a name that begins with a digit" '"1a": "canary"' 1a
echo '{"list": ["canary"]}' >secrets.json
ok "what is no object has no keys to format" refuses 1 sync new list,format=json

echo '{"s": "piped"}' >secrets.json
ok "the file of secrets may be standard input" sh -c "'$secretdir' sync -q --source file:- piped s <secrets.json && test \$(cat piped/s) = piped"
ok "also by its name" sh -c "'$secretdir' sync -q --source file:/dev/stdin piped t=s <secrets.json && test \$(cat piped/t) = piped"

# A failure leaves what is live.
echo '{"s": "1"}' >secrets.json
ok "all or nothing" sh -c "'$secretdir' sync -q --source file:secrets.json keep s && ! '$secretdir' sync -q --source file:secrets.json keep s t; test \$(cat keep/s) = 1 && ls .keep.atomicdir | wc -l | grep -qx 5"
mkdir real; echo 1 >real/f
ok "a directory at LINK is refused and untouched" sh -c "! '$secretdir' sync -q --source file:secrets.json real s && test \$(cat real/f) = 1"
ok "the check can say no" sh -c "'$secretdir' sync -q --source file:secrets.json --check 'test \$(cat s) = 2' new s; test \$? = 4 -a ! -e new"
ok "the hook runs" sh -c "'$secretdir' sync -q --source file:secrets.json --on-change 'cp \$ATOMICDIR_NEW/s $work/hooked' hook s && test \$(cat hooked) = 1"
ok "and its failure is status 3" sh -c "'$secretdir' sync -q --source file:secrets.json --on-change false hook t=s; test \$? = 3 -a -e hook/t"
ok "a generation that should be live, and is" sh -c "'$secretdir' sync --owner $(id -u) --source file:secrets.json --if-generation 1 keep s u=s >ifg 2>&1; cat ifg; test \"\$(cat ifg)\" = 'published 2 (2 files, 2 B)'"
ok "--if-generation" sh -c "'$secretdir' sync -q --source file:secrets.json --if-generation 7 hook t=s; test \$? = 7"

# A fetcher of somebody else's. The program looks for it beside itself.
mkdir -p lie/libexec/atomicdir; cp "$secretdir" lie/
printf '#!/bin/sh\ncat >request\ncat "$LIE"; sleep ${SLEEP:-0}; exit ${STATUS:-0}\n' >lie/libexec/atomicdir/fetch-lie; chmod +x lie/libexec/atomicdir/fetch-lie
export LIE="$work/reply"
field() { printf '%s %s\n%s\n' "$1" "$(printf %s "$2" | wc -c)" "$2"; }
file() { field index "$1"; field path "$2"; field source s; field version v; field value x; }
good() { file 0 s; field done 1; }
good >reply
ok "one that keeps to the protocol" lie/secretdir sync -q --source lie:argument good s,stage=x
ok "hears what is asked" test "$(tr '\n' ' ' <request)" = "atomicdir-fetch 1 1 option 17 argument=argument secret 1 s stage 1 x entry 1 0 end 0  "
ok "but fails after all" sh -c "STATUS=5 lie/secretdir sync -q --source lie new s; test \$? = 1 -a ! -e new"
file 0 s >reply
interrupt() {
	SLEEP=60 lie/secretdir sync -q --source lie cut s >cut.out 2>cut.err & pid=$!
	for i in $(seq 100); do [ -n "$(find .cut.atomicdir -name s 2>/dev/null)" ] && break; sleep 0.05; done
	grep -q 'Max core file size *0 *0' /proc/$pid/limits || return 1
	kill -TERM $pid; wait $pid; got=$?
	cat cut.err
	[ $got = 1 ] && [ "$(cat cut.err)" = "secretdir: terminated by SIGTERM; nothing was published, 'cut' is unchanged" ] &&
		[ "$(ls .cut.atomicdir | tr "\n" " ")" = "lock status " ] && [ ! -e cut ]
}
ok "SIGTERM ends a fetcher, and removes what had come" interrupt

locked() {
	"$atomicdir" fill held -- sh -c ': >'"$work"'/holding; while [ -e '"$work"'/holding ]; do sleep 0.02; done; echo 1 >f' 2>held.err & holder=$!
	until [ -e holding ]; do sleep 0.02; done
	lie/secretdir sync -q --source lie held s >cut.out 2>cut.err & pid=$!
	# It waits once it has the lock file open.
	for i in $(seq 500); do ls -l /proc/$pid/fd 2>/dev/null | grep -q 'held.atomicdir/lock' && break; sleep 0.02; done
	kill -TERM $pid; wait $pid; got=$?
	rm holding; wait $holder
	cat cut.err
	[ $got = 1 ] && [ "$(cat cut.err)" = "secretdir: terminated by SIGTERM; nothing was published, 'held' is unchanged" ] && [ -e held/f ]
}
good >reply
ok "SIGTERM ends the wait for another writer" locked
cp lie/libexec/atomicdir/fetch-lie kept
printf '#!/bin/sh\ncat >request\nsleep 600 &\necho $! >left.pid\ncat "$LIE"\n' >lie/libexec/atomicdir/fetch-lie
ok "what a fetcher leaves running holds nobody up" timeout -s KILL 60 lie/secretdir sync -q --source lie left s
ok "and does not outlive it" sh -c 'for i in $(seq 100); do kill -0 "$(cat left.pid)" || exit 0; sleep 0.05; done; exit 1'
mv kept lie/libexec/atomicdir/fetch-lie

# Owners.
echo '{"s": "1", "d/t": "2"}' >secrets.json
if [ "$(id -u)" = 0 ]; then
	ok "--owner" sync --owner 65534:12 owned s d/t r=s,owner=7 m=s,mode=0600,owner=8:9
	ok "is of files and directories, with the modes of a group" test \
		"$(stat -L -c '%u:%g:%a' owned owned/s owned/d owned/d/t owned/r owned/m | tr '\n' ' ')" \
		= "65534:12:551 65534:12:440 65534:12:550 65534:12:440 7:12:440 8:9:600 "
	mkdir setgid; chgrp 12 setgid; chmod 2755 setgid
	ok "a setgid parent" sync setgid/app s
	ok "gives its group to read" test "$(stat -L -c '%g:%a' setgid/app/s)" = 12:440
	"$secretdir" sync --source file:secrets.json rooted s >/dev/null 2>rooted.err
	"$secretdir" sync --source file:secrets.json rooted s >/dev/null 2>rooted.again
	ok "root is not told again where nothing changes" test ! -s rooted.again
	ok "root is told that only root can read it" test "$(cat rooted.err)" = "secretdir: warning: only root can read the files, whose mode is 0400; give them to somebody with --owner USER[:GROUP]"
	chmod 711 .; mkdir ours; chown 65534 ours; chmod 644 secrets.json
	if [ -x /usr/bin/setpriv ] && setpriv --reuid 65534 --clear-groups test -x "$secretdir" -a -r secrets.json; then
		ok "anybody may" setpriv --reuid 65534 --clear-groups "$secretdir" sync --source file:secrets.json ours/app s d/t
		ok "an entry's own owner can read it" sh -c "'$secretdir' sync --source file:secrets.json theirs d/t s=s,mode=0400,owner=65534 2>theirs.err &&
			test \"\$(cat theirs.err)\" = \"secretdir: warning: only root can read 1 of 2 files, such as 'd/t' (mode 0400); give them to somebody with --owner USER[:GROUP]\" &&
			test \"\$(setpriv --reuid 65534 --clear-groups cat theirs/s)\" = 1 && ! setpriv --reuid 65534 --clear-groups cat theirs/d/t && ! setpriv --reuid 65534 --clear-groups ls theirs/"
		ok "a directory can be passed by those who may read a file below it" sh -c "'$secretdir' sync -q --source file:secrets.json passed a/b/open=s,mode=0444 c/closed=s &&
			test \"\$(setpriv --reuid 65534 --clear-groups cat passed/a/b/open)\" = 1 && ! setpriv --reuid 65534 --clear-groups ls passed/a"
		ok "and no other" test "$(stat -L -c %a passed passed/a passed/a/b passed/c | tr '\n' ' ')" = "511 511 511 500 "
		ok "nobody is told that only root can read what others can" sh -c "'$secretdir' sync --source file:secrets.json readable s=s,mode=0444 2>&1 >/dev/null | grep -c 'only root' | grep -qx 0"
		ok "again and again" setpriv --reuid 65534 --clear-groups "$secretdir" sync --source file:secrets.json ours/app s
	else skip "anybody may" "no setpriv, or the tree is private"; fi
else skip "owners" "needs root"; fi
ok "the program links libc alone" sh -c "test -n '${SAN-}' || ! ldd '$secretdir' | grep -vE 'linux-vdso|libc\\.|ld-linux'"
ok "the fetcher of files knows no network" sh -c "! ldd '$here/build/libexec/atomicdir/fetch-file' | grep -E 'curl|ssl'"
finish
