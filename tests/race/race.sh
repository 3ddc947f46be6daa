#!/bin/sh
# SPDX-License-Identifier: ISC
# Many at once: threads under the thread sanitizer, the first writers of a LINK, hooks that overlap, and a stress of random processes,
# killed at random, whose answers must be legal by a model. `make check SECONDS=5` makes the stress short, SEED=N
# repeats its choices.
. "$(dirname "$0")/../tap.sh"
export PYTHONDONTWRITEBYTECODE=1
# The leak checker needs ptrace for itself, which strace has.
export ASAN_OPTIONS=detect_leaks=0

# Without random addresses: the sanitizer of older compilers does not bear them where the kernel takes many bits.
threads() { (mkdir "$1" && cd "$1" && setarch -R "$here/build/tsan/$1/threads" 8); }
for compiler in gcc clang; do
	if [ -x "$here/build/tsan/$compiler/threads" ]; then
		ok "six threads in every public call: nothing for the thread sanitizer of $compiler" threads $compiler
	else skip "six threads under the thread sanitizer of $compiler" "$compiler has none here"; fi
done
if [ -z "$SAN" ]; then
	ok "the library has no writable data, so it keeps nothing between calls" \
		[ "$(size -A "$here/build/libatomicdir.o" | awk '$1 == ".data" || $1 == ".bss" { bytes += $2 } END { print bytes + 0 }')" = 0 ]
fi

# ---- The first writers of a LINK ----

# Not for ever, should what is waited for have failed.
wait_until() {
	tries=3000
	until "$@" || [ $((tries -= 1)) = 0 ]; do sleep 0.01; done
}
wait_for() { wait_until [ -e "$1" ]; }
# stop_after CALL ARG...: atomicdir stops after its first CALL; $stopped is its number, $tracer its tracer's.
stop_after() {
	call=$1; shift
	rm -f trace
	strace -o trace -e trace=$call -e inject=$call:signal=STOP:when=1 sh -c 'echo $$ >pid.new; mv pid.new pid; exec "$@"' sh \
		"$atomicdir" "$@" >first.out 2>first.err & tracer=$!
	wait_for pid; stopped=$(cat pid); rm pid
	wait_until grep -qs 'stopped by SIGSTOP' trace
}
go_on() { kill -CONT "$stopped"; wait $tracer; }

if strace -o /dev/null true 2>/dev/null; then
	stop_after mkdirat fill --no-wait met -- true
	mkfifo held
	"$atomicdir" fill met -- sh -c 'touch ../../holds; read -r line <../../held' 2>second.err & second=$!
	wait_for holds
	before=$(stat -c %i .met.atomicdir/lock)
	ok "who made the store and may not wait finds another writer in it, status 5" status 5 go_on
	ok "and leaves the other's lock where it is" [ "$(stat -c %i .met.atomicdir/lock)" = "$before" ]
	echo on >held; wait $second; code=$?
	ok "so the other publishes" [ "$code $(readlink met)" = "0 .met.atomicdir/000001" ]

	stop_after mkdirat fill --if-generation 7 used -- true
	"$atomicdir" fill used -- touch x 2>/dev/null
	"$atomicdir" fill used -- false 2>/dev/null
	ok "who made the store and is refused" status 7 go_on
	"$atomicdir" fill used -- touch y 2>/dev/null
	ok "forgets no number that another writer was given meanwhile" [ "$(readlink used)" = .used.atomicdir/000003 ]

	for value in 1 2; do "$atomicdir" fill compared -- sh -c "mkdir sub; echo $value >sub/n" 2>/dev/null; done
	stop_after getdents64 diff compared
	"$atomicdir" prune --keep 0 compared >/dev/null
	compared() { go_on && [ "$(cat first.out)" = "M sub/n" ]; }
	ok "what a diff compares is not pruned under it" compared
	ok "and goes later" sh -c "'$atomicdir' prune --keep 0 compared && [ ! -e .compared.atomicdir/000001 ]"
else
	skip "the first writers of a LINK, and a diff under a prune" "strace cannot trace here"
fi
strace -o trace -e trace=renameat2 -e inject=renameat2:signal=KILL "$atomicdir" fill --sync files half -- true 2>/dev/null
if [ -d .half.atomicdir ] && [ ! -L half ]; then
	strace -y -o trace -e trace=fsync,renameat2 "$atomicdir" fill --sync files half -- true 2>/dev/null
	order=$(sed -n "s|^fsync([0-9]*<$work>).*|P|p; s/^renameat2.*\"next\".*/S/p" trace | tr -d '\n')
	ok "the store that a killed writer made is on disk by its name before the first swap" [ "$order" = PSP ]
	for i in 1 2 3; do "$atomicdir" fill --keep 2 --grace 0s facts -- sh -c "echo $i >n" 2>/dev/null; done
	strace -o trace -e trace=write "$atomicdir" fill --keep 3 --grace 0s facts --from facts/. >/dev/null
	"$atomicdir" fill --keep 2 --grace 0s facts --from facts/. >/dev/null
	strace -o killed -e trace=write -e inject=write:signal=KILL:when="$(grep -n '"created_ms' trace | cut -d: -f1)" \
		"$atomicdir" fill --keep 3 --grace 0s facts --from facts/. 2>/dev/null
	"$atomicdir" fill --keep 2 --grace 0s facts -- sh -c 'echo 4 >n' 2>/dev/null
	ok "who dies while he writes down how many to keep" grep -q 'created_ms.*= ?' killed
	ok "costs none of those that are kept" [ "$(cat .facts.atomicdir/*/n | tr '\n' ' ')" = "2 3 4 " ]
else
	skip "the store of a killed writer, and what he wrote down" "strace cannot trace here"
fi

# ---- Hooks that overlap ----

"$atomicdir" fill hooked -- sh -c 'echo 1 >n' 2>/dev/null
mkfifo slow
"$atomicdir" fill --on-change 'touch began; read -r line <slow; touch ended' hooked -- sh -c 'echo 2 >n' 2>/dev/null & first=$!
wait_for began
"$atomicdir" rollback hooked >/dev/null
ok "what is published again while its first hook still runs gets a hook of its own" status 3 \
	"$atomicdir" rollback --on-change 'touch again; exit 1' hooked 2
ok "which runs" [ -e again ]
echo on >slow; wait $first
ok "and is still due after the first one's good end, since it failed" sh -c "'$atomicdir' list hooked | grep -q '2 .*live.*hook due'"

# ---- The stress ----

stress() { nice python3 "$here/tests/race/stress.py" "$here/build"; }
mkdir stress; cd stress || exit 1
touch violations
ok "32 processes at a time, some of them killed, on a few LINKs" stress
grep '^#' out
legal() { ! grep "^bad $1 " violations; }
ok "each ends with a status that its request allows" legal status
ok "LINK is always there, and each generation holds one whole tree, the same for all" legal whole
ok "what is pinned stays whole" legal pinned
ok "one writer at a time fills" legal one-writer
ok "no number is given twice, and later ones are higher" legal numbers
ok "one order of publications explains every answer, every swap and all that readers saw" legal order
ok "--if-generation holds only for what was live" legal if-generation
ok "a hook ran well for what is live, and none for what was never published" legal hook
ok "list tells what is there" legal list
ok "what --keep says is kept" legal keep
ok "a secretdir sync publishes what its source held meanwhile" legal secrets
ok "one quiet call later nothing is left over" legal left
cd ..
finish
