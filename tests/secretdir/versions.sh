#!/bin/sh
# SPDX-License-Identifier: ISC
# Rounds that ask for versions first: what counts as moved, and how often AWS is asked for what. The rounds are run one by one by
# build/rounds (rounds.c), so that the calls of each can be counted.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
umask 022

start_server --region us-east-1 --region eu-west-1
log=$work/server/requests.log
put() { control put "$@" >/dev/null; }
arn() { control show "$1" --arn; }
current() { control show "$1" | python3 -c 'import json, sys
print(next(v for v, s in json.load(sys.stdin)["versions"].items() if "AWSCURRENT" in s))'; }

# watching OPTION... LINK ENTRY...: begins; round: one round, whose answer is in $answer, and whose calls are in $calls.
mkfifo to from
watching() {
	"$here/build/rounds" rounds "$@" <to >from 2>>said & rounds=$!
	exec 8>to 9<from
}
ended() { exec 8>&- 9<&-; wait "$rounds"; }
round() {
	before=$(wc -l <"$log")
	echo "$@" >&8
	# What is published is told on the same output.
	while read -r answer <&9; do case $answer in published*) ;; *) break ;; esac; done
	calls=$(tail -n +$((before + 1)) "$log" | sed -n 's/.*"operation": "\([A-Za-z]*\)".*/\1/p' | grep -v Head | sort | uniq -c |
		sed 's/^ *\([0-9]*\) \(.*\)/\1 \2/' | paste -sd, | sed 's/,/, /g')
}
# does CLAIM ANSWER CALLS [LINE]: a round, or what LINE says, ends so after these calls.
does() {
	claim=$1 wanted="$2: $3"; shift 3
	round "${@:-round}"
	is "$answer: $calls" "$wanted" "$claim"
}
has() { [ "$(cat "$1")" = "$2" ]; }
# What lies on the disk, and when it was last written.
disk() { find "$1" "$1/" ."$1".atomicdir -printf '%p %i %s %T@ %C@\n' | sort; }

# ---- Nothing, and one ----

for i in 1 2 3 4 5 6 7 8 9 10; do put "s$i" --string "v$i"; done
watching app s1 s2 s3 s4 s5 s6 s7 s8 s9 s10
does "the first round fetches everything" "0 changed" "1 BatchGetSecretValue"
was=$(disk app)
does "where nothing has moved each secret is described, and none is fetched" "0 same" "10 DescribeSecret"
is "$(disk app)" "$was" "and nothing is written on the disk"
put s3 --string new
does "one that has moved is described again until it has settled, and alone fetched" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
ok "so that readers have it" has app/s3 new
ok "and the others, which were carried" has app/s4 v4
ok "it is fetched by the version that was described" sh -c "grep GetSecretValue '$log' | tail -n 1 | grep -q '$(current s3)'"
does "then nothing has moved" "0 same" "10 DescribeSecret"
does "a full round fetches everything" "0 same" "1 BatchGetSecretValue" full
does "after which versions are asked for again" "0 same" "10 DescribeSecret"

# ---- What is on the disk ----

