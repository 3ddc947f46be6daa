#!/bin/sh
# SPDX-License-Identifier: ISC
# The IAM policy for some entries: no more than they need, and nobody is asked for it.
. "$(dirname "$0")/tap.sh"
secretdir=$here/build/secretdir
unset AWS_REGION AWS_DEFAULT_REGION

# grants LINES ENTRY...: the policy as "ACTION RESOURCE", a line each.
grants() {
	wanted=$1; shift
	"$secretdir" policy -q "$@" >policy.json || return 1
	python3 - "$wanted" <<'PYTHON'
import json, sys
policy = json.load(open("policy.json"))
assert list(policy) == ["Version", "Statement"] and policy["Version"] == "2012-10-17"
assert all(set(s) == {"Sid", "Effect", "Action", "Resource"} and s["Effect"] == "Allow" for s in policy["Statement"])
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

ok "one secret, and nothing beside it" grants "$(both "$(of 'prod/db-??????')")" --region $region prod/db:password,mode=0400
ok "an ARN stands as it is" grants "$(both arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf)" --region $region \
	arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf
ok "one without its suffix is of any" grants "$(both 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-??????')" --region $region \
	arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db
ok "a prefix takes a list and batches" grants "$(both "$(of 'app/*')")
secretsmanager:BatchGetSecretValue *
secretsmanager:ListSecrets *" --region $region x/=app/
ok "all the keys of one secret do not" grants "$(both "$(of 'app-??????')")" --region $region x/=app
ok "one secret many times is one" grants "$(both "$(of 'a-??????')")" --region $region a x=a:k y=a:l
ok "two can be had in batches" grants "secretsmanager:DescribeSecret $(of 'a-??????')
secretsmanager:DescribeSecret $(of 'b-??????')
secretsmanager:GetSecretValue $(of 'a-??????')
secretsmanager:GetSecretValue $(of 'b-??????')
secretsmanager:BatchGetSecretValue *" --region $region a b
ok "but not by stage" grants "secretsmanager:DescribeSecret $(of 'a-??????')
secretsmanager:DescribeSecret $(of 'b-??????')
secretsmanager:GetSecretValue $(of 'a-??????')
secretsmanager:GetSecretValue $(of 'b-??????')" --region $region a b,stage=AWSPREVIOUS
ok "keys that are named can be used" grants "$(both "$(of 'a-??????')")
kms:Decrypt arn:aws:kms:eu-west-1:1:key/one
kms:Decrypt arn:aws:kms:eu-west-1:1:key/two" --region $region a --kms-key arn:aws:kms:eu-west-1:1:key/one --kms-key=arn:aws:kms:eu-west-1:1:key/two
ok "the region of the environment" env AWS_REGION=cn-north-1 sh -c "'$secretdir' policy -q a | grep -qF '\"arn:aws-cn:secretsmanager:cn-north-1:*:secret:a-??????\"'"
ok "AWS_DEFAULT_REGION after it" env AWS_DEFAULT_REGION=us-gov-west-1 sh -c "'$secretdir' policy -q a | grep -qF 'arn:aws-us-gov:secretsmanager:us-gov-west-1:'"
ok "no region is every region, and said" sh -c "'$secretdir' policy a 2>err | grep -qF 'arn:aws:secretsmanager:*:*:secret:a-' && grep -q 'no region is known' err"
ok "what may be left out is said" sh -c "'$secretdir' policy --region x a b 2>&1 >out | grep -q 'SecretsInBatches may be left out'"
ok "that a key may be needed too" sh -c "'$secretdir' policy --region x a b 2>&1 >out | grep -q 'name it with --kms-key'"
ok "nobody is asked" sh -c "strace -f -e trace=network '$secretdir' policy --region x a b 2>&1 >out | grep -E 'socket|connect' | grep -vE 'AF_UNIX' | wc -l | grep -qx 0"

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
ok "a manifest, its failover and its parameters" grants "secretsmanager:DescribeSecret arn:aws:secretsmanager:eu-west-1:*:secret:a-??????
secretsmanager:DescribeSecret arn:aws:secretsmanager:eu-central-1:*:secret:b-??????
secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:*:secret:a-??????
secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-central-1:*:secret:b-??????
ssm:GetParameters arn:aws:ssm:eu-west-1:*:parameter/app/p
ssm:GetParameters arn:aws:ssm:eu-central-1:*:parameter/app/p
ssm:GetParameters arn:aws:ssm:eu-west-1:*:parameter/q
ssm:GetParameters arn:aws:ssm:eu-central-1:*:parameter/q" --spec class.yaml
echo a >list
ok "entries of a file" grants "$(both "$(of 'a-??????')")" --region $region --entries list
ok "python reads it as JSON" sh -c "'$secretdir' policy -q --region x 'rds!c' x/=p/ | python3 -m json.tool"
ok "no entry" refuses --region x
ok "a name that stands for more" refuses --region x 'a*'
ok "what is no key" refuses --region x a --kms-key alias/aws/secretsmanager
ok "another source" refuses --region x a --source file:x
ok "a bad entry" refuses --region x 'a,nosuch'
finish
