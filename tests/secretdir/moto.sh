#!/bin/sh
# SPDX-License-Identifier: ISC
# A second opinion on the wire format: the main cases against moto, which others wrote. It checks no signature.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir

if ! command -v moto_server >/dev/null || ! moto_server --help >/dev/null 2>&1; then skip "the main cases against moto" "no moto_server"; finish; fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 & moto=$!
trap 'kill $moto 2>/dev/null; cd /; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:$port
unset AWS_SESSION_TOKEN AWS_PROFILE

# call OPERATION JSON: what moto answers; the signature's form is all that it looks at.
cat >call.py <<'PY'
import json, os, sys, time, urllib.request
request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], sys.argv[2].encode(), {
    "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": sys.argv[3] + "." + sys.argv[1], "Authorization":
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0" % sys.argv[4]})
for attempt in range(200):
    try:
        print(urllib.request.urlopen(request, timeout=10).read().decode())
        break
    except urllib.error.URLError as error:
        if isinstance(error, urllib.error.HTTPError) or attempt == 199:
            raise
        time.sleep(0.1)
PY
call() { python3 call.py "$@" secretsmanager secretsmanager >called; }
call_ssm() { python3 call.py "$@" AmazonSSM ssm >called; }

ok "moto takes a secret" call CreateSecret '{"Name":"prod/db","SecretString":"{\"password\":\"s3\",\"port\":5432}"}'
call CreateSecret '{"Name":"prod/app/one","SecretString":"1"}'
call CreateSecret '{"Name":"prod/app/two","SecretBinary":"AAEC"}'
ok "a value, a key, a number, a whole object and a prefix are published" \
	"$secretdir" sync -q made db=prod/db pw=prod/db:password port=prod/db:port all/=prod/db app/=prod/app/
ok "byte for byte" test "$(cat made/pw made/port made/all/password made/app/one)" = s35432s31
ok "binary ones too" test "$(od -An -tx1 made/app/two | tr -d ' ')" = 000102
ok "the same again is unchanged" sh -c "'$secretdir' sync made db=prod/db pw=prod/db:password port=prod/db:port all/=prod/db app/=prod/app/ | grep -q unchanged"
call PutSecretValue '{"SecretId":"prod/db","SecretString":"{\"password\":\"s4\",\"port\":5432}"}'
ok "a new version and the one before" "$secretdir" sync -q made new=prod/db:password old=prod/db:password,stage=AWSPREVIOUS
ok "are told apart" test "$(cat made/new made/old)" = s4s3
call DeleteSecret '{"SecretId":"prod/app/two"}'
ok "one that is marked for deletion, status 10" status 10 "$secretdir" sync -q made prod/app/two
ok "in a batch too" status 10 "$secretdir" sync -q made prod/app/two prod/app/one
for value in one two; do call_ssm PutParameter "{\"Name\":\"/p\",\"Value\":\"$value\",\"Type\":\"String\",\"Overwrite\":true}"; done
call_ssm LabelParameterVersion '{"Name":"/p","ParameterVersion":1,"Labels":["blue"]}'
printf -- '- {secret: /p, service: ssm, path: %s}\n- {secret: /p, service: ssm, path: %s, version: "1"}\n- {secret: /p, service: ssm, path: %s, stage: blue}\n' now first blue >p.yaml
ok "versions and labels of a parameter, though moto leaves Selector out" "$secretdir" sync -q parameters --spec p.yaml
ok "are told apart as well" test "$(cat parameters/now parameters/first parameters/blue)" = twooneone
ok "one that does not exist, status 10" status 10 "$secretdir" sync -q made none
ok "and LINK is as it was" test "$(cat made/new)" = s4
finish
