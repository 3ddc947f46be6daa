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
# start_front [OPTION...]: nghttpx, which speaks HTTP/2, before the plain port of a server that was started with --leave-certificate,
# and AWS_ENDPOINT_URL leads to it. $work/front.log has "CLIENT-PORT PROTOCOL STATUS" of each answer before the client has it.
has_front() { PATH=$PATH:/usr/sbin command -v nghttpx >/dev/null; }
start_front() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	plain=$(cat "$work/server/address.http")
	: >"$work/front.err"
	PATH=$PATH:/usr/sbin nghttpx --conf=/dev/null --frontend="127.0.0.1,$port" --backend="127.0.0.1,${plain##*:}" \
		--accesslog-file="$work/front.log" --accesslog-format='$remote_port $alpn $status' --accesslog-write-early \
		"$@" "$work/server/server.key" "$work/server/server.pem" >"$work/front.err" 2>&1 3>&- &
	front=$!
	until grep -q "Listening on" "$work/front.err"; do
		kill -0 "$front" 2>/dev/null || { cat "$work/front.err"; echo "Bail out! nghttpx does not start"; exit 1; }
		sleep 0.02
	done
	AWS_ENDPOINT_URL=https://127.0.0.1:$port
}
stop_front() { kill "$front" 2>/dev/null; wait "$front" 2>/dev/null || :; }
control() { "$here/tests/aws/control.py" "$work/server" "$@"; }
# Can the fetcher sign with another clock than ours? Where its libcurl is 8.3 or newer.
can_date() {
	python3 -c 'import ctypes, sys; version = ctypes.CDLL(sys.argv[1]).curl_version; version.restype = ctypes.c_char_p
raise SystemExit(tuple(map(int, version().split()[0].split(b"/")[1].split(b".")[:2])) < (8, 3))' \
		"$(ldd "$here/build/libexec/atomicdir/fetch-aws" | sed -n 's/.*libcurl[^ ]* => \([^ ]*\) .*/\1/p')"
}
# The Python that has botocore, where one has it: Debian's, or the one that comes first.
python_with_botocore() {
	for python in /usr/bin/python3 python3; do
		! "$python" -c 'import botocore' 2>/dev/null || break
	done
	echo "$python"
}
# Nor is a proxy of this machine's asked for the server.
for name in $(env | sed -nE 's/^(AWS_[A-Z_]*|[A-Za-z]*_(proxy|PROXY))=.*/\1/p'); do unset "$name"; done
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
# Whoever runs this has files of their own.
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
