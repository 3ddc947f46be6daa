#!/bin/sh
# SPDX-License-Identifier: ISC
# The IAM policy for some entries: all that they need, and no more, whether AWS can be asked or not.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
unset AWS_REGION AWS_DEFAULT_REGION

# grants LINES ENTRY...: the policy as "ACTION RESOURCE", a line each. allows: asking nobody.
allows() { grants "$@" --offline; }
grants() {
	wanted=$1; shift
	"$secretdir" policy -q "$@" >policy.json || return 1
	python3 - "$wanted" <<'PYTHON'
import json, sys
policy = json.load(open("policy.json"))
assert list(policy) == ["Version", "Statement"] and policy["Version"] == "2012-10-17"
assert all(set(s) - {"Condition"} == {"Sid", "Effect", "Action", "Resource"} and s["Effect"] == "Allow" for s in policy["Statement"])
assert all(("Condition" in s) == (s["Action"] == ["kms:Decrypt"] or s["Sid"] == "SecretsWithTags") for s in policy["Statement"])
assert len({s["Sid"] for s in policy["Statement"]}) == len(policy["Statement"])
got = "\n".join(a + " " + r for s in policy["Statement"] for a in s["Action"] for r in s["Resource"])
assert got == sys.argv[1], got
PYTHON
}
both() { printf '%s' "secretsmanager:DescribeSecret $1
secretsmanager:GetSecretValue $1"; }
refuses() { "$secretdir" policy "$@" >refused.out 2>refused.err; got=$?; cat refused.err; [ $got = 2 ] && [ ! -s refused.out ] && [ "$(wc -l <refused.err)" = 1 ]; }
region=eu-west-1
of() { printf 'arn:aws:secretsmanager:%s:*:secret:%s' "$region" "$1"; }

# ---- Asking nobody ----

ok "one secret, and nothing beside it" allows "$(both "$(of 'prod/db-??????')")" --region $region prod/db:password,mode=0400
queue=https://sqs.eu-central-1.amazonaws.com/123456789012/app
ok "a queue that is listened to is read and emptied" allows "$(both "$(of 'prod/db-??????')")
sqs:DeleteMessage arn:aws:sqs:eu-central-1:123456789012:app
sqs:ReceiveMessage arn:aws:sqs:eu-central-1:123456789012:app" --region $region prod/db --notify-queue $queue
ok "in the region of the secrets where its URL names none" allows "$(both "$(of 'prod/db-??????')")
sqs:DeleteMessage arn:aws:sqs:eu-west-1:123456789012:app
sqs:ReceiveMessage arn:aws:sqs:eu-west-1:123456789012:app" --region $region prod/db --notify-queue https://queues.example/123456789012/app
ok "a key that is named may be that of the queue" allows "$(both "$(of 'prod/db-??????')")
sqs:DeleteMessage arn:aws:sqs:eu-central-1:123456789012:app
sqs:ReceiveMessage arn:aws:sqs:eu-central-1:123456789012:app
kms:Decrypt arn:aws:kms:eu-central-1:1:key/one" --region $region prod/db --notify-queue $queue --kms-key arn:aws:kms:eu-central-1:1:key/one
ok "by way of the queue's service too" grep -q '"sqs\.\*"' policy.json
ok "who names none is told of it" sh -c "'$secretdir' policy --offline --region x a --notify-queue $queue 2>&1 >out | grep -q 'encrypts the queue, name it with --kms-key'"
ok "a queue that is none is refused" refuses prod/db --offline --notify-queue https://sqs.eu-central-1.amazonaws.com/app
ok "an ARN stands as it is" allows "$(both arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf)" --region $region \
	arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf
ok "one without its suffix is of any" allows "$(both 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-??????')" --region $region \
	arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db
ok "a prefix takes a list and batches" allows "$(both "$(of 'app/*')")
secretsmanager:BatchGetSecretValue *
secretsmanager:ListSecrets *" --region $region x/=app/
ok "all the keys of one secret do not" allows "$(both "$(of 'app-??????')")" --region $region x/=app
ok "one secret many times is one" allows "$(both "$(of 'a-??????')")" --region $region a x=a:k y=a:l
ok "two can be had in batches" allows "secretsmanager:DescribeSecret $(of 'a-??????')
secretsmanager:DescribeSecret $(of 'b-??????')
secretsmanager:GetSecretValue $(of 'a-??????')
secretsmanager:GetSecretValue $(of 'b-??????')
secretsmanager:BatchGetSecretValue *" --region $region a b
ok "but not by stage" allows "secretsmanager:DescribeSecret $(of 'a-??????')
secretsmanager:DescribeSecret $(of 'b-??????')
secretsmanager:GetSecretValue $(of 'a-??????')
secretsmanager:GetSecretValue $(of 'b-??????')" --region $region a b,stage=AWSPREVIOUS
ok "keys that are named can be used" allows "$(both "$(of 'a-??????')")
kms:Decrypt arn:aws:kms:eu-west-1:1:key/one
kms:Decrypt arn:aws:kms:eu-west-1:1:key/two" --region $region a --kms-key arn:aws:kms:eu-west-1:1:key/one --kms-key=arn:aws:kms:eu-west-1:1:key/two
ok "the region of the environment" env AWS_REGION=cn-north-1 sh -c "'$secretdir' policy --offline -q a | grep -qF '\"arn:aws-cn:secretsmanager:cn-north-1:*:secret:a-??????\"'"
ok "AWS_DEFAULT_REGION after it" env AWS_DEFAULT_REGION=us-gov-west-1 sh -c "'$secretdir' policy --offline -q a | grep -qF 'arn:aws-us-gov:secretsmanager:us-gov-west-1:'"
ok "no region is every region, and said" sh -c "'$secretdir' policy --offline a 2>err | grep -qF 'arn:aws:secretsmanager:*:*:secret:a-' && grep -q 'no region is given' err"
ok "what may be left out is said" sh -c "'$secretdir' policy --offline --region x a b 2>&1 >out | grep -q 'SecretsInBatches may be removed'"
ok "that a key may be needed too" sh -c "'$secretdir' policy --offline --region x a b 2>&1 >out | grep -q 'name it with --kms-key'"
other=arn:aws:secretsmanager:eu-west-1:444455556666:secret:prod/x-AbCdEf
ok "that a secret of another account takes more is said" sh -c "'$secretdir' policy --offline --region x a $other 2>&1 >out | grep -q 'its resource policy and the policy of its KMS key must allow the role too'"
ok "but not where all are of one account" sh -c "! '$secretdir' policy --offline --region x $other x=$other 2>&1 >out | grep 'another account'"
ok "nobody is asked" sh -c "strace -f -e trace=network '$secretdir' policy --offline --region x a b 2>&1 >out | grep -E 'socket|connect' | grep -vE 'AF_UNIX' | wc -l | grep -qx 0"

cat >class.yaml <<'END'
kind: SecretProviderClass
spec:
  provider: aws
  parameters:
    region: eu-west-1
    failoverRegion: eu-central-1
    objects: |
      - objectName: a
        objectType: secretsmanager
        objectAlias: alias
        failoverObject: {objectName: b}
      - objectName: /app/p
        objectType: ssmparameter
      - objectName: q
        objectType: ssmparameter
END
ok "a manifest, its failover and its parameters" allows "secretsmanager:DescribeSecret arn:aws:secretsmanager:eu-west-1:*:secret:a-??????
secretsmanager:DescribeSecret arn:aws:secretsmanager:eu-central-1:*:secret:b-??????
secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:*:secret:a-??????
secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-central-1:*:secret:b-??????
ssm:GetParameters arn:aws:ssm:eu-west-1:*:parameter/app/p
ssm:GetParameters arn:aws:ssm:eu-central-1:*:parameter/app/p
ssm:GetParameters arn:aws:ssm:eu-west-1:*:parameter/q
ssm:GetParameters arn:aws:ssm:eu-central-1:*:parameter/q" --spec class.yaml
ok "parameters below a path are listed, too" allows "ssm:GetParameters arn:aws:ssm:eu-west-1:*:parameter/app/*
ssm:GetParametersByPath arn:aws:ssm:eu-west-1:*:parameter/app/*" --region $region a/=/app/,service=ssm
echo a >list
ok "entries of a file" allows "$(both "$(of 'a-??????')")" --region $region --entries list
ok "python reads it as JSON" sh -c "'$secretdir' policy --offline -q --region x 'rds!c' x/=p/ | python3 -m json.tool"
ok "no entry" refuses --region x

# ---- Tags ----

ok "a prefix of which only those with a tag are wanted" allows "$(both "$(of 'app/*')")
secretsmanager:BatchGetSecretValue *
secretsmanager:ListSecrets *" --region $region x/=app/ --tag 'env=a=b' --tag team=web --tag team=web
ok "has a condition on each of its tags" sh -c "tr -d ' \n' <policy.json | grep -F '\"Condition\":{\"StringEquals\":{\"secretsmanager:ResourceTag/env\":\"a=b\",\"secretsmanager:ResourceTag/team\":\"web\"}}'"
ok "what is wanted by name needs no tag" allows "$(both "$(of 'b-??????')")
$(both "$(of 'app/*')")
secretsmanager:BatchGetSecretValue *
secretsmanager:ListSecrets *" --region $region b x/=app/ --tag env=prod
ok "one condition is for the one statement" test "$(grep -c '"Condition"' policy.json)" = 1
ok "two values of one tag" refuses --region x app/ --tag env=a --tag env=b
ok "a tag that stands for more" refuses --region x app/ --tag 'env=${aws:username}'

# ---- Its length ----

names() { seq -f "demo/service-secret-number-%03g" "$1"; }
length() { tr -d ' \n' <"$1" | wc -c; }
ok "a policy that a managed one can hold" sh -c "'$secretdir' policy --offline --region x $(names 60 | tr '\n' ' ') 2>told >short.json"
ok "is printed without a warning" sh -c "! grep warning told"
ok "one that it cannot" sh -c "'$secretdir' policy --offline --region x $(names 90 | tr '\n' ' ') 2>told >long.json"
ok "is one document, and warned of" sh -c "python3 -m json.tool long.json && grep 'warning: the policy is $(length long.json) characters long, and a managed policy in IAM may be 6144; use --split' told"
ok "one that a role cannot hold" sh -c "'$secretdir' policy --offline --region x $(names 200 | tr '\n' ' ') 2>told >longer.json"
ok "likewise" sh -c "python3 -m json.tool longer.json && grep 'warning: the policy is $(length longer.json) characters long, and all inline policies of a role together may be 10240; use --split' told"
"$secretdir" policy --offline --region x $(names 200) p/=p/ r/=r/ --tag env=prod --spec class.yaml --kms-key arn:aws:kms:x:1:key/one >whole.json 2>told
"$secretdir" policy --offline --region x $(names 200) p/=p/ r/=r/ --tag env=prod --spec class.yaml --kms-key arn:aws:kms:x:1:key/one --split >split 2>told
ok "--split prints several that say the same, one a line, none too long" python3 -c "
import collections, json
whole, lines = json.load(open('whole.json')), open('split').read().splitlines()
assert len(lines) > 2 and all(len(line.replace(' ', '')) <= 6144 for line in lines), [len(line) for line in lines]
assert sum(len(line) for line in lines[:-1]) > 6000 * (len(lines) - 1), 'there is room left'
said = collections.Counter((s['Sid'], a, r, json.dumps(s.get('Condition'))) for p in [whole] for s in p['Statement'] for a in s['Action'] for r in s['Resource'])
again = collections.Counter((s['Sid'], a, r, json.dumps(s.get('Condition'))) for line in lines for s in json.loads(line)['Statement'] for a in s['Action'] for r in s['Resource'])
assert said == again, (said - again, again - said)
assert all(json.loads(line)['Version'] == '2012-10-17' for line in lines)"
ok "and warns of none" sh -c "! grep warning told"
ok "--split of what is short is that, on one line" sh -c "'$secretdir' policy -q --offline --region x --split a b >one && test \$(wc -l <one) = 1 && python3 -m json.tool one"
ok "a name that stands for more" refuses --region x 'a*'
ok "what is no key" refuses --region x a --kms-key alias/aws/secretsmanager
ok "another source" refuses --region x a --source file:x
ok "a bad entry" refuses --region x 'a,nosuch'

# ---- Asking AWS ----

start_server --region us-east-1 --region eu-west-1
put() { control put "$@" >/dev/null; }
arn() { control show "$@" --arn; }
key=arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
put plain --string p; put own --string o --kms-key $key; put byid --string i --kms-key 1234abcd-12ab-34cd-56ef-1234567890cd
put alias --string a --kms-key alias/secrets; put app/one --string 1; put app/two --string 2 --kms-key ${key%b}c
put twin --string t; put twin --string t --region eu-west-1 --kms-key arn:aws:kms:eu-west-1:123456789012:key/west
parameter() { control parameter "$@" >/dev/null; }
parameter /app/open --string o; parameter /app/sealed --string s --type SecureString
parameter /app/ours --string u --type SecureString --kms-key ${key%b}d
plain=$(arn plain) own=$(arn own) byid=$(arn byid) alias=$(arn alias)
export AWS_REGION=us-east-1
parameters=arn:aws:ssm:us-east-1:123456789012:parameter

ok "a name stands as its ARN, and needs no key where the service's own is used" grants "$(both "$plain")" plain
ok "a key of one's own is in the policy" grants "$(both "$own")
kms:Decrypt $key" own x=own:k
ok "also where it is told by its id" grants "$(both "$byid")
kms:Decrypt arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890cd" byid
ok "by an alias it is any key that has it" grants "$(both "$alias")
kms:Decrypt arn:aws:kms:us-east-1:123456789012:key/*" alias
ok "and no other" grep -q '"alias/secrets"' policy.json
ok "those of a prefix have their keys, and later ones their right" grants "$(both "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/*" | head -1)
secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:123456789012:secret:app/*
secretsmanager:BatchGetSecretValue *
secretsmanager:ListSecrets *
kms:Decrypt ${key%b}c" app/
ok "another region has its own ARN and key" grants "secretsmanager:DescribeSecret $(arn twin)
secretsmanager:DescribeSecret $(arn twin --region eu-west-1)
secretsmanager:GetSecretValue $(arn twin)
secretsmanager:GetSecretValue $(arn twin --region eu-west-1)
kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/west" --region us-east-1,eu-west-1 twin
ok "an ARN is a replica's in the other region" allows "secretsmanager:DescribeSecret $plain
secretsmanager:DescribeSecret $(echo "$plain" | sed s/us-east-1/eu-west-1/)
secretsmanager:GetSecretValue $plain
secretsmanager:GetSecretValue $(echo "$plain" | sed s/us-east-1/eu-west-1/)" --region us-east-1,eu-west-1 x="$plain"
printf '[default]\nregion = us-east-1\n' >config
cat >arn.yaml <<END
kind: SecretProviderClass
spec:
  provider: aws
  parameters:
    failoverRegion: eu-west-1
    objects: |
      - objectName: "$(arn twin)"
        objectAlias: twin
END
twins="secretsmanager:DescribeSecret $(arn twin)
secretsmanager:DescribeSecret $(arn twin --region eu-west-1)
secretsmanager:GetSecretValue $(arn twin)
secretsmanager:GetSecretValue $(arn twin --region eu-west-1)"
profiled() { grants "$@" --spec arn.yaml; }
ok "where the profile says the region, both are in it" env -u AWS_REGION AWS_CONFIG_FILE="$work/config" sh -c "'$secretdir' policy -q --spec arn.yaml >said && grep -cF '$(arn twin)' said && grep -cF '$(arn twin --region eu-west-1)' said"
unset AWS_REGION
ok "also asking nobody" allows "$(echo "$twins" | sed "s/\($(arn twin | sed 's/.*://')\)$/\1/; s/eu-west-1\(.*\)$(arn twin --region eu-west-1 | sed 's/.*-//')/eu-west-1\1$(arn twin | sed 's/.*-//')/")" --spec arn.yaml
export AWS_REGION=us-east-1
cat >parameters.yaml <<'END'
- {secret: /app/open, service: ssm, path: p/open}
- {secret: /app/sealed, service: ssm, path: p/sealed}
- {secret: /app/ours, service: ssm, path: p/ours}
END
of_parameters="ssm:GetParameters $parameters/app/open
ssm:GetParameters $parameters/app/sealed
ssm:GetParameters $parameters/app/ours
kms:Decrypt ${key%b}d"
ok "parameters likewise" grants "$of_parameters" --spec parameters.yaml
control paging --limit 1 --empty
ok "though their pages be empty" grants "$of_parameters" --spec parameters.yaml
control clear
ok "what is not there stands by its name" grants "secretsmanager:DescribeSecret $plain
secretsmanager:DescribeSecret arn:aws:secretsmanager:us-east-1:123456789012:secret:later-??????
secretsmanager:GetSecretValue $plain
secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:123456789012:secret:later-??????
secretsmanager:BatchGetSecretValue *" plain later
ok "and is told" sh -c "'$secretdir' policy plain later 2>&1 >out | grep 'are in the policy by name: later: DescribeSecret: ResourceNotFoundException'"
control deny secretsmanager:DescribeSecret
ok "so does what may not be described" grants "$(both 'arn:aws:secretsmanager:us-east-1:*:secret:own-??????')" own
ok "with what to allow" sh -c "'$secretdir' policy own 2>&1 >out | grep 'allow secretsmanager:DescribeSecret on arn:aws:secretsmanager:us-east-1:123456789012:secret:own-'"
ok "and that keys may be missing" sh -c "'$secretdir' policy own 2>&1 >out | grep -- --kms-key"
control allow
ok "so does all without credentials" env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY sh -c \
	"'$secretdir' policy plain 2>err | grep -F '\"arn:aws:secretsmanager:us-east-1:*:secret:plain-??????\"' && grep 'by name: no credentials' err"
ok "each is asked once, however often it is wanted" sh -c "control() { '$here/tests/aws/control.py' '$work/server' \"\$@\"; }; control clear requests; \
	'$secretdir' policy -q plain x=plain:k y=plain:l >out && test \"\$(control requests --count)\" = 1"

# works ENTRY...: with the policy all is published; without any one of its statements (but the batch's) it is not.
works() {
	"$secretdir" policy -q "$@" >policy.json && control policy policy.json && "$secretdir" sync -q new "$@" || return 1
	for sid in Secrets SecretsWithTags SecretsOfAPrefix Parameters Keys KeysByAlias; do
		grep -q "\"$sid\"" policy.json || continue
		python3 -c 'import json, sys; policy = json.load(sys.stdin)
policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != sys.argv[1]] or [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
json.dump(policy, sys.stdout)' $sid <policy.json >less.json
		control policy less.json
		! "$secretdir" sync -q new "$@" 2>less.err || { echo "not needed: $sid"; return 1; }
		grep -q "; allow [a-z]*:[A-Za-z]* on " less.err || { cat less.err; return 1; }
	done
	control clear policy
}
ok "a policy is what is needed, and no more: a secret" works plain
ok "of a key of one's own" works own
ok "of an alias" works alias
ok "of several" works plain own byid alias
ok "of a prefix" works app/
ok "of parameters" works --spec parameters.yaml
ok "of one that need not be there" works later,optional plain
"$secretdir" policy -q later plain >policy.json; control policy policy.json
ok "one that has to be, and is not, is denied under such a policy, and told as what it is" sh -c "'$secretdir' sync -q new later plain 2>&1 | grep 'allow secretsmanager:GetSecretValue on later; perhaps there is none of that name in us-east-1'"
control clear policy
put tagged/a --string a --tag env=prod; put tagged/b --string b --tag env=web
ok "of those of a prefix that have a tag" works x/=tagged/ --tag env=prod
"$secretdir" policy -q x/=tagged/ --tag env=prod >policy.json; control policy policy.json
ok "and none without it" sh -c "! '$secretdir' sync -q new x=tagged/b 2>less.err && grep -q 'allow secretsmanager:GetSecretValue' less.err"
control clear policy
ok "of all together" works plain own alias app/ --spec parameters.yaml

# hears CONDITION OPTION...: a watcher with the policy for these options comes to this.
queue=$(control queue encrypted --kms-key arn:aws:kms:us-east-1:123456789012:key/of-the-queue)
hears() {
	wanted=$1; shift
	"$secretdir" policy -q plain --notify-queue "$queue" "$@" >policy.json && control policy policy.json || return 1
	"$secretdir" watch --notify-queue "$queue" --interval 1s heard plain >heard.log 2>&1 & watcher=$!
	control message encrypted --string 'no event' >/dev/null
	has_come=
	for try in $(seq 200); do sh -c "$wanted" && has_come=1 && break; sleep 0.05; done
	kill $watcher; wait $watcher
	[ "$has_come" ] || { cat heard.log; "$secretdir" status heard; return 1; }
}
ok "the policy lets a watcher listen to an encrypted queue whose key is named" hears "'$secretdir' status heard | grep -qx 'push: connected'" \
	--kms-key arn:aws:kms:us-east-1:123456789012:key/of-the-queue
ok "where it is not, the error names the permission" hears "grep -q 'allow kms:Decrypt on the KMS key that encrypts it' heard.log"
control clear policy
finish
