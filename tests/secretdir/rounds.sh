#!/bin/sh
# SPDX-License-Identifier: ISC
# What a round does beside fetching: what it notes, what others did before and meanwhile, its limits, and --transform.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
umask 022

sync() { "$secretdir" sync --source file:secrets.json -q "$@"; }
# says N TEXT COMMAND...: this status, and this one line on standard error.
says() {
	wanted=$1 text=$2; shift 2
	"$@" >says.out 2>says.err; got=$?
	cat says.err
	[ $got = "$wanted" ] && [ "$(cat says.err)" = "secretdir: $text" ] && [ ! -s says.out ]
}
field() { printf '%s %s\n%s\n' "$1" "$(printf %s "$2" | wc -c)" "$2"; }
file() { field index "$1"; field path "$2"; field source s; field version v; field value "$3"; }

# ---- The note ----

echo '{"a": "1", "b": "2"}' >secrets.json
mkdir -p own/libexec/atomicdir; cp "$secretdir" own/
# A source that says what it was asked, and answers with the value in the file `value`.
cat >own/libexec/atomicdir/fetch-own <<'END'
#!/bin/sh
cat >request
echo asked >>asked
while [ -e hold ] && [ "$(wc -l <asked)" = 1 ]; do sleep 0.02; done
cat reply
END
chmod +x own/libexec/atomicdir/fetch-own
own() { own/secretdir sync -q --source own "$@"; }
{ field index 0; field path a; field source s; field version v2; field created 1700000001.5; field value x; field done 1; } >reply
ok "versions are noted in fields" own noted a=s,stage=AWSPREVIOUS
tab=$(printf '\t')
like=$(stat -L -c '%s %i ' noted/a)$(stat -L -c %.9Z noted/a)
ok "the entries, and each file with what is known of it and what it is like" test "$(tr '\n' ' ' <.noted.atomicdir/000001.note)" = \
	"secretdir-note 1 1 entry 75 a=s,stage=AWSPREVIOUS${tab}a${tab}s${tab}${tab}${tab}${tab}AWSPREVIOUS${tab}${tab}${tab}${tab}${tab}${tab}0 0 0 0 4294967295 4294967295 file 1 a source 1 s version 2 v2 stage 11 AWSPREVIOUS created 12 1700000001.5 index 1 0 sealed ${#like} $like end 0  "
own noted a=s,stage=AWSPREVIOUS --region one,other
ok "a source that may have something older hears what is live, in fields" sh -c "tr '\\n' ' ' <request | grep -qF 'live 1 s live-path 1 a live-version 2 v2 live-stage 11 AWSPREVIOUS live-created 12 1700000001.5 secret 1 s '"
rm -f request; own noted a=s,stage=AWSPREVIOUS
ok "no other source does" sh -c "! grep -q live request"
printf '{"entries":[{"path":"a\\\\b\\"\\u000a\\u0085","source":"s","version":"v1"},{"path":"c","source":"t","version":"v2","service":"ssm","created":"7","place":"one"}]}' >.noted.atomicdir/000001.note
own noted a=s,stage=AWSPREVIOUS --region one,other
printf 'live 1\ns\nlive-path 7\na\\b"\n\302\205\nlive-version 2\nv1\nlive 1\nt\nlive-path 1\nc\nlive-version 2\nv2\nlive-service 3\nssm\nlive-created 1\n7\nlive-place 3\none\n' >wanted
ok "the note of version 0.1, a line of JSON, is read" sh -c "sed -n '/^live /,/^secret /p' request | sed '\$d' | cmp wanted -"
for note in '{"entries":[{"path":1}]}' '{"entries":[' 'secretdir-note 1
2
end 0

' 'file 1
a
' 'no note'; do
	printf '%s' "$note" >.noted.atomicdir/000001.note
	own noted a=s,stage=AWSPREVIOUS --region one,other
	ok "a note that cannot be read is not known, and said so: $(printf %s "$note" | head -1)" sh -c "grep -qx live=unknown request && ! grep -q '^live ' request"
