# SPDX-License-Identifier: ISC
# Sourced after tap.sh: starts the AWS test server for one test file, and points the environment at it; $sts, $sso,
# $oidc, $ssm, $container and $imds are where else it can be asked. control COMMAND... tells it what to be; it ends with the test.
start_server() {
	"$here/tests/aws/server.py" --directory "$work/server" --http --parent $$ "$@" 3>&- &
	server=$!
	AWS_ENDPOINT_URL=$(control address) || { echo "Bail out! the AWS test server does not start"; exit 1; }
	AWS_CA_BUNDLE=$work/server/ca.pem
	export AWS_ENDPOINT_URL AWS_CA_BUNDLE
	# shellcheck disable=SC2034 # for who sources this
	sts=$AWS_ENDPOINT_URL sso=$AWS_ENDPOINT_URL oidc=$AWS_ENDPOINT_URL ssm=$AWS_ENDPOINT_URL
	# shellcheck disable=SC2034
	container=$(cat "$work/server/address.container") imds=$(cat "$work/server/address.imds")
}
stop_server() { kill "$server"; wait "$server" 2>/dev/null; }
control() { "$here/tests/aws/control.py" "$work/server" "$@"; }
# Can the fetcher sign with another clock than ours? Where its libcurl is 8.3 or newer.
can_date() {
	python3 -c 'import ctypes, sys; version = ctypes.CDLL(sys.argv[1]).curl_version; version.restype = ctypes.c_char_p
raise SystemExit(tuple(map(int, version().split()[0].split(b"/")[1].split(b".")[:2])) < (8, 3))' \
		"$(ldd "$here/build/libexec/atomicdir/fetch-aws" | sed -n 's/.*libcurl[^ ]* => \([^ ]*\) .*/\1/p')"
}
for name in $(env | sed -n 's/^\(AWS_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
# Whoever runs this has files of their own.
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
