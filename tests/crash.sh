#!/bin/sh
# SPDX-License-Identifier: ISC
# Killed, or failed, at every system call that touches the file system: LINK is whole, the exit status is true, the next run works,
# and nothing is left over.
. "$(dirname "$0")/tap.sh"

# The leak checker needs ptrace for itself, which strace has.
export ASAN_OPTIONS=detect_leaks=0
calls=openat,mkdirat,unlinkat,renameat,renameat2,symlinkat,readlinkat,newfstatat,statx,fstat,fchmod,fchmodat,fchownat,write,pwrite64,fsync,syncfs,flock,getdents64,ioctl,copy_file_range
if ! strace -o /dev/null true 2>/dev/null; then skip "kill and fault matrix" "strace cannot trace here"; finish; fi
mkdir one two; echo 1 >one/a; echo 1 >one/b; echo 2 >two/a; echo 2 >two/b

whole() { a=$(cat app/a) && b=$(cat app/b) && [ "$a" = "$b" ]; }
reset() {
	chmod -R u+rwx .app.atomicdir 2>/dev/null; rm -rf app .app.atomicdir
	"$atomicdir" fill --grace 0s app --from one && "$atomicdir" fill --grace 0s app --from two && "$atomicdir" fill --grace 0s app --from one
}
next_run() { "$atomicdir" fill --grace 0s app --from two && [ "$(cat app/a)" = 2 ]; }
clean() { ! ls .app.atomicdir | grep -qvE '^(lock|[0-9]{6}|[0-9]{6}\.info)$'; }

# matrix NAME FAULT: every call of the operation in $run gets it once; prints how many points there were.
matrix() {
	name=$1 fault=$2 points=0 bad=0
	for call in $(echo $calls | tr , ' '); do
		when=1
		while :; do
			reset >/dev/null 2>&1
			before=$(cat app/a)
			# shellcheck disable=SC2086
			strace -o trace -e trace=$call -e inject=$call:$fault:when=$when "$atomicdir" $run >said 2>&1
			code=$?
			grep -q 'INJECTED\|killed by SIGKILL' trace || break
			points=$((points + 1)) when=$((when + 1))
			whole || { bad=$((bad + 1)); echo "# $name $fault $call $when: not whole"; }
			[ $code != 1 ] || [ "$(cat app/a)" = "$before" ] || { bad=$((bad + 1)); echo "# $name $fault $call $when: status 1, but LINK moved"; }
			[ $code -le 7 ] || [ $code = 137 ] || [ $code = 127 ] || # 127: the dynamic linker could not begin
				 { bad=$((bad + 1)); echo "# $name $fault $call $when: status $code"; }
			next_run >said 2>&1 && whole && clean ||
				{ bad=$((bad + 1)); echo "# $name $fault $call $when: the next run"; cat said; ls .app.atomicdir; }
			[ $when -lt ${MOST:-1000} ] || break
		done
	done
	echo "# $name, $fault: $points points"
	[ $points -gt 5 ] && [ $bad = 0 ]
}
run_matrix() { matrix "$1" "$2" >matrix-out 2>&1; result=$?; cat matrix-out; return $result; }

for way in fs files; do
	run="fill --sync $way --grace 0s app --from two"
	ok "killed anywhere in a fill with --sync $way" run_matrix "fill $way" signal=KILL; grep points out
	ok "failed anywhere in a fill with --sync $way" run_matrix "fill $way" error=EIO; grep points out
done
run="rollback --grace 0s app"
ok "killed anywhere in a rollback" run_matrix rollback signal=KILL; grep points out
ok "out of space anywhere in a rollback" run_matrix rollback error=ENOSPC; grep points out
run="prune --keep 0 app"
ok "killed anywhere in a prune" run_matrix prune signal=KILL; grep points out
run="fill --grace 0s app --from two"
ok "out of descriptors anywhere in a fill" run_matrix fill error=EMFILE; grep points out

# An adoption starts from a real directory, and LINK is one of the two at every instant.
reset() { chmod -R u+rwx app .app.atomicdir 2>/dev/null; rm -rf app .app.atomicdir; cp -r one app; }
next_run() { "$atomicdir" adopt app && [ "$(cat app/a app/b | tr -d '\n')" = 11 ] && [ -L app ]; }
run="adopt app"
ok "killed anywhere in an adoption" run_matrix adopt signal=KILL; grep points out
ok "failed anywhere in an adoption" run_matrix adopt error=EIO; grep points out

# The order, from one trace.
chmod -R u+rwx app .app.atomicdir; rm -rf app .app.atomicdir
for from in one two one; do "$atomicdir" fill --grace 0s app --from $from >/dev/null 2>&1; done
strace -o trace -e trace=syncfs,fsync,renameat,unlinkat "$atomicdir" fill --grace 0s --sync fs app --from two >/dev/null 2>&1
order=$(sed -n 's/^syncfs.*/B/p; s/^fsync.*/B/p; s/^renameat([0-9]*, "next".*/S/p; s/^unlinkat(.*"00000[12]\.info".*/R/p' trace | tr -d '\n')
ok "one barrier, the swap, one barrier, and only then the first removal" [ "$order" = BSBR ]
finish
