#!/bin/sh
# SPDX-License-Identifier: ISC
# A second opinion on signatures: each request that was sent, signed again by botocore with the same keys, region and date, has the same Authorization.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir

python=$(python_with_botocore)
"$python" -c 'import botocore' 2>/dev/null || { skip "signed as botocore signs" "no python3-botocore"; finish; }

cat >signed.py <<'PY'
"""signed.py OPERATION SERVICE: were all requests for it signed as botocore does, with the keys and the region of the environment?"""
import json, os, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

operation, service = sys.argv[1:]
credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN"))
# What is the transport's, and no signer's; what the signer adds by itself.
left_out = "accept", "content-length", "user-agent", "authorization", "x-amz-date", "x-amz-security-token"
compared = 0
for line in open("server/requests.raw"):
    sent = json.loads(line)
    headers = {name.lower(): value.strip() for name, value in sent["headers"]}
    assert len(headers) == len(sent["headers"]), "a header twice: %s" % sent["headers"]
    asked = headers.get("x-amz-target", "").rpartition(".")[2] or sent["body"].partition("&")[0].partition("=")[2]
    if asked != operation:
        continue
    request = AWSRequest(sent["method"], "https://" + headers["host"] + sent["target"],
                         {name: value for name, value in headers.items() if name not in left_out}, sent["body"].encode("latin-1"))
    # These are the steps of add_auth(), but for the date.
    signer = SigV4Auth(credentials, service, os.environ["AWS_REGION"])
    request.context["timestamp"] = headers["x-amz-date"]
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    for name in "Authorization", "X-Amz-Date", "X-Amz-Security-Token":
        if headers.get(name.lower()) != request.headers.get(name):
            sys.exit("%s\n%s: %s\nbotocore:  %s" % (sent["body"], name, headers.get(name.lower()), request.headers.get(name)))
    compared += 1
if not compared:
    sys.exit("there was no such request")
PY
signed() { "$python" signed.py "$@"; }

start_server --record --region us-east-1 --region eu-west-1
# Keys with all that may stand in one, and names with all that may stand in theirs.
control key ASIA-TEMPORARY 'a:b/c+d=e%20 f"g' --session-token 'tok/en+with=pad:ding%2F=='
control role app --external-id 'x,y=z+/:@-'
for region in us-east-1 eu-west-1; do
	for name in one two 'odd/_+=.@-name'; do control put "$name" --string x --region $region >/dev/null; done
	control parameter /app/host --string h --region $region >/dev/null
done
sync() { : >server/requests.raw; "$secretdir" sync -q link "$@"; }
parameter() {
	: >server/requests.raw
	{
		printf 'atomicdir-fetch 1\n1\n'
		for field in secret=/app/host service=ssm path=p entry=0 end=; do value=${field#*=}; printf '%s %d\n%s\n' "${field%%=*}" ${#value} "$value"; done
	} | "$here/tests/aws/fetch.py" "$here/build/libexec/atomicdir" | grep -qx h
}
all() {
	ok "one secret is there, $1" sync 'name=odd/_+=.@-name,stage=AWSCURRENT'
	ok "GetSecretValue is signed as botocore signs it" signed GetSecretValue secretsmanager
	ok "several are, $1" sync one two 'name=odd/_+=.@-name'
	ok "BatchGetSecretValue likewise" signed BatchGetSecretValue secretsmanager
	ok "those below a prefix are, $1" sync all/=odd/
	ok "ListSecrets likewise" signed ListSecrets secretsmanager
	ok "a parameter is, $1" parameter
	ok "GetParameters likewise" signed GetParameters ssm
	ok "a secret for a role is, $1" sync --role-arn arn:aws:iam::123456789012:role/app --external-id 'x,y=z+/:@-' one
	ok "AssumeRole likewise" signed AssumeRole sts
}
all "with keys"
export AWS_ACCESS_KEY_ID=ASIA-TEMPORARY AWS_SECRET_ACCESS_KEY='a:b/c+d=e%20 f"g' AWS_SESSION_TOKEN='tok/en+with=pad:ding%2F==' AWS_REGION=eu-west-1
all "with keys of a session, in another region"
stop_server
finish
