#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh explore SECONDS TARGET...   each goes on from its corpus, and from what was found before; stops at the first finding
# run.sh check SECONDS TARGET...     each runs its corpus and goes on from there, where it can; keeps findings only
# run.sh merge TARGET...             the fewest of all inputs that reach the same, into fuzz/corpus
# What is found is kept in build/fuzz/corpus/TARGET, inputs that end a target in build/fuzz/findings.
set -eu
cd "$(dirname "$0")/.."
what=$1; shift
[ "$what" = merge ] || { seconds=$1; shift; }
mkdir -p build/fuzz/findings
chmod 1777 build/fuzz/findings   # a target may run as nobody
[ ! -w /dev/shm ] || TMPDIR=/dev/shm
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-fuzz.XXXXXX")
trap 'chmod -R u+rwx "$TMPDIR"; rm -rf "$TMPDIR"' EXIT
chmod 755 "$TMPDIR"
export TMPDIR ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=1" UBSAN_OPTIONS=print_stacktrace=1

explores() { grep -q fuzzer build/fuzz/flags; }
[ "$what" = check ] || explores || { echo "fuzz: clang or its fuzzer runtime is absent (clang, libclang-rt-dev)" >&2; exit 1; }
for name; do
	seeds=fuzz/corpus/$name found=build/fuzz/corpus/$name
	set -- -timeout=20 -rss_limit_mb=1024 -max_len=4096 -artifact_prefix=build/fuzz/findings/"$name"-
	[ ! -e fuzz/"$name".dict ] || set -- "$@" -dict=fuzz/"$name".dict
	mkdir -p "$found" "$TMPDIR/$name"
	case $what in
	explore) build/fuzz/"$name" "$@" -max_total_time="$seconds" -print_final_stats=1 "$found" "$seeds" ;;
	check)
		explores || set --
		build/fuzz/"$name" "$@" ${1:+-max_total_time="$seconds" "$TMPDIR/$name"} "$seeds" ;;
	merge)
		build/fuzz/"$name" "$@" -set_cover_merge=1 -use_counters=0 "$seeds" "$found" ;;
	esac
done
