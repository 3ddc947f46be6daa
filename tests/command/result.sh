#!/bin/sh
# SPDX-License-Identifier: ISC
# When a publication is told: once it is on disk, and before what it replaced is removed.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
work=$(pwd -P)
mkdir one two; for i in 1 2 3; do echo 1 >one/$i; echo 2 >two/$i; done
# other LINK: the directory whose content is not what is live.
other() { if cmp -s "$1/1" one/1; then echo two; else echo one; fi; }

# ---- Where it cannot be told ----
fill() { "$atomicdir" fill --keep 0 --grace 0 "$@"; }
fill app --from one >said
for to in /dev/full '&-'; do
	eval "fill app --from \"\$(other app)\" 2>said >$to"; code=$?
	is "$code: $(grep -c 'cannot write to standard output' said)" "0: 1" "a publication that cannot be told (>$to) is one all the same, and says so"
	is "$(ls -d .app.atomicdir/0*[0-9] | wc -l)" 1 "and what it replaced is removed"
done
"$atomicdir" exec app -- sleep 60 & pinning=$!
for try in $(seq 100); do "$atomicdir" list app | grep -q pinned && break; sleep 0.05; done
pinned=$("$atomicdir" list --json app | sed 's/.*"generation":\([0-9]*\),"live":true.*/\1/')
fill app --from "$(other app)" >said 2>&1; code=$?
is "$code: $(sed 's/ .*(3 files, 6 B)//; 2s/^atomicdir: //' said)" "0: published
warning: generation $pinned of 'app' stays: a reader has pinned it" "what could not be removed is a warning after the result"
fill --on-change true --rollback-on-failure app --from "$(other app)" >said 2>&1
is "$(grep -c "warning: generation $pinned of 'app' stays" said)" 1 "also where the hook was run with the lock held"
kill $pinning; wait $pinning 2>/dev/null

# ---- The order of system calls ----
if ! strace -o /dev/null true 2>/dev/null; then skip "the result comes before the removal" "strace cannot trace here"; finish; fi
# steps DIRECTORY COMMAND...: what the command does, of: synced (DIRECTORY), told, waited, removed, hook.
steps() {
	directory=$1; shift
	strace -f -y -s 32 -e trace=fsync,write,clock_nanosleep,unlinkat -o trace "$@" >/dev/null 2>&1
	sed -nE -e "s#.* fsync\([0-9]+<$directory>.*#synced#p" \
		-e 's#.* write\([12]<[^>]*>, "(published|unchanged|\{\\"changed).*#told#p' \
		-e 's#.* write\([12]<[^>]*>, "hook.*#hook#p' \
		-e 's#.* clock_nanosleep\(.*#waited#p' \
		-e 's#.* unlinkat\([^"]*"[0-9]{6}\.info", .* = 0#removed#p' \
		-e 's#.* unlinkat\([0-9]+<[^>]*\.trash>, .*#removed#p' trace | uniq | tr '\n' ' '
}
now="--keep 0 --grace 0"
# shellcheck disable=SC2086
{
	is "$(steps "$work" "$atomicdir" fill $now app --from "$(other app)")" "synced told removed " "fill --from tells what is on disk, and then removes what was replaced"
	is "$(steps "$work" "$atomicdir" fill $now app -- cp -t . "$work/$(other app)/1")" "synced told removed " "so does fill with COMMAND, on standard error"
	is "$(steps "$work" "$atomicdir" fill $now --json app -- cp -t . "$work/$(other app)/1")" "synced told removed " "and with --json, on standard output"
	is "$(steps "$work" "$atomicdir" fill $now --on-change 'echo hook' app --from "$(other app)")" "synced told hook removed " \
		"what the hook may need is removed when the hook has succeeded"
	"$atomicdir" fill --keep 1 --grace 0 app --from "$(other app)" >said
	is "$(steps "$work" "$atomicdir" fill $now --on-change 'echo hook' app --from "$(other app)")" "synced told removed hook removed " \
		"what it does not need is removed before it runs, and after the result"
	is "$(steps "$work" "$atomicdir" fill $now --json --on-change 'echo hook' --rollback-on-failure app --from "$(other app)")" \
		"synced hook told removed " "with --rollback-on-failure the hook comes first, since it decides"
	for try in 1 2; do "$atomicdir" fill --keep 2 --grace 0 app --from "$(other app)" >said; done
	is "$(steps "$work" "$atomicdir" fill $now --json --on-change 'echo hook; exit 1' --rollback-on-failure app --from "$(other app)")" \
		"synced hook synced told removed hook " "what was undone is told before anything is removed"
	"$atomicdir" fill --layout volume volume --from one >said
	is "$(steps "$work/volume" "$atomicdir" fill volume --from two)" "synced told waited removed " "a volume waits out the grace after it has told the result"
	"$atomicdir" fill --keep 0 --grace 1h kept --from one >said
	"$atomicdir" fill --keep 0 --grace 1h kept --from two >said
	is "$(steps "$work" "$atomicdir" fill $now kept --from two)" "told removed " "what an unchanged fill removes comes after its result too"
	echo '{"a": "1"}' >secrets
	"$here/build/secretdir" sync -q --grace 0 secret --source "file:$work/secrets" a >said 2>&1
	echo '{"a": "2"}' >secrets
	is "$(steps "$work" "$here/build/secretdir" sync --grace 0 secret --source "file:$work/secrets" a)" "synced told removed " "so does secretdir sync"
}

mkdir many; touch many/1 many/2
"$atomicdir" fill --keep 0 --grace 0 large --from many >said
live=$("$atomicdir" show large)
strace -f -y -e trace=getdents64 -o trace "$atomicdir" fill --keep 0 --grace 0 large -- touch 0 >said 2>&1
is "$(grep -c "<$live>" trace)" 0 "a directory that lacks a name of the new one is not read before it is removed"

# ---- A signal ----
fill app --from one >said
for signal in TERM INT; do
	env --default-signal=INT strace -o trace -e trace=unlinkat,write -P 1 -P 2 -P 3 -e inject=unlinkat:signal=$signal:when=1 \
		"$atomicdir" fill --keep 0 --grace 0 app --from "$(other app)" >said 2>&1; code=$?
	is "$code: $(sed 's/ .*//' said)" "0: published" "SIG$signal while old generations are removed changes nothing: status 0"
	is "$(ls -d .app.atomicdir/0* | wc -l)" 2 "and they are removed"
done
finish
