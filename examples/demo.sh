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

finish() {
	for child in $children; do
		kill "$child" 2>/dev/null || true
	done
	wait
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
	"$build/secretdir" sync --region us-east-1 --endpoint-url "$url" --ca-bundle "$work/server/ca.pem" "$@" \
		--owner "$(id -u):$(id -g)" "$work/tls" tls.crt=demo/tls:cert tls.key=demo/tls:key
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
# The server's own key pair; nothing here leaves the machine.
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_CA_BUNDLE 2>/dev/null || true

echo
echo "A secret, demo/tls, stands in AWS Secrets Manager (the tests' own, at $url):"
echo "a certificate and the key that belongs to it. Published as two files over HTTPS, every request signed:"
echo
control put demo/tls --file "$work/pair-0.json" >/dev/null
echo "  \$ secretdir sync tls tls.crt=demo/tls:cert tls.key=demo/tls:key"
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
printf 'It rotates %s times while two readers read certificate and key as fast as they can ' "$rotations"
number=1
while [ $number -le "$rotations" ]; do
	control rotate demo/tls --file "$work/pair-$number.json" >/dev/null
	sync_tls -q --grace 200ms >"$work/sync.out"
	"$build/rotation" replace "$work/pairs/$number" "$work/plain"
	printf .
	number=$((number + 1))
done
kill "$plain" "$ours"
wait "$plain" "$ours"
echo
echo
printf '  %-48s %10s %8s %8s\n' 'the two files were' 'read' 'torn' 'missing'
row 'each replaced by itself (write, fsync, rename)' "$work/plain.counts"
row 'published together by secretdir' "$work/tls.counts"
echo
echo 'torn: a certificate with the key of another rotation. missing: a file was not there.'
read -r reads torn missing swaps <"$work/tls.counts"
[ "$torn" -eq 0 ] && [ "$missing" -eq 0 ] && [ "$swaps" -eq "$rotations" ]
