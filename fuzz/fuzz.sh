#!/bin/sh
# SPDX-License-Identifier: ISC
# Each fuzzer runs its corpus, and goes on from there for a few seconds; `make fuzz` does so for as long as one likes.
. "$(dirname "$0")/../tests/tap.sh"
set -- "$here"/fuzz/*_fuzz.c
# So many for all of them together, however many there will be; libFuzzer ends a second late.
seconds=$((42 / $# - 1))
[ "$seconds" -le 5 ] || seconds=5
[ "$seconds" -ge 1 ] || seconds=1

for target; do
	name=$(basename "$target" _fuzz.c) claim=$(sed -n 's/^ \* Claim: //p' "$target")
	count=$((count + 1))
	if "$here/fuzz/run.sh" check $seconds "$name" >log 2>&1; then echo "ok $count - $claim"
	else failed=1; echo "not ok $count - $claim"; tail -n 60 log | sed 's/^/# /'; fi
done
if grep -q fuzzer "$here/build/fuzz/flags"; then ok "each went on from its corpus" true
else skip "each went on from its corpus" "clang or its fuzzer runtime is absent, so the corpora alone were run"; fi
finish
