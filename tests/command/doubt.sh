#!/bin/sh
# SPDX-License-Identifier: ISC
# What a search of the order (tests/model) found: barriers that fail, a store that a killed writer made, a hook that runs longer than
# its generation is live.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
fill() { "$atomicdir" fill --grace 0s "$@" 2>/dev/null; }

if ! strace -o /dev/null true 2>/dev/null; then skip "barriers that fail" "strace cannot trace here"
else
	# Live is 1, and 2 is the newest: what is kept for being new is not what a power cut leads back to.
	fill app -- sh -c 'echo 1 >f'; fill --keep 1 app -- sh -c 'echo 2 >f'; "$atomicdir" rollback app >said 2>&1
	one=$(readlink app)
	ok "no space for the second barrier is status 6" status 6 \
		strace -o trace -e trace=fsync -e inject=fsync:error=ENOSPC:when=1 "$atomicdir" fill --sync fs --keep 0 --grace 0s app -- sh -c 'echo 3 >f'
	ok "a second barrier that fails for want of space removes no old generation" test -e "$one/f" -a "$(cat app/f)" = 3
	strace -o trace -e trace=syncfs -e inject=syncfs:error=ENOSPC "$atomicdir" fill --sync fs --keep 0 --grace 0s app -- sh -c 'echo 3 >f' >said 2>&1
	ok "the next run removes no old generation while it cannot sync the swap" test -e "$one/f"
	ok "a rollback to what is live does not call it durable" status 6 \
		strace -o trace -e trace=syncfs -e inject=syncfs:error=EIO "$atomicdir" rollback --sync fs app 3
	fill --sync fs --keep 0 app -- sh -c 'echo 3 >f'
	ok "the next run that can says unchanged and removes it" test ! -e "$one"

	strace -o trace -e trace=mkdirat -e inject=mkdirat:signal=KILL:when=2 "$atomicdir" fill --sync files new -- sh -c 'echo 1 >f' >said 2>&1
	ok "killed, a first fill leaves its store" test -d .new.atomicdir -a ! -e new
	strace -y -o trace -e trace=fsync,renameat2 "$atomicdir" fill --sync files new -- sh -c 'echo 1 >f' >said 2>&1
	ok "of which the next one makes the name durable before the swap" awk -v parent="<$(pwd -P)>" '
		/^fsync/ && index($0, parent) { synced = 1 } /"next"/ { exit !synced }' trace
fi

rm -rf app .app.atomicdir
mkfifo began go
fill --keep 1 --on-change 'echo >began; read -r line <go' app -- sh -c 'echo 1 >f' & slow=$!
read -r line <began
fill --keep 1 --on-change true app -- sh -c 'echo 2 >f'
ok "a rollback to a generation whose hook still runs runs its own" status 3 "$atomicdir" rollback --on-change 'echo rolled back >heard; false' app 1
ok "the rollback runs its own hook at once" test -e heard
echo >go; wait $slow
ok "the end of the first hook does not remove the mark of the second" test -e .app.atomicdir/000001.hook
fill --on-change 'echo again >heard' app -- sh -c 'echo 1 >f'
ok "the next call runs the hook that is still due" grep -q again heard
ok "the hook's mark is removed once the hook succeeded" test ! -e .app.atomicdir/000001.hook
finish