done
own fresh a=s --region one,other
ok "where nothing is live, nothing is told" sh -c "! grep -q live request"
{ field index 0; field path a; field source s; printf 'version 16777216\n'; head -c 16777216 /dev/zero | tr '\0' v; echo; field value x; field done 1; } >reply
too_large() { # how many digits an inode has is not ours to say
	own large a=s 2>large.err; [ $? = 1 ] || return 1
	cat large.err
	[ "$(sed 's/take 16777[0-9]* bytes/take N bytes/' large.err)" = "secretdir: the versions of 1 files take N bytes, and a generation can hold 16777216 of them; publish fewer files here; nothing was published, 'large' is unchanged" ]
}
ok "versions that do not fit are an error" too_large
ok "and nothing is published" test ! -e large

# ---- What others did ----

killed() { # what a killed sync left, after a round that fetches nothing
	"$secretdir" sync -q --source file:secrets.json --check 'kill -9 $PPID' left a 2>/dev/null
	ls .left.atomicdir/*/a >/dev/null || return 1
	"$secretdir" sync -q --source file:nothing left a 2>/dev/null
	[ $? = 8 ] && ! ls .left.atomicdir/*/a 2>/dev/null
}
ok "what a killed sync left goes although the source cannot be reached" killed
planned() {
	"$secretdir" plan -q --source file:secrets.json --check 'kill -9 $PPID' planned a >/dev/null 2>&1
	ls .planned.atomicdir/*/a >/dev/null || return 1
	"$secretdir" plan -q --source file:nothing planned a 2>/dev/null
	[ $? = 8 ] && ! ls .planned.atomicdir/*/a 2>/dev/null
}
ok "what a killed plan left goes with the next one" planned
sync --keep 2 kept a=a; sync --keep 2 kept a=b; sync --keep 2 kept b=b
"$secretdir" sync -q --keep 0 --source file:nothing kept b=b 2>/dev/null
ok "but nothing that is kept" test "$(ls -d .kept.atomicdir/0*[0-9] | wc -l)" = 3

older() { # the round that asked first ends last
	{ file 0 a old; field done 1; } >reply; rm -f asked; : >hold
	own raced a=s & first=$!
	until [ -s asked ]; do sleep 0.02; done
	echo '{"s": "new"}' >newer.json
	"$secretdir" sync -q --source file:newer.json raced a=s || return 1
	{ file 0 a newer; field done 1; } >newer; mv newer reply.next
	# What the first run of the fetcher answers was old when it was asked.
	rm hold
	wait $first || return 1
	[ "$(wc -l <asked)" = 2 ]
}
ok "a round that fetched before another one published fetches again" older
ok "once where nobody did" sh -c "rm asked; own/secretdir sync -q --source own raced a=s && test \$(wc -l <asked) = 1"
ok "a directory that another round made live is not taken for its own" test "$(ls .raced.atomicdir | grep -c info)" = 1

# ---- Limits ----

: >asked; cat >own/libexec/atomicdir/fetch-slow <<'END'
#!/bin/sh
cat >/dev/null; sleep 600
END
chmod +x own/libexec/atomicdir/fetch-slow
ok "a round has a limit" says 8 "the round took longer than 200ms; nothing was published, 'late' is unchanged" own/secretdir sync -q --source slow --round-timeout 200ms late a
locked() {
	"$atomicdir" fill held -- sh -c ': >holding; cp holding "'"$work"'/holding"; while [ -e "'"$work"'/holding" ]; do sleep 0.02; done' 2>/dev/null & holder=$!
	until [ -e holding ]; do sleep 0.02; done
	says 8 "the round took longer than 300ms; nothing was published, 'held' is unchanged" "$secretdir" sync -q --source file:secrets.json --round-timeout 300ms held a; result=$?
	rm holding; wait $holder
	return $result
}
ok "waiting for another writer counts" locked
ok "a hook does not" sync --round-timeout 30s --on-change 'sleep 0.1' hooked a
ok "--require-tmpfs refuses what is on a disk" sh -c "case \$(stat -f -c %T .) in tmpfs | ramfs) exit 0 ;; esac
	'$secretdir' sync -q --source file:secrets.json --require-tmpfs new a 2>tmpfs.err; test \$? = 1 &&
	test \"\$(cat tmpfs.err)\" = \"secretdir: 'new' is not on tmpfs or ramfs, as --require-tmpfs demands; nothing was fetched\""
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && shm=$(mktemp -d /dev/shm/atomicdir.XXXXXX 2>/dev/null); then
	ok "and takes what is on tmpfs" sync --require-tmpfs "$shm/new" a
	rm -rf "$shm"