chmod u+w app/ app/s1; printf altered >app/s1
does "a file that was altered: everything is fetched" "0 changed" "1 BatchGetSecretValue"
ok "and is right again" has app/s1 v1
chmod u+w app/; rm -f app/s2
does "a file that is missing: everything is fetched" "0 changed" "1 BatchGetSecretValue"
ok "and is there again" has app/s2 v2
"$atomicdir" fill -q app -- sh -c 'echo foreign >s1'
does "another generation is live than the round before left: everything is fetched" "0 changed" "1 BatchGetSecretValue"
does "and then versions are enough" "0 same" "10 DescribeSecret"
number=$(readlink app); number=${number##*/}
cp ".app.atomicdir/$number.note" note; : >".app.atomicdir/$number.note"
does "a note that cannot be read: everything is fetched" "0 same" "1 BatchGetSecretValue"
does "and noted again" "0 same" "10 DescribeSecret"
sed -i '/^sealed /{N;d}' ".app.atomicdir/$number.note"
does "so it is where the note is of an earlier version" "0 same" "1 BatchGetSecretValue"
mkdir .app.atomicdir/999999; echo canary >.app.atomicdir/999999/left
does "what a killed round left does not keep a round from asking" "0 same" "10 DescribeSecret"
ok "and is removed by it" test ! -e .app.atomicdir/999999

# ---- Stages ----

v1=$(current s1); put s1 --string two
does "a new version" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
control stage s1 AWSCURRENT "$v1"
does "a stage that is moved back is published" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
ok "as it was before" has app/s1 v1
put s1 --string later --stage AWSPENDING
does "a version that is only pending has not moved" "0 same" "10 DescribeSecret"
control lag s1; put s1 --string three
does "a move is seen once descriptions tell of it" "0 same" "10 DescribeSecret"
does "a full round sees it before" "0 changed" "1 BatchGetSecretValue" full
does "an answer that is older than what is live is not published" "0 same" "10 DescribeSecret"
ok "so that readers keep the newer one" has app/s1 three
does "until a second round says the same" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
control lag s1 --off
does "after which it may be anything again" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
ok "and the newest is live" has app/s1 three

# ---- Deleted, and made anew ----

control delete s2
does "one that is marked for deletion is a failure, as it is to GetSecretValue" "10 same" "10 DescribeSecret"
ok "which says what to do" grep -q "s2: .*marked for deletion" said
control restore s2
does "restored, it has not moved" "0 same" "10 DescribeSecret"
control delete s2 --now
does "one that is gone is a failure" "10 same" "10 DescribeSecret"
put s2 --string anew --version-id "$(current s3)"
does "one that is made anew under its name has moved" "0 changed" "20 DescribeSecret, 1 GetSecretValue"
ok "and is published" has app/s2 anew
ended

# ---- Keys of one secret, versions, optional ones, two stages ----

put db --string '{"user": "u", "password": "p"}'
put pinned --string one; pinned=$(current pinned); put pinned --string two
watching keys user=db:user all/=db "fixed=pinned,version=$pinned" new,optional old=s1,stage=AWSPREVIOUS now=s1
round round
does "a secret is described once, whoever wants what of it; one in a fixed version not at all" "0 same" "3 DescribeSecret"
put db --string '{"user": "u", "password": "q"}'
does "another key moved: each entry of it is fetched, once" "0 changed" "6 DescribeSecret, 1 GetSecretValue"
ok "and published" has keys/all/password q
put new --string here
does "an optional one that appears is published" "0 changed" "6 DescribeSecret, 1 GetSecretValue"
ok "as the others are" has keys/new here
control delete new --now
does "one that goes is left out" "0 changed" "6 DescribeSecret"
ok "and only that" test ! -e keys/new -a -e keys/user
put s1 --string four
does "current and previous move together" "0 changed" "6 DescribeSecret, 2 GetSecretValue"
is "$(cat keys/old) $(cat keys/now)" "three four" "to what they are now"
ended

# ---- Prefixes ----

put p/a --string a; put p/b --string b
watching many p/
round round
does "a prefix is listed, and that is all" "0 same" "1 ListSecrets"
put p/c --string c
does "a new name is described, and fetched" "0 changed" "2 DescribeSecret, 1 GetSecretValue, 2 ListSecrets"
ok "and published beside the others" has many/p/c c
put p/a --string aa
does "so is one whose version differs" "0 changed" "2 DescribeSecret, 1 GetSecretValue, 2 ListSecrets"
control delete p/b --now
does "a name that is gone is described, and left out" "0 changed" "2 DescribeSecret, 2 ListSecrets"
is "$(ls many/p | paste -sd' ')" "a c" "and the others stay"
control lag p/a --lists; put p/a --string aaa
does "a list that is late has nothing to tell" "0 same" "1 ListSecrets"
round full; ok "a full round fetches by itself" has many/p/a aaa
does "what the list says otherwise than the note is not believed" "0 same" "1 DescribeSecret, 1 ListSecrets"
control lag p/a --off
control delete p/c
does "one that is marked for deletion is left out" "0 changed" "2 DescribeSecret, 2 ListSecrets"
ok "with a word" grep -q "'p/c' is left out, marked for deletion" said
control deny DescribeSecret
put p/d --string d
does "where nothing may be described the list is believed" "0 changed" "2 DescribeSecret, 1 GetSecretValue, 2 ListSecrets"
ended; control clear policy

# ---- What may not be described ----

put open --string o; put shut --string s
control deny DescribeSecret shut
watching hidden open shut
round round
does "one that may not be described is fetched instead" "0 same" "2 DescribeSecret, 1 GetSecretValue"
does "which is remembered" "0 same" "1 DescribeSecret, 1 GetSecretValue"
put shut --string t
does "so that it is published when it moves" "0 changed" "1 DescribeSecret, 2 GetSecretValue"
ok "as any other" has hidden/shut t
ended; control clear policy

# ---- Parameters ----

control parameter /p/one --string 1 >/dev/null; control parameter /p/two --string 2 >/dev/null
watching parameters one=/p/one,service=ssm all/=/p/,service=ssm o=open
round round; was=$(disk parameters)
does "parameters are fetched each time" "0 same" "1 DescribeSecret, 1 GetParameters, 1 GetParametersByPath"
is "$(disk parameters)" "$was" "and written only where they differ"
control parameter /p/two --string 22 >/dev/null
does "one that has moved is published" "0 changed" "1 DescribeSecret, 2 GetParameters, 2 GetParametersByPath"
ok "beside the others" has parameters/all/two 22
control parameter /p/one --delete; control parameter /p/one --string anew >/dev/null
round round; ok "also where its number begins again" has parameters/one anew
ended

# ---- With --transform ----

watching --transform 'cat open shut >both' made open shut
round round
does "what a transform made is as good as what was fetched" "0 same" "2 DescribeSecret"
put open --string oo
does "where one has moved everything is fetched" "0 changed" "1 BatchGetSecretValue, 4 DescribeSecret"
ok "and made anew" has made/both oot
chmod u+w made/ made/both; echo altered >made/both
does "so it is where what it made was altered" "0 changed" "1 BatchGetSecretValue"
ok "which is made anew too" has made/both oot
ended

# ---- Events ----

watching told s1 s2 s3 p/
round round
put s3 --string five; put s2 --string two
does "an event looks at its secret alone" "0 changed" "1 DescribeSecret, 1 GetSecretValue" event s3 "$(current s3)"
ok "and publishes it" has told/s3 five
ok "and nothing else" has told/s2 anew
does "an event by the secret's ARN" "0 changed" "1 DescribeSecret, 1 GetSecretValue" event "$(arn s2)" "$(current s2)"
does "one that tells what is known already" "0 same" "1 DescribeSecret" event s3 "$(current s3)"
put p/new --string n
does "one of a new name below a prefix" "0 changed" "1 DescribeSecret, 1 GetSecretValue" event p/new "$(current p/new)"
ok "is published" has told/p/new n
does "one of a secret that nobody asked for" "0 same" "" event other "$(current s3)"
control lag s3; put s3 --string six
does "a version that does not have its label yet is not published, and asked for again" "0 same open" "1 DescribeSecret" event s3 "$(current s3)"
control lag s3 --off
does "until it has" "0 changed" "1 DescribeSecret, 1 GetSecretValue" event s3 "$(current s3)"
ended

# ---- What was rolled back from ----

watching --keep 1 back s1 s2 bundle/=none,optional
does "(a round publishes)" "0 changed" "1 BatchGetSecretValue"
put s1 --string bad
does "(and what moved)" "0 changed" "6 DescribeSecret, 1 GetSecretValue"
"$here/build/atomicdir" rollback back >/dev/null
does "after a rollback everything is fetched, and held back" "4 same" "1 BatchGetSecretValue"
does "from then on versions are asked for, and nothing is fetched" "4 same" "3 DescribeSecret"
does "in each round" "4 same" "3 DescribeSecret"
does "by an event too" "4 same" "1 DescribeSecret" event s1
put s2 --string other
does "a version that moves lifts it" "0 changed" "6 DescribeSecret, 2 GetSecretValue"
ok "for all that is wanted" sh -c "grep -qx bad back/s1 && grep -qx other back/s2"
"$here/build/atomicdir" rollback back >/dev/null
does "(held back again)" "4 same" "1 BatchGetSecretValue"
does "(and not fetched)" "4 same" "3 DescribeSecret"
put s1 --string good; put s2 --string good
does "what replaces both is published, though the source knows what is live no more" "0 changed" "1 BatchGetSecretValue, 3 DescribeSecret"
ended

# ---- Keys ----

control role app
printf '[profile role]\nrole_arn = arn:aws:iam::123456789012:role/app\ncredential_source = Environment\nregion = us-east-1\n' >config
export AWS_CONFIG_FILE="$work/config"
watching --profile role kept s1 s2
does "the first round asks STS for keys" "0 changed keys" "1 AssumeRole, 1 BatchGetSecretValue"
does "the next one uses them" "0 same keys" "2 DescribeSecret"
put s1 --string seven
does "so does one that fetches" "0 changed keys" "4 DescribeSecret, 1 GetSecretValue"
does "a full round asks for others" "0 same keys" "1 AssumeRole, 1 BatchGetSecretValue" full
control expire
does "keys that have expired before their time are asked for anew, once" "0 same keys" "1 AssumeRole, 4 DescribeSecret"
control deny DescribeSecret s1
does "so are kept ones that something is denied" "0 same keys" "1 AssumeRole, 3 DescribeSecret, 1 GetSecretValue"
does "which is remembered" "0 same keys" "1 DescribeSecret, 1 GetSecretValue"
control clear policy
control fault throttle --forever
round round; is "$answer" "8 same throttled keys" "a source that is asked too often is told apart"
ended; control clear
control fault throttle --operation BatchGetSecretValue --forever
watching single s1 s2
does "a batch that is throttled goes on as single calls" "0 changed" "3 BatchGetSecretValue, 2 GetSecretValue"
ended; control clear
watching fixed s1
does "permanent keys are read each time, and not kept" "0 changed" "1 GetSecretValue"
ended
finish
