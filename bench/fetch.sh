#!/bin/sh
# SPDX-License-Identifier: ISC
#
# 100 secrets from the test server, whose every answer comes late by a round trip: medians, as ratios to the five calls that
# they need, over connections that stand already; over HTTP/2 where nghttpx is there, which speaks it in front of the test server.
# BENCH_ROUNDS (9), BENCH_ROUND_TRIP (0.02 seconds). BENCH_TIMES names a file to which each row's name and nanoseconds are added.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$here/build} rounds=${BENCH_ROUNDS:-9} trip=${BENCH_ROUND_TRIP:-0.02}
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-bench.XXXXXX")
trap 'kill $front $server 2>/dev/null || :; wait 2>/dev/null; chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
. "$here/tests/aws/start.sh"
front=
start_server --leave-certificate

seq -f '"all/%03g": "a value of some length, as passwords are"' 100 | sed '$!s/$/,/; 1s/^/{/; $s/$/}/' >"$work/all.json"
control load "$work/all.json"
seq -f 'all/%03g' 100 >"$work/entries"
{
	printf 'atomicdir-fetch 1\n1\n'
	seq -f 'all/%03g' 100 | awk '{ printf "secret %d\n%s\nentry %d\n%d\n", length($0), $0, length(NR - 1), NR - 1 }'
	printf 'end 0\n\nkeys 0\n\n'
} >"$work/request"
field() { printf '%s %d\n%s\n' "$1" ${#2} "$2"; }
# What identity-aws would hand over.
keys() {
	field region "$AWS_REGION"; field secretsmanager-url "$AWS_ENDPOINT_URL"; field ca-bundle "$AWS_CA_BUNDLE"
	field key-id "$AWS_ACCESS_KEY_ID"; field secret-key "$AWS_SECRET_ACCESS_KEY"; field end ''
}
control fault delay --seconds "$trip" --forever

median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }
before=:
# measure COMMAND...: its median in ns; $before is run before each, and not measured.
measure() {
	: >"$work/times"
	for i in $(seq "$rounds"); do
		$before >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }
		begin=$(date +%s%N)
		"$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }
		echo $(($(date +%s%N) - begin)) >>"$work/times"
	done
	median "$work/times"
}
inside() { "$build/batches" "$1" "$rounds" >"$work/times" && median "$work/times"; }
fetch() { keys >"$work/keys"; "$build/libexec/atomicdir/fetch-aws" <"$work/request" 3<"$work/keys"; }
sync() { "$build/secretdir" sync -q "$work/link" --entries "$work/entries" >"$work/out"; }
one() { "$build/secretdir" sync -q "$work/one" all/001 >"$work/out"; }
# cold NAME COMMAND: its median where nothing was published before under the link NAME.
cold() {
	before="$build/atomicdir remove -q $work/$1"
	"$2"
	measure "$2"
	before=:
}
singles() { control deny secretsmanager:BatchGetSecretValue; }
# row NAME TEXT TIME
row() {
	[ -z "${BENCH_TIMES-}" ] || printf '%s\t%s\n' "$1" "$3" >>"$BENCH_TIMES"
	awk -v what="$2" -v time="$3" -v floor="$floor" 'BEGIN { printf "%-62s %9.1f ms %8.2f\n", what, time / 1e6, time / floor }'
}

echo "100 secrets over TLS, a round trip of $trip s, $(nproc) processors; medians of $rounds, and ratios to the floor"
floor=$(inside calls)
row floor "five batches at once, connections open (the floor)" "$floor"
row secrets-open "the secrets as fetch-aws gets them, connections open" "$(inside secrets)"
whole=$(measure fetch)
row fetch "fetch-aws from its start to its end, with five TLS handshakes" "$whole"
sync # what is measured is a round that finds nothing new
row sync-cold "secretdir sync, all of it, first publication" "$(cold link sync)"
row sync "secretdir sync, all of it, unchanged" "$(measure sync)"
one
row one-cold "secretdir sync, one secret, first publication" "$(cold one one)"
row one "secretdir sync, one secret, unchanged" "$(measure one)"
singles
row fetch-singles "fetch-aws where batches are denied: 100 calls" "$(measure fetch)"
row singles "100 calls, a secret each, eight connections open" "$(inside singles)"
https=$AWS_ENDPOINT_URL
if has_front; then
	start_front
	row http2-singles "100 calls, a secret each, over HTTP/2 at once (by nghttpx)" "$(inside singles)"
	row http2-fetch "fetch-aws over HTTP/2 where batches are denied: 100 calls" "$(measure fetch)"
	stop_front
else
	echo "over HTTP/2: left out, there is no nghttpx here (nghttp2-proxy)"
fi
AWS_ENDPOINT_URL=$https
control allow
if command -v aws >/dev/null && aws --version >/dev/null 2>&1; then
	rounds=3
	one=$(AWS_DEFAULT_REGION=$AWS_REGION measure aws --endpoint-url "$AWS_ENDPOINT_URL" secretsmanager get-secret-value --secret-id all/001)
	row cli "the AWS CLI, 100 times (one measured)" $((one * 100))
	awk -v cli=$((one * 100)) -v whole="$whole" 'BEGIN { printf "fetch-aws is %.0f times faster than one call of the AWS CLI for each\n", cli / whole }'
else
	echo "the AWS CLI: left out, there is none here (awscli)"
fi
