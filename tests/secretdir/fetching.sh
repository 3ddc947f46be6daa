#!/bin/sh
# SPDX-License-Identifier: ISC
# How secrets are fetched: how many requests over how many connections, what is asked again and what not, another region, parameters; and that
# each failure says what, why, and what to do. Counts are from the server's log.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
. "$here/tests/aws/asked.sh"
secretdir=$here/build/secretdir

sync() { "$secretdir" sync -q "$@"; }
put() { control put "$@" >/dev/null; }
arn() { control show "$1" --arn; }
fresh() { control clear; control clear requests; }
fault() { fresh; control fault "$@"; }
connections() { got=$(control requests --connections); [ "$got" -le "$1" ] || { echo "$got connections"; return 1; }; }

# fetch FIELD=VALUE...: what the fetcher itself answers, with the keys of this environment.
fetch() {
	{
		printf 'atomicdir-fetch 1\n1\n'
		for one in "$@" end=; do value=${one#*=}; printf '%s %d\n%s\n' "${one%%=*}" ${#value} "$value"; done
	} | "$here/tests/aws/fetch.py" "$here/build/libexec/atomicdir"
}

start_server --region us-east-1 --region eu-west-1
for i in $(seq 100); do printf '%s"all/%03d": "value %d"' "$([ "$i" = 1 ] || echo ,)" "$i" "$i"; done | sed 's/^/{/; s/$/}/' >all.json
control load all.json
seq -f 'all/%03g' 100 >all.entries

# ---- Batches ----

fresh
ok "a hundred secrets" sync all --entries all.entries
ok "are five batches" asked 5 BatchGetSecretValue
ok "over five connections at most" connections 5
ok "and each has its own value" test "$(cat all/all/001 all/all/042 all/all/100)" = "value 1value 42value 100"
fresh
ok "all below a prefix" sync prefix all/
ok "are a list and five batches" asked 1 ListSecrets 5 BatchGetSecretValue
ok "with the same files" diff -r all/all prefix/all
fresh
ok "one alone" sync one all/001
ok "is got directly" asked 1 GetSecretValue
fresh
ok "by ARN, and by name, and parts of it" sync arns a="$(arn all/001)" b="$(arn all/002)" c=all/003 d=all/001 e=all/003
ok "are batches of their own" asked 2 BatchGetSecretValue
ok "and each is the right one" test "$(cat arns/a arns/b arns/c arns/d arns/e)" = "value 1value 2value 3value 1value 3"
partial=$(arn all/001)
ok "an ARN without its six characters is found in a batch" sync arns a="${partial%-*}" b="$(arn all/002)"
fresh; control deny secretsmanager:BatchGetSecretValue
ok "where batches are denied" sync all --entries all.entries
ok "each comes by itself" asked 5 BatchGetSecretValue 100 GetSecretValue
ok "over eight connections" connections 8
ok "eight at a time at most" test "$(control requests --at-once)" -le 8
fresh; control paging --limit 30
ok "pages of a list are followed, and then there are batches" sync prefix all/
ok "of twenty" asked 4 ListSecrets 5 BatchGetSecretValue

# ---- What a batch says of one ----

put gone --string x; control delete gone
put locked --string x --kms-key arn:aws:kms:us-east-1:1:key/k
for i in 1 2; do
	with=$([ $i = 1 ] || echo all/001)
	fresh
	ok "not there ($i)" says 10 "nothing: " "ResourceNotFoundException" "check its name" -- sync new nothing $with
	ok "marked for deletion ($i)" says 10 "gone: " "InvalidRequestException" "marked for deletion" restore-secret -- sync new gone $with
	control deny kms:Decrypt
	ok "its key denied ($i)" says 9 "locked: " "AccessDeniedException" "allow kms:Decrypt" -- sync new locked $with
	fresh; control deny secretsmanager:GetSecretValue locked
	ok "denied ($i)" says 9 "locked: " "allow secretsmanager:GetSecretValue on $(arn locked)" -- sync new locked $with
done
fresh; control deny secretsmanager:GetSecretValue locked
ok "kms:Decrypt is named only where KMS is" sh -c "'$secretdir' sync -q new locked all/001 2>&1 | grep -c kms | grep -qx 0"
fresh; control deny secretsmanager:ListSecrets
ok "not allowed to list" says 9 "all/: ListSecrets: AccessDeniedException" "allow secretsmanager:ListSecrets on *" -- sync new all/
fresh
ok "optional ones that are not there, or marked, are absent" sync optional nothing,optional gone,optional all/001
ok "but for them all is there" test "$(cd optional && find . -type f)" = ./all/001
fault item --secret all/007 --code DecryptionFailure --message "The key is disabled."
ok "an error inside a 200 is one" says 1 "all/007: BatchGetSecretValue: DecryptionFailure, request " "The key is disabled" "allow kms:Decrypt on it" \
	-- sync new --entries all.entries
fault item --secret all/007 --code InternalServiceError
ok "one that is wrong for a while inside a 200" sync all --entries all.entries
ok "is asked for by itself" asked 5 BatchGetSecretValue 1 GetSecretValue
fresh; control deny secretsmanager:GetSecretValue
ok "many failures are one line that counts them" says 9 "all/001: " "99 more failed" -- sync new --entries all.entries
fresh; control delete all/050 --listed
ok "one that only the list has still" says 10 "secret:all/050-" "it is on the list of secrets still" -- sync new all/
fresh; control put all/050 --string "value 50" >/dev/null
control name swapped --string x --returned all/003 >/dev/null
ok "an answer for another secret than those asked for" says 1 "a secret that was not asked for" -- sync new swapped all/001
control delete swapped --now
for form in truncated-json wrong-types empty not-object trailing; do
	fault garbage --form $form --forever --operation BatchGetSecretValue
	ok "a batch that is garbage: $form" says 1 "all/001" -- sync new all/001 all/002
done

# ---- Asked again ----

fault error --count 2
ok "failures of a while" sync all --entries all.entries
ok "are asked again, and only they" asked 7 BatchGetSecretValue
fault throttle --count 1
ok "throttled with a 400" sync all all/001 all/002
ok "likewise" asked 2 BatchGetSecretValue
fault error --forever
ok "for ever" says 8 "all/001 and 1 more: BatchGetSecretValue: InternalServiceError" "3 attempts; try again later" -- sync new all/001 all/002
ok "three times and not by themselves" asked 3 BatchGetSecretValue
fault error --forever --operation GetSecretValue; control deny secretsmanager:BatchGetSecretValue
ok "a hundred that fail" says 8 "and too much has failed to ask again" -- sync new --entries all.entries
ok "are not asked a second time: the quota is for all" asked 5 BatchGetSecretValue 100 GetSecretValue
fault throttle --forever
ok "AWS_MAX_ATTEMPTS" says 8 "2 attempts" -- env AWS_MAX_ATTEMPTS=2 "$secretdir" sync -q new all/001
ok "is obeyed" asked 2 GetSecretValue
fault error --forever
ok "AWS_RETRY_MODE=legacy" says 8 "5 attempts" -- env AWS_RETRY_MODE=legacy "$secretdir" sync -q new all/001
ok "is five" asked 5 GetSecretValue
fault error --forever
ok "adaptive is as standard" says 8 "3 attempts" -- env AWS_RETRY_MODE=adaptive "$secretdir" sync -q new all/001
ok "another mode" says 2 "AWS_RETRY_MODE" "legacy" -- env AWS_RETRY_MODE=fast "$secretdir" sync -q new all/001
for bad in 0 x -1 1000 3x; do
	ok "AWS_MAX_ATTEMPTS=$bad" says 2 "AWS_MAX_ATTEMPTS" -- env AWS_MAX_ATTEMPTS=$bad "$secretdir" sync -q new all/001
done
fault error --retry-after-ms 600000
ok "what the server asks for is not waited for in full" timeout 30 "$secretdir" sync -q all all/001
fault cut --where before
ok "a connection that is cut" sync all --entries all.entries
ok "is one call more" asked 6 BatchGetSecretValue
plain=$(cat server/address.http)
ok "a server that speaks no TLS is one that cannot be reached" says 8 "all/001: GetSecretValue: cannot be reached: no TLS connection: " "3 attempts; try again later" \
	-- sync --endpoint-url "https${plain#http}" new all/001
# The last of them begins when the first has been answered for longer than an answer may take.
fault delay --seconds 4 --forever --operation GetSecretValue; control deny secretsmanager:BatchGetSecretValue
head -25 all.entries >some.entries
ok "the time that one waits for its turn is not the server's" env AWS_MAX_ATTEMPTS=1 "$secretdir" sync -q all --entries some.entries
ok "so none is asked twice" asked 2 BatchGetSecretValue 25 GetSecretValue

# ---- Who asks, and when ----

fault expired
ok "keys from the environment cannot be renewed" says 9 "ExpiredTokenException" "get new ones" -- sync new all/001
ok "so they are not asked with again" asked 1 GetSecretValue
renewed() {
	fresh; control container /keys --role reader
	control fault expired --service secretsmanager --count "$1"
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/keys" "$secretdir" sync -q renewed all/001
}
ok "keys that have expired are renewed" renewed 1
ok "once" asked 2 ContainerCredentials 2 GetSecretValue
ok "not for ever" status 9 renewed 5
ok "but once" asked 2 ContainerCredentials 2 GetSecretValue
# The signature of one who is off by less than a quarter of an hour is taken.
off_and_expired() {
	fresh; control clock 600; control container /keys --role reader; control fault expired --service secretsmanager
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/keys" "$secretdir" sync -q renewed all/001
}
ok "keys that have expired are renewed whatever the clock here says" off_and_expired
ok "once" asked 2 ContainerCredentials 2 GetSecretValue

# ---- Clocks ----

off() { fresh; control clock "$@"; }
wrong_key() {
	AWS_SECRET_ACCESS_KEY=wrong "$secretdir" sync -q new all/001 2>told; got=$?
	cat told; [ $got = 9 ] && grep -q "InvalidSignatureException.*the secret access key" told && [ "$(grep -c "the clock here" told)" = "$1" ]
}
off 600
ok "ten minutes are no matter" sync clock all/001
ok "and nothing is asked again" asked 1 GetSecretValue
if can_date; then
	for seconds in 7200 -10800; do
		off $seconds
		ok "a server's clock that is off by $seconds s is signed with" sync clock all/001
		ok "at the second request" asked 2 GetSecretValue
		off $seconds
		ok "so are batches that are under way at once" sync all --entries all.entries
		ok "each at its second request" asked 10 BatchGetSecretValue
		ok "with the same files" diff -r prefix/all all/all
		off $seconds
		ok "what is asked later" sync prefix all/
		ok "is signed with it at once" asked 2 ListSecrets 5 BatchGetSecretValue
	done
	for code in SignatureDoesNotMatch RequestTimeTooSkewed RequestExpired; do
		off 7200 --code $code
		ok "whatever it is called: $code" sync clock all/001
	done
	off 0 --step 7200
	ok "a clock that runs away is not run after" says 9 "the clock here is 240 minutes behind the server's: set it" -- sync new all/001
	ok "after the second request" asked 2 GetSecretValue
	off 7200
	ok "a wrong key is the cause where the clock is none any more" wrong_key 0
	ok "at the second request" asked 2 GetSecretValue
else
	off 7200
	ok "a clock that is behind is named in minutes" says 9 "the clock here is 120 minutes behind the server's: set it" -- sync new all/001
	ok "and not asked with again" asked 1 GetSecretValue
	ok "before all else that is said" sh -c "'$secretdir' sync -q new all/001 2>&1 | grep '^secretdir: all/001: the clock here is .*: set it; GetSecretValue: .*; if it is still refused then, check the secret access key'"
	off -10800
	ok "so is one that is ahead" says 9 "the clock here is 180 minutes ahead of the server's: set it" -- sync new all/001
	for code in SignatureDoesNotMatch RequestTimeTooSkewed RequestExpired; do
		off 7200 --code $code
		ok "whatever it is called: $code" says 9 "$code" "the clock here is 120 minutes behind the server's" -- sync new all/001
	done
	off 7200
	ok "a wrong key and a clock that is off are both named" wrong_key 1
fi

# ---- Tags ----

fresh
put tagged/a --string a --tag env=prod --tag team=web
put tagged/b --string b --tag env=production --tag team=web
put tagged/c --string c --tag team=prod --tag env=web
put tagged/d --string d --tag env=prod --tag team=data
tagged() { wanted=$1; shift; sync tags "$@" && test "$(cd tags/tagged && echo *)" = "$wanted"; }
ok "a tag has just this key with just this value" tagged "a d" --tag env=prod tagged/
ok "tags are all wanted" tagged a --tag env=prod --tag team=web tagged/
ok "an entry that is no prefix is taken whatever its tags" sh -c "'$secretdir' sync -q tags --tag env=prod tagged/ x=tagged/b && test -e tags/x"
put tagged/gone --string g --tag env=prod; control delete tagged/gone
ok "one that is marked for deletion is left out of a prefix" tagged "a d" --tag env=prod tagged/
ok "and told, with how to have it back" sh -c "'$secretdir' sync tags tagged/ 2>&1 >/dev/null | grep -qx \
	\"secretdir: warning: one of 'tagged/' is left out, marked for deletion: tagged/gone; to have it back: aws secretsmanager restore-secret\""
ok "but not where its tag is not asked for" sh -c "'$secretdir' sync tags --tag env=web tagged/ 2>err >out && ! grep marked err"
put ended/a --string a; control delete ended/a
ok "a prefix of which all are marked" says 10 "ended/: all that the entry takes is marked for deletion; restore 'ended/a'" -- sync new ended/
ok "an optional one of these is absent" sh -c "'$secretdir' sync -q tags ended/,optional && test -z \"\$(ls tags)\""
put once --string o; ok "an optional one that is there" sync optional once,optional
control delete once
ok "may be left out when it is marked for deletion" sh -c "'$secretdir' sync optional once,optional 2>told >out && test ! -e optional/once"
ok "but not without a word" grep -qx "secretdir: warning: 'once' is left out, marked for deletion; to have it back: aws secretsmanager restore-secret" told
ok "no secret with this tag" says 10 "tagged/: no secret with this --tag has a name that begins so" -- sync new --tag env=nothing tagged/
ok "no prefix to which a tag belongs" says 2 "--tag" -- sync new --tag env=prod tagged/a
ok "no tag" says 2 "KEY=VALUE" -- sync new --tag env tagged/
ok "no tags in a file" says 2 "--tag" -- sync new --source file:all.json --tag env=prod all/

# ---- Many batches ----

python3 -c 'import json; json.dump({"lot/%03d" % i: "v%d" % i for i in range(401)}, open("lot.json", "w"))'
control load lot.json; seq -f 'lot/%03g' 0 400 >lot.entries
fresh
ok "four hundred secrets and one" sync lot --entries lot.entries
ok "are twenty batches and one call" asked 20 BatchGetSecretValue 1 GetSecretValue
fresh; control deny secretsmanager:BatchGetSecretValue
ok "where batches are denied" sync lots --entries lot.entries
ok "no more of them are asked for than go out at once" asked 8 BatchGetSecretValue 401 GetSecretValue
ok "and nothing is otherwise" diff -r lot/lot lots/lot
control clear requests
ok "whatever stands before them" sync lots z=lot/000,stage=AWSCURRENT --entries lot.entries
ok "is asked for then too" asked 8 BatchGetSecretValue 402 GetSecretValue
fresh

# ---- Values and names ----

put nothing --string '{}'; printf '\357\273\277{"k":"v"}' >marked; put marked --file marked
ok "an object without keys is nothing to publish" says 10 "nothing: the value is an object without keys, so there is nothing to publish; mend the entry, or make it optional; nothing was" -- sync new k/=nothing
ok "but may be where the entry is optional" sync optional k/=nothing,optional once/=marked
ok "a byte order mark before JSON is no part of it" test "$(cat optional/once/k)" = v
ok "but one of a value is" sh -c "'$secretdir' sync -q optional marked && cmp marked optional/marked"
printf '\357\273\277# entries\nmarked\n' >marked.entries; printf '\357\273\277- secret: marked\n  path: two\n' >marked.yaml
ok "nor is one in a list of entries, or in a spec" sh -c "'$secretdir' sync -q optional --entries marked.entries --spec marked.yaml && cmp marked optional/two"
ok "all that fail are named" says 10 "no1: " "3 more failed: no2, no3, no4;" -- sync new no1 no2 marked no3 x=no2:k no4
for i in $(seq 30); do echo "a-name-that-is-not-there-and-takes-room-$i"; done >none.entries
ok "as far as there is room" says 10 "29 more failed: a-name-that-is-not-there-and-takes-room-2, " "-5, ...;" -- sync new --entries none.entries
ok "an absolute path is told how to be another" says 2 "it is absolute; write PATH=SECRET with another PATH" -- sync new /a/b
proxied() { HTTPS_PROXY="$1" https_proxy="$1" "$secretdir" sync -q new marked 2>told; cat told; ! grep -qE 'hun|ter2' told && grep -q -- "$2" told; }
# A listener that meets each connection so; what it met is counted in met.
cat >meets.py <<'PY'
import socket, struct, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(20)
open("port.new", "w").write(str(listener.getsockname()[1]))
__import__("os").rename("port.new", "port")
met = 0
while True:
    connection = listener.accept()[0]
    connection.recv(65536)
    met += 1
    open("met", "w").write(str(met))
    if sys.argv[1] == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif sys.argv[1] == "407":
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    connection.close()
PY
met() { # HOW VARIABLE SCHEME STATUS TEXT...
	rm -f port met; python3 meets.py "$1" & listener=$!
	while [ ! -e port ]; do sleep 0.05; done
	variable=$2 value=$3://127.0.0.1:$(cat port) wanted=$4; shift 4
	says "$wanted" "$@" -- env "$variable=$value" "$secretdir" sync -q new marked; ended=$?
	kill $listener; wait $listener 2>/dev/null; return $ended
}
ok "a connection that is reset in its handshake" met reset AWS_ENDPOINT_URL https 8 "cannot be reached" "reset" "3 attempts"
ok "is tried again" test "$(cat met)" = 3
ok "so is one that just ends" met end AWS_ENDPOINT_URL https 8 "cannot be reached" "3 attempts"
ok "a proxy that knows nobody" met 407 https_proxy http 8 "the proxy of https_proxy wants a user and a password" "407"
ok "one that is not there" says 8 "through the proxy of HTTPS_PROXY: check that, or list the host in NO_PROXY" -- env HTTPS_PROXY=http://127.0.0.1:1 "$secretdir" sync -q new marked
ok "one that is none" says 2 "the proxy of HTTPS_PROXY is no URL of one" "mend it, or unset it" -- env HTTPS_PROXY=nosuch://127.0.0.1:1 "$secretdir" sync -q new marked
ok "a proxy's password is not told" proxied 'nosuchscheme://user:hun@ter2@127.0.0.1:9' https_proxy
for url in 'http://user:hun,ter2@127.0.0.1:1' "socks9://u:hun'ter2@127.0.0.1" 'user:hunter2@127.0.0.1 1' "http://user:$(printf 'hunter2%.0s' $(seq 40))@127.0.0.1:18999x"; do
	ok "however it is written" proxied "$url" HTTPS_PROXY\\\|https_proxy
done
policy_proxied() { HTTPS_PROXY="$1" https_proxy="$1" "$secretdir" policy marked >out 2>told; cat told; grep -q "by name" told && ! grep -qE 'hun|ter2' told; }
ok "nor by a policy" policy_proxied 'http://user:hun@ter2@127.0.0.1:1'
ok "nor is one that is no URL" proxied 'http://user:hun@ter2@127.0.0.1:18999x' https_proxy

# ---- Another region ----

two() { sync --region us-east-1,eu-west-1 "$@"; }
put db --string one --version-id 11111111-1111-1111-1111-111111111111; put db --region eu-west-1 --string one --version-id 11111111-1111-1111-1111-111111111111
put reg/a --string here; put reg/a --region eu-west-1 --string there
for region in us-east-1 eu-west-1; do put more --region $region --string m --version-id 33333333-3333-3333-3333-333333333333; done
fresh
ok "where the first region answers" two region db more
ok "the other is not asked" asked 1 BatchGetSecretValue
sleep 0.01; put db --string two --version-id 22222222-2222-2222-2222-222222222222
ok "a newer version is published" two region db more
fault error --region us-east-1 --forever
older() { "$secretdir" sync --region us-east-1,eu-west-1 region db more ${2-} 2>told; got=$?; cat told; [ $got = 8 ] && grep -q "$1" told; }
ok "an older one does not replace it" older "db: version 1111.* of region eu-west-1 is older than 2222.*, which is published: that region lags behind"
fault error --region us-east-1 --forever
ok "that another region was asked is told" older "region eu-west-1 is asked instead of us-east-1: .*InternalServiceError"
ok "with no reason beside that" sh -c "! grep 'Cannot allocate' told"
ok "what is live stays" test "$(cat region/db)" = two
ok "each region was asked as often as it takes" asked 4 BatchGetSecretValue
ok "nor does it at another path" older "that region lags behind" renamed=db
put db --region eu-west-1 --string two --version-id 22222222-2222-2222-2222-222222222222
fault cut --where before --region us-east-1 --forever
ok "the same version is fine" two region db more
sleep 0.01; put db --region eu-west-1 --string three
ok "and a newer one" two region db more
ok "is published" test "$(cat region/db)" = three
fresh
ok "the first region's older one does not come back over it" older "version 2222.* of region us-east-1 is older than .* or take it all the same with --region us-east-1 alone"
put db --string four; fresh
ok "but a newer one" two region db more
ok "is published then" test "$(cat region/db)" = four
sleep 0.01; put db --string five; sleep 0.01; control stage db AWSCURRENT 22222222-2222-2222-2222-222222222222
ok "an older version that the first region has put back" two region db more
ok "is what is wanted" test "$(cat region/db)" = two
fault cut --where before --region us-east-1 --forever
ok "where nothing is live, any is" two first db more
# Of what is live nothing goes because a region does not have it.
put spare --string s; for name in a b; do put pair/$name --string here; done; put pair/a --region eu-west-1 --string there
fresh
ok "what the other region has not" two lacks db spare,optional pair/
fault error --region us-east-1 --forever
ok "stays" says 8 "region eu-west-1 was asked since us-east-1 fails" "InternalServiceError" -- two lacks db spare,optional
ok "also of a prefix" says 8 "pair/b: it is published, and not on the list of the region that is asked instead of us-east-1" -- two lacks db pair/
ok "all of it" test "$(cat lacks/spare lacks/pair/b)" = shere
ok "what was not there before need not be" two lacks2 db never,optional
ok "what it does not have, or not allow, is not missing, but out of reach" says 8 "ResourceNotFoundException" "us-east-1 fails" -- two new db spare
fresh
for name in cert key; do put $name --string a; put $name --region eu-west-1 --string b; done
control fault error --region us-east-1 --secret key --operation GetSecretValue --status 503 --forever
ok "a round is of one region, also where the first has half of it" two whole cert,stage=AWSCURRENT key,stage=AWSCURRENT
ok "so that no pair is torn" test "$(cat whole/cert whole/key)" = bb
fresh
for i in $(seq 400); do printf '%s"a-long-name-for-a-secret-that-fills-the-record-of-versions/%03d": "old"' "$([ "$i" = 1 ] || echo ,)" "$i"; done | sed 's/^/{/; s/$/}/' >many.json
control load many.json --region eu-west-1; sleep 0.01; sed 's/old/new/g' many.json >newer.json; control load newer.json
python3 -c 'import json; print("\n".join(json.load(open("many.json"))))' >many.entries
ok "hundreds with long names" two many --entries many.entries
fault error --region us-east-1 --forever
ok "are known when it matters" says 8 "lags behind" -- two many --entries many.entries
"$atomicdir" fill -q bare -- touch db more
ok "where versions are not on record, another region may lag behind" says 8 "db: whether the other region lags behind what is published cannot be told" "no versions are on record" -- two bare db more
ok "nor is an optional one taken for absent then" says 8 "never2: " "us-east-1 fails" -- two bare never2,optional
ok "nor a prefix" says 8 "never/: whether the other region lags behind" -- two bare never/,optional
"$atomicdir" list --json bare | grep -q '"generation":1' || echo "not ok - bare was replaced"
fresh; put kv --string '{"a":1,"b":2}'; put kv --region eu-west-1 --string '{"a":1}'; sleep 0.01; put kv --string '{"a":3,"b":4}'
ok "an optional key" two keyed b=kv:b,optional
fault error --region us-east-1 --forever
ok "does not go because an older version has none" says 8 "kv: version " "lags behind" -- two keyed b=kv:b,optional
ok "so that it is still there" test "$(cat keyed/b)" = 4
fresh; for region in us-east-1 eu-west-1; do put same --region $region --string 1 --version-id 44444444-4444-4444-4444-444444444444; done
sleep 0.01; for region in us-east-1 eu-west-1; do put same --region $region --string 2 --version-id 55555555-5555-5555-5555-555555555555; done
fault error --region us-east-1 --forever; two sames same more
fresh; ok "what was the other region's" two sames same more
control stage same AWSCURRENT 44444444-4444-4444-4444-444444444444
ok "is the first one's again where that has the same, so that it may put an older one back" two sames same more
ok "which is published" test "$(cat sames/same)" = 1
control parameter both --string p1 >/dev/null; control parameter both --string p2 >/dev/null
for region in eu-west-1 us-east-1; do put both --region $region --string s --version-id 66666666-6666-6666-6666-666666666666; control parameter both --region $region --string p >/dev/null; done
printf -- '- {secret: both, path: p, service: ssm}\n- {secret: both, path: s}\n- more\n' >both.yaml
ok "a parameter and a secret of one name" two both --spec both.yaml
fault error --service secretsmanager --region us-east-1 --forever
ok "have versions of their own" says 8 "both: version 1 of region eu-west-1 is older than 3" -- two both --spec both.yaml
elsewhere=$(control show more --region eu-west-1 --arn)
fault error --region eu-west-1 --forever
ok "an ARN of another region that is not reached says nothing of the first" says 8 "InternalServiceError" "3 attempts; try again later;" -- two new db x="$elsewhere"
ok "so that one is not left" test -z "$(grep 'us-east-1 fails' says.err)"
fresh; control role app; control container /keys --role reader
fault throttle --service sts --region us-east-1 --forever
ok "an STS that throttles is no ground either" says 8 "AssumeRole of " "Throttling" -- two new --role-arn arn:aws:iam::123456789012:role/app db
fault error --service container --forever
ok "nor is a container's agent that fails" says 8 "the container's credentials, " "HTTP 500" -- env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/keys" "$secretdir" sync -q --region us-east-1,eu-west-1 new db
ok "the other region is not asked for" asked 3 ContainerCredentials
fresh; control role app
fault error --service sts --region us-east-1 --status 503 --forever; control fault error --service secretsmanager --region us-east-1 --status 503 --forever
ok "a role is assumed where it can be" two assumed --role-arn arn:aws:iam::123456789012:role/app db
ok "in the other region" test "$(cat assumed/db)" = three
ok "which is told" sh -c "'$secretdir' sync --region us-east-1,eu-west-1 assumed --role-arn arn:aws:iam::123456789012:role/app db 2>&1 >/dev/null | grep -q 'region eu-west-1 is asked instead of us-east-1: AssumeRole of .*HTTP 503'"
fault cut --where before --region us-east-1 --forever
ok "an ARN is asked for in the other region too" two first "$(arn db)" more
fault error --region us-east-1 --forever
ok "a list as well" two listed reg/ db
ok "is of the other region" test "$(cat listed/reg/a)" = there
fault throttle --region us-east-1 --forever
ok "throttling is no ground to ask another region" says 8 "ThrottlingException" "3 attempts" -- two new db
ok "which is not asked" asked 3 GetSecretValue
fault error --status 400 --code AccessDeniedException --region us-east-1 --forever
ok "nor is a refusal" says 9 "AccessDeniedException" -- two new db
fault error --forever
ok "neither region" status 8 two new db
ok "both asked" asked 6 GetSecretValue
fresh
ok "not a region" says 2 "not the name of a region" -- sync --region us-east-1,x/y new db
ok "the same twice" says 2 "us-east-1" "the second region is the first" -- sync --region us-east-1,us-east-1 new db
ok "three regions" says 2 "REGION,REGION" -- sync --region a,b,c new db
ok "an empty one" says 2 "REGION,REGION" -- sync --region a, new db

# ---- Parameters ----

control parameter /app/host --string db.example >/dev/null
control parameter /app/password --string first --type SecureString >/dev/null
control parameter /app/password --string second --type SecureString --label stable >/dev/null
for i in $(seq 12); do control parameter "many$i" --string "p$i" >/dev/null; done
fresh
fetch secret=/app/password service=ssm path=p entry=0 >reply 2>&1
ok "a parameter is fetched, and decrypted" grep -qx second reply
ok "its number is its version" sh -c "grep -A1 '^version ' reply | grep -qx 2"
ok "with one call" asked 1 GetParameters
fetch secret=/app/password service=ssm version=1 path=p entry=0 >reply
ok "by version" grep -qx first reply
fetch secret=/app/password service=ssm stage=stable path=p entry=0 >reply
ok "by label" grep -qx second reply
fresh
set --; for i in $(seq 12); do set -- "$@" "secret=many$i" service=ssm "path=$i" "entry=$i"; done
fetch "$@" secret=all/001 path=s entry=13 >reply
ok "twelve of them and a secret" sh -c "grep -qx 'value 1' reply && grep -qx p12 reply && grep -A1 '^done' reply | grep -qx 13"
ok "are two calls, and one" asked 2 GetParameters 1 GetSecretValue
refused() { # TEXT FIELD...
	text=$1; shift
	fetch "$@" >reply; cat reply; grep -A2 '^error' reply | grep -qF -- "$text"
}
ok "no such parameter" refused "10 nothing: GetParameters: there is no such parameter, version or label" secret=nothing service=ssm path=p entry=0
ok "no such version" refused "10 /app/host: GetParameters: there is no such" secret=/app/host service=ssm version=9 path=p entry=0
fetch secret=nothing service=ssm path=p optional=1 entry=0 >reply
ok "optional" grep -q '^absent' reply
control deny ssm:GetParameters
ok "denied" refused "allow ssm:GetParameters on arn:aws:ssm:us-east-1:123456789012:parameter/app/host" secret=/app/host service=ssm path=p entry=0
fresh; control parameter locked --string x --type SecureString --kms-key arn:aws:kms:us-east-1:1:key/k >/dev/null; control deny kms:Decrypt
ok "its key denied" refused "allow kms:Decrypt" secret=locked service=ssm path=p entry=0
fresh
ok "no such service" refused "2 the source 'aws' has no service: x" secret=a service=x path=p entry=0
for i in $(seq 11); do control parameter "/below/deep/$i" --string "d$i" >/dev/null; done
control parameter /below/top --string t --type SecureString >/dev/null; control parameter /belowzero --string z >/dev/null
fresh
ok "every parameter below a path" two below b/=/below/,service=ssm
ok "at any depth, decrypted, and no other" test "$(cd below && find -L . -type f | wc -l) $(cat below/b/top below/b/deep/11)" = "12 td11"
ok "two pages of names, and their values" asked 2 GetParametersByPath 2 GetParameters
control paging --limit 3 --empty
ok "empty pages and short ones" two below b/=/below/,service=ssm
fresh
ok "no parameter below it" status 10 two new b/=/nowhere/,service=ssm
ok "which may be optional" two nobelow b/=/nowhere/,service=ssm,optional x=more
control deny ssm:GetParametersByPath
ok "a path that is denied" refused "allow ssm:GetParametersByPath on arn:aws:ssm:us-east-1:123456789012:parameter/below/" secret=/below/ service=ssm path=b/ entry=0
fresh
ok "a parameter's ARN means it by itself, and by service=ssm" two byarn a=arn:aws:ssm:us-east-1:123456789012:parameter/below/top b=/below/top,service=ssm
ok "with its value" test "$(cat byarn/a byarn/b)" = tt
fault throttle --service ssm
fetch secret=/app/host service=ssm path=p entry=0 >reply
ok "throttled, and asked again" grep -qx db.example reply
stop_server
finish
