#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What it costs to keep ten secrets up to date: secretdir watch beside a shell loop around the AWS CLI, a Python loop with boto3,
# as far as they are here. All poll the test server once a second, and nothing changes. The loop around the CLI has next to nothing
# between two rounds: what it takes is in the programs that it starts.
# BENCH_SECONDS (20).
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$here/build} seconds=${BENCH_SECONDS:-20}
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-bench.XXXXXX")
trap 'kill $watcher $server 2>/dev/null || :; wait 2>/dev/null; chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
. "$here/tests/aws/start.sh"
export AWS_DEFAULT_REGION=$AWS_REGION # which the loops go by
watcher=
start_server
names=$(seq -f 'all/%02g' 10)
for name in $names; do control put "$name" --string 'a value of some length, as passwords are' >/dev/null; done

# Debian's, or those that come first: for the loops, and for them alone.
find_program() { PATH=/usr/bin:$PATH command -v "$1" || :; }
aws=$(find_program aws) python=
for one in /usr/bin/python3 python3; do "$one" -c 'import boto3' 2>/dev/null && { python=$one; break; }; done
cat >"$work/cli.sh" <<'END'
while :; do
	for name in "$@"; do aws secretsmanager get-secret-value --secret-id "$name" --query SecretString --output text >new && mv new "${name##*/}"; done
	echo >>rounds
	sleep 1
done
END
cat >"$work/loop.py" <<'END'
import boto3, os, sys, time
client = boto3.client("secretsmanager")
while True:
    for name in sys.argv[1:]:
        value = client.get_secret_value(SecretId=name)["SecretString"]
        with open("new", "w") as file:
            file.write(value)
        os.rename("new", os.path.basename(name))
    with open("rounds", "a") as file:
        file.write("\n")
    time.sleep(1)
END
cat >"$work/measure.py" <<'END'
"""measure.py PID SECONDS ROUNDS-FILE-OR-LINK: for the process: RSS, PSS and private dirty memory in KiB, the most PSS with
children, wake-ups a minute, milliseconds of CPU a round."""
import os, re, sys, time
pid, seconds, rounds = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
hertz = os.sysconf("SC_CLK_TCK")

def read(path):
    with open(path) as file:
        return file.read()

def cpu():
    """With that of the children that it has reaped."""
    return sum(map(int, read(f"/proc/{pid}/stat").rpartition(")")[2].split()[11:15])) / hertz

def woken():
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)[1])

def count():
    if rounds.endswith(".prom"):
        return int(re.search(r"^secretdir_rounds_total.* (\d+)$", read(rounds), re.M)[1])
    return read(rounds).count("\n")

def below(pid):
    """It, its children and theirs."""
    found = [pid]
    for one in found:
        try:
            found += map(int, read(f"/proc/{one}/task/{one}/children").split())
        except OSError:
            pass
    return found

def pss(pid):
    try:
        return int(re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)[1])
    except (OSError, TypeError):
        return 0

before, began = (cpu(), woken(), count()), time.monotonic()
most = 0
while time.monotonic() < began + seconds or count() < before[2] + 3:
    time.sleep(0.05)
    most = max(most, sum(map(pss, below(pid))))
after, took = (cpu(), woken(), count()), time.monotonic() - began
sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.M))
done = after[2] - before[2]
print(sizes["Rss"], sizes["Pss"], sizes["Private_Dirty"], most, round((after[1] - before[1]) * 60 / took),
      f"{(after[0] - before[0]) * 1000 / max(done, 1):.1f}", done)
END
# row NAME ROUNDS COMMAND...: starts it, lets it get going, and measures.
row() {
	name=$1 rounds=$2; shift 2
	mkdir -p "$work/out"
	(cd "$work/out" && exec "$@" >"$work/said" 2>&1) & watcher=$!
	tries=600
	until [ -s "$rounds" ]; do
		kill -0 $watcher 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || { cat "$work/said"; echo "$name does not start"; exit 1; }
		sleep 0.1
	done
	sleep 2
	set -- $(python3 "$work/measure.py" $watcher "$seconds" "$rounds")
	kill $watcher; wait $watcher 2>/dev/null || :
	awk -v name="$name" -v first="${first-}" -v now="$*" 'BEGIN {
		split(now, n, " "); split(first == "" ? now : first, f, " ")
		printf "%-32s %7d %7d %7d %8d %6d %8.1f", name, n[1], n[2], n[3], n[4], n[5], n[6]
		printf "   x%.1f x%.1f x%.1f x%.1f x%.1f x%.1f\n", n[1] / f[1], n[2] / f[2], n[3] / f[3], n[4] / f[4], n[5] / f[5], n[6] / f[6] }'
	first=${first-$*}
	rm -rf "$work/out"
}
echo "ten secrets, asked for once a second, $(nproc) processors, Linux $(uname -r)"
echo "between rounds: RSS, PSS and private dirty memory; at most, with children: PSS (KiB); wake-ups a minute; CPU for each round (ms)"
echo
echo "                                     RSS     PSS   dirty  at most  wakes      CPU   ratios to the first"
# shellcheck disable=SC2086 # names without blanks
row "secretdir watch" "$work/out/m.prom" "$build/secretdir" watch -q --interval 1s --metrics m.prom live $names
# shellcheck disable=SC2086
row "secretdir watch --always-fetch" "$work/out/m.prom" "$build/secretdir" watch -q --interval 1s --always-fetch --metrics m.prom live $names
if [ "$aws" ]; then
	# shellcheck disable=SC2086
	row "a shell loop around the AWS CLI" "$work/out/rounds" sh "$work/cli.sh" $names
else echo "a shell loop around the AWS CLI: no aws here"; fi
if [ "$python" ]; then
	# shellcheck disable=SC2086
	row "a Python loop with boto3" "$work/out/rounds" "$python" "$work/loop.py" $names
else echo "a Python loop with boto3: no boto3 here"; fi
# It asks Vault or Consul, and no AWS: there is nothing to compare but what it takes to wait.
command -v consul-template >/dev/null || echo "consul-template: not here"
