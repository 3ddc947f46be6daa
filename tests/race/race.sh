#!/bin/sh
# SPDX-License-Identifier: ISC
# Many callers at once: threads under the thread sanitizer, the first writers of a LINK, hooks that overlap, and a stress of random
# processes, some of them killed, whose answers a model must allow. `make check SECONDS=5` makes the stress short; SEED=N repeats
# its choices.
. "$(dirname "$0")/../tap.sh"
export PYTHONDONTWRITEBYTECODE=1
# The leak checker needs ptrace for itself, which strace has.
export ASAN_OPTIONS=detect_leaks=0

# Addresses are not randomised: older thread sanitizers fail where the kernel randomises many bits of them.
threads() { (mkdir "$1" && cd "$1" && setarch -R "$here/build/tsan/$1/threads" 8); }
for compiler in gcc clang; do
	if [ -x "$here/build/tsan/$compiler/threads" ]; then
		ok "the thread sanitizer of $compiler finds nothing while six threads make every public call" threads $compiler
	else skip "six threads under the thread sanitizer of $compiler" "$compiler has no thread sanitizer here"; fi
done
if [ -z "$SAN" ]; then
	ok "the library has no writable data, so it keeps no state between calls" \
		[ "$(size -A "$here/build/libatomicdir.o" | awk '$1 == ".data" || $1 == ".bss" { bytes += $2 } END { print bytes + 0 }')" = 0 ]
fi

# ---- Names in volumes ----

# A reader's look may take longer than the grace where the machine is busy with other tests.
names() { rm -rf "names-$1"; mkdir "names-$1"; (cd "names-$1" && "$here/build/$1/names" "$2" "$3" "$4" >../names.out); names_code=$?; cat names.out; return $names_code; }
ok "in volumes where names come and go readers by name miss none that is there" names race 2000 50 -1
sed 's/^/# /' names.out
broken_names() { (export ATOMICDIR_BROKEN=names-after-swap; ! names broken 400 4 0) && ! grep -q ' 0 siblings' names.out; }
ok "names that are made after the swap, the kubelet's way, are missed" broken_names

# ---- The first writers of a LINK ----

# Gives up after 30 seconds, in case what it waits for has failed.
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
	ok "a fill --no-wait that made the store and then finds another writer in it exits with 5" status 5 go_on
	ok "a fill --no-wait that fails does not remove the other writer's lock" [ "$(stat -c %i .met.atomicdir/lock)" = "$before" ]
	echo on >held; wait $second; code=$?
	ok "the other writer publishes then" [ "$code $(readlink met)" = "0 .met.atomicdir/000001" ]

	stop_after mkdirat fill --if-generation 7 used -- true
	"$atomicdir" fill used -- touch x 2>/dev/null
	"$atomicdir" fill used -- false 2>/dev/null
	ok "a fill that made the store and is refused by --if-generation exits with 7" status 7 go_on
	"$atomicdir" fill used -- touch y 2>/dev/null
	ok "a fill refused by --if-generation keeps a store in which another writer has used a number" [ "$(readlink used)" = .used.atomicdir/000003 ]

	for value in 1 2; do "$atomicdir" fill compared -- sh -c "mkdir sub; echo $value >sub/n" 2>/dev/null; done
	stop_after getdents64 diff compared
	"$atomicdir" prune --keep 0 compared >/dev/null
	compared() { go_on && [ "$(cat first.out)" = "M sub/n" ]; }
	ok "a prune does not remove a generation that a diff is comparing" compared
	ok "the next prune removes it" sh -c "'$atomicdir' prune --keep 0 compared && [ ! -e .compared.atomicdir/000001 ]"
else
	skip "the first writers of a LINK, and a diff under a prune" "strace cannot trace here"
fi
strace -o trace -e trace=renameat2 -e inject=renameat2:signal=KILL "$atomicdir" fill --sync files half -- true 2>/dev/null
if [ -d .half.atomicdir ] && [ ! -L half ]; then
	strace -y -o trace -e trace=fsync,renameat2 "$atomicdir" fill --sync files half -- true 2>/dev/null
	order=$(sed -n "s|^fsync([0-9]*<$work>).*|P|p; s/^renameat2.*\"next\".*/S/p" trace | tr -d '\n')
	ok "the name of a store that a killed writer made is synced before the first swap" [ "$order" = PSP ]
	for i in 1 2 3; do "$atomicdir" fill --keep 2 --grace 0s facts -- sh -c "echo $i >n" 2>/dev/null; done
	strace -o trace -e trace=write "$atomicdir" fill --keep 3 --grace 0s facts --from facts/. >/dev/null
	"$atomicdir" fill --keep 2 --grace 0s facts --from facts/. >/dev/null
	strace -o killed -e trace=write -e inject=write:signal=KILL:when="$(grep -n '"created_ms' trace | cut -d: -f1)" \
		"$atomicdir" fill --keep 3 --grace 0s facts --from facts/. 2>/dev/null
	"$atomicdir" fill --keep 2 --grace 0s facts -- sh -c 'echo 4 >n' 2>/dev/null
	ok "a fill is killed while it records how many generations to keep" grep -q 'created_ms.*= ?' killed
	ok "the death of that fill loses no generation that is to be kept" [ "$(cat .facts.atomicdir/*/n | tr '\n' ' ')" = "2 3 4 " ]
else
	skip "the store of a killed writer, and what it recorded" "strace cannot trace here"
fi

# ---- Hooks that overlap ----

"$atomicdir" fill hooked -- sh -c 'echo 1 >n' 2>/dev/null
mkfifo slow
"$atomicdir" fill --on-change 'touch began; read -r line <slow; touch ended' hooked -- sh -c 'echo 2 >n' 2>/dev/null & first=$!
wait_for began
"$atomicdir" rollback hooked >/dev/null
ok "a rollback to a generation whose first hook still runs starts its own hook, which fails: status 3" status 3 \
	"$atomicdir" rollback --on-change 'touch again; exit 1' hooked 2
ok "the rollback's own hook ran" [ -e again ]
echo on >slow; wait $first
ok "the rollback's hook is still due after the first hook has exited with 0" sh -c "'$atomicdir' list hooked | grep -q '2 .*live.*hook due'"

# ---- The stress ----

stress() { nice python3 "$here/tests/race/stress.py" "$here/build"; }
mkdir stress; cd stress || exit 1
touch violations
ok "32 processes at a time work on a few LINKs, some of them are killed, and no promise is broken" stress
grep '^#' out
legal() { ! grep "^bad $1 " violations; }
ok "each process exits with a status that its request allows" legal status
ok "LINK always exists, and each generation holds one whole tree, the same for every reader" legal whole
ok "a pinned generation stays whole" legal pinned
ok "only one writer at a time fills a stage" legal one-writer
ok "no number is used twice, and each new one is higher than those before it" legal numbers
ok "one order of publications explains every answer, every swap and everything that readers saw" legal order
ok "--if-generation lets a call pass only while that generation is live" legal if-generation
ok "a hook succeeded for each live generation that has one, and none ran for a generation that was never published" legal hook
ok "list prints the generations that the store holds" legal list
ok "the store keeps as many generations as --keep says" legal keep
ok "a secretdir sync publishes what its source held while it ran" legal secrets
ok "after one more call, with nothing else running, nothing is left over" legal left
cd ..
finish
