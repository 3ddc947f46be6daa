#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A certificate and its key rotate in AWS Secrets Manager (the tests' server, on loopback) while readers read them: once
# published with `secretdir sync`, once with each file replaced by itself. ROTATIONS: how often (default 12).
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$here/build}
aws=$here/tests/aws
rotations=${ROTATIONS:-12}
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-demo.XXXXXX")
children=
owner=$(id -u):$(id -g)

finish() {
	for child in $children; do
		kill "$child" 2>/dev/null || true
	done
	wait
	# Directories are 0550: only root may remove what is in them as they are.
	chmod -R u+rwx "$work"
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

control() {
	python3 "$aws/control.py" "$work/server" "$@"
}

# A certificate and its key: as two files, and as the JSON value that AWS holds.
make_pair() {
	mkdir -p "$work/pairs/$1"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=rotation $1" \
		-keyout "$work/pairs/$1/tls.key" -out "$work/pairs/$1/tls.crt" 2>/dev/null
	python3 -c 'import json, sys
print(json.dumps({"cert": open(sys.argv[1] + "/tls.crt").read(), "key": open(sys.argv[1] + "/tls.key").read()}))' \
		"$work/pairs/$1" >"$work/pair-$1.json"
}

sync_tls() {
	"$build/secretdir" sync --owner "$owner" "$@" "$work/tls" tls.crt=demo/tls:cert tls.key=demo/tls:key
}

row() {
	read -r reads torn missing swaps <"$2"
	printf '  %-48s %10s %8s %8s\n' "$1" "$reads" "$torn" "$missing"
}

number=0
while [ $number -le "$rotations" ]; do
	make_pair $number
	number=$((number + 1))
done

python3 "$aws/server.py" --directory "$work/server" --parent $$ 2>"$work/server.err" &
children=$!
url=$(control address)
# The server and its own key pair, in place of AWS and whatever this user has set up; nothing here leaves the machine.
for name in $(env | sed -nE 's/^(AWS_[A-Z_]*|[A-Za-z]*_(proxy|PROXY))=.*/\1/p'); do unset "$name"; done
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
export AWS_REGION=us-east-1 AWS_ENDPOINT_URL="$url" AWS_CA_BUNDLE="$work/server/ca.pem"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

echo
echo "A secret, demo/tls, stands in AWS Secrets Manager (the tests' own, at $url):"
echo "a certificate and the key that belongs to it. Published as two files over HTTPS, every request signed:"
echo
control put demo/tls --file "$work/pair-0.json" >/dev/null
echo "  \$ secretdir sync --owner $owner tls tls.crt=demo/tls:cert tls.key=demo/tls:key"
sync_tls | sed 's/^/  /'
echo "  \$ ls -l tls tls/"
(cd "$work" && ls -l tls tls/) | sed '/^total/d; /^$/d; s/^/  /'
mkdir "$work/plain"
"$build/rotation" replace "$work/pairs/0" "$work/plain"

"$build/rotation" read "$work/pairs" "$work/plain" >"$work/plain.counts" &
plain=$!
"$build/rotation" read "$work/pairs" "$work/tls" >"$work/tls.counts" &
ours=$!
children="$children $plain $ours"

echo
echo "It rotates $rotations times while two readers read certificate and key as fast as they can:"
number=1
while [ $number -le "$rotations" ]; do
	control rotate demo/tls --file "$work/pair-$number.json" >/dev/null
	sync_tls -q --grace 200ms >"$work/sync.out"
	"$build/rotation" replace "$work/pairs/$number" "$work/plain"
	[ ! -t 2 ] || printf '\r%s of %s\033[K' "$number" "$rotations" >&2
	number=$((number + 1))
done
[ ! -t 2 ] || printf '\r\033[K' >&2
kill "$plain" "$ours"
wait "$plain" "$ours"
echo
printf '  %-48s %10s %8s %8s\n' 'the two files were' 'read' 'torn' 'missing'
row 'each replaced by itself (write, fsync, rename)' "$work/plain.counts"
row 'published together by secretdir' "$work/tls.counts"
echo
echo 'torn: a certificate with the key of another rotation. missing: a file was not there.'
read -r reads torn missing swaps <"$work/tls.counts"
[ "$torn" -eq 0 ] && [ "$missing" -eq 0 ] && [ "$swaps" -eq "$rotations" ]