else skip "and takes what is on tmpfs" "no tmpfs at /dev/shm"; fi

# ---- --transform ----

echo '{"key": "k", "cert": "c"}' >secrets.json
both='cat key cert >both; date +%N >made; echo x >>'$work/ran
made() { sync --transform "$both" "$@"; }
ok "a command makes more files of several secrets" made pair key cert
ok "which are published with them" test "$(ls pair/ | tr '\n' ' ') $(cat pair/both)" = "both cert key made  kc"
ok "with the mode of the others" test "$(stat -L -c %a pair/both pair/key | tr '\n' ' ')" = "400 400 "
ok "the note says which files are the entries'" sh -c "grep -A1 '^file ' .pair.atomicdir/*.note | grep -xE 'key|cert|both' | tr '\n' ' ' | grep -qx 'cert key '"
ok "the same again is unchanged, and runs nothing" sh -c "test \"\$('$secretdir' sync --source file:secrets.json --transform '$both' pair key cert)\" = 'unchanged 1' && test \$(wc -l <ran) = 1"
ok "in another order too" sh -c "test \"\$('$secretdir' sync --source file:secrets.json --transform '$both' pair cert key)\" = 'unchanged 1' && test \$(wc -l <ran) = 1"
runs() { was=$(wc -l <ran); "$@" && [ "$(wc -l <ran)" = $((was + 1)) ]; }
echo '{"key": "k", "cert": "d"}' >secrets.json
ok "it runs where the bytes of an entry differ" runs made pair key cert
ok "and its output is of those" test "$(cat pair/both)" = kd
ok "where a mode differs" runs made pair key,mode=0440 cert
ok "where a path differs" runs sync --transform 'cat k >both; echo x >>'"$work/ran" pair k=key cert
ok "where its own text differs" runs sync --transform 'cat k k >both; echo x >>'"$work/ran" pair k=key cert
if [ "$(id -u)" = 0 ]; then ok "where an owner differs" runs sync --transform 'cat k k >both; echo x >>'"$work/ran" pair k=key,owner=7 cert
else skip "where an owner differs" "needs root"; fi
ok "without it, its files are gone" sync pair key cert
ok "and it runs anew" runs made pair key cert
rm -f .pair.atomicdir/*.note
ok "it runs where there is no note" runs made pair key cert
ok "it sees the paths that it may need, and no key" sync --transform 'echo "$ATOMICDIR_LINK $ATOMICDIR_STAGE $PWD $ATOMICDIR_LIVE ${AWS_SECRET_ACCESS_KEY-none}" >seen' seen key
ok "LINK, the stage, which is its directory, and no live one at first" test "$(cat seen/seen)" = "$work/seen $work/.seen.atomicdir/000001 $work/.seen.atomicdir/000001  none"
ok "nor one that is in the environment" sh -c "AWS_SECRET_ACCESS_KEY=canary '$secretdir' sync -q --source file:secrets.json --transform 'echo \"\$ATOMICDIR_LIVE \${AWS_SECRET_ACCESS_KEY-none}\" >seen' seen key &&
	test \"\$(cat seen/seen)\" = '$work/.seen.atomicdir/000001 none'"
ok "a mode that it sets stays, also of directories" sync --transform 'mkdir -p d/e; chmod 0750 d; echo x >d/e/f; echo y >g; chmod 0644 g; (umask 077; echo z >h); : >i; chmod +x i' modes key
ok "what it does not set is the default" test "$(cd modes && stat -c '%n %a' d d/e d/e/f g h | tr '\n' ' ')" = "d 750 d/e 500 d/e/f 400 g 644 h 600 "
refused() { # what, COMMAND, TEXT
	ok "refused: $1" says 1 "$3; nothing was published, 'new' is unchanged" sync --transform "$2" new key cert
}
refused "one that fails" 'exit 3' "the transform failed: 'exit 3' exited with status 3"
for command in 'printf K >key' 'printf K >x; mv x key' 'chmod 0644 key' 'rm key' 'echo more >>key' 'rm key; ln -s cert key' 'cp key x; mv x key'; do
	refused "one that changes an entry's file: $command" "$command" \
		"the transform changed 'key', which is the file of an entry; let it make files of other names"
done
ok "refused: one that takes too long" says 1 "the transform failed: 'sleep 60' timed out after 300ms and was terminated; nothing was published, 'new' is unchanged" \
	sync --hook-timeout 300ms --transform 'sleep 60' new key
ok "a failed one leaves what is live" sh -c "! '$secretdir' sync -q --source file:secrets.json --transform false pair key 2>/dev/null && test -e pair/both"
ok "the check sees what it made" sync --transform 'echo x >made' --check 'test -e made' checked key
ok "plan tells of it" test "$("$secretdir" plan -q --source file:secrets.json --transform 'mkdir d; echo x >d/made' planned2 key)" = "A key (key, 1 B)
A d/made (transform)"
ok "and of what would go" sh -c "'$secretdir' plan -q --source file:secrets.json checked key | grep -qx 'D made'"
if [ "$(id -u)" = 0 ]; then
	ok "its files get the owner of the others, unless it set one" sync --owner 65534:12 --transform 'mkdir d; echo x >d/f; echo y >g; chown 7 g' owned key
	ok "directories, too" test "$(cd owned && stat -c '%n %u:%g:%a' d d/f g | tr '\n' ' ')" = "d 65534:12:550 d/f 65534:12:440 g 7:0:440 "
else skip "its files get the owner of the others" "needs root"; fi
# ---- A hook that fails ----

echo '{"a": "1"}' >secrets.json; sync undone a
echo '{"a": "2"}' >secrets.json
ok "with --rollback-on-failure a hook that fails brings the secrets back that were live before" status 4 sync undone a --on-change false --rollback-on-failure
ok "so that readers have those" test "$(cat undone/a)" = 1
ok "a plan with that option runs no hook" "$secretdir" plan --source file:secrets.json undone a --on-change false --rollback-on-failure

# ---- A volume ----

echo '{"a": "1", "b": "2"}' >secrets.json
ok "secrets are published in a volume" sync --layout volume vol a b
is "$(cat vol/a vol/b; readlink vol/a)" "12..data/a" "by name"
echo '{"a": "3", "c": "4"}' >secrets.json
ok "names come and go" sync vol a c
is "$(ls vol; cat vol/a vol/c)" "$(printf 'a\nc\n34')" "with their content"
is "$(ls vol/..atomicdir | grep -c '^[0-9]*$')" 1 "and replaced secrets are gone at once"
rm vol/c
ok "a name that was lost comes back" sync vol a c
is "$(cat vol/c)" 4 "though nothing moved"
if [ "$(id -u)" = 0 ]; then
	mkdir group; chgrp 12 group; chmod 2777 group
	sync --layout volume group a; is "$(stat -Lc '%a %g' group/a)" "440 12" "a volume that gives its group lets it read"
else skip "a volume that gives its group lets it read" "needs root"; fi

finish
