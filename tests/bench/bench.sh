#!/bin/sh
# SPDX-License-Identifier: ISC
# The benchmark itself, on a few files: it measures, writes results, and draws the same picture of the same results.
. "$(dirname "$0")/../tap.sh"
export PYTHONDONTWRITEBYTECODE=1 BUILD="$here/build"

if [ -n "${SAN:-}" ]; then skip "the benchmark runs" "a sanitizer has its own costs"
else
	mkdir temporary
	ok "a few rows are measured, without root" env TMPDIR="$work/temporary" BENCH_DISKS=here BENCH_ROWS="publish barriers" BENCH_COUNTS="10 100" BENCH_ROUNDS=2 \
		BENCH_RESULTS="$work/results.json" "$here/bench/run.py"
	grep '^left out: [a-z]* on' out | sed 's/^/# /'
	ok "each row has what the report needs" python3 -c 'import json
rows = json.load(open("results.json"))["rows"]
assert {"durable/bare", "plain/bare", "durable/one", "unchanged-bytes"} <= {row["id"] for row in rows}
assert all(row["value"] >= 0 and row["unit"] and row["what"] for row in rows)'
	ok "nothing is left behind" rmdir temporary
fi
ok "an unknown row is refused" sh -c '! BENCH_ROWS=none "$1" 2>said && grep -q "unknown: none" said' - "$here/bench/run.py"
ok "the pictures are drawn" "$here/bench/draw.py" "$here/bench/results.json" .
for picture in speed torn; do
	ok "$picture.svg is the one of bench/results.json" cmp $picture.svg "$here/bench/$picture.svg"
	ok "$picture.svg is XML" python3 -c 'import sys, xml.dom.minidom as dom; dom.parse(sys.argv[1])' $picture.svg
	ok "$picture.svg has colours for a dark page" grep -q 'prefers-color-scheme: dark' $picture.svg
done
ok "the results have every group" python3 -c 'import json, sys
ids = {row["id"] for row in json.load(open(sys.argv[1]))["rows"]}
for one in "unchanged from-unchanged comparison durable/bare durable/one few-ten removal dirty barriers flushes memory growth edit secrets/batches".split():
    assert one in ids, one' "$here/bench/results.json"
finish
