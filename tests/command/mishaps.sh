#!/bin/sh
# SPDX-License-Identifier: ISC
# Mishaps that were seen to break publishers: a call that lies, a death between swap and sync, a COMMAND that outlives its writer.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill "$@" 2>/dev/null; }

if [ -n "${SAN:-}" ]; then skip "a rename that fails and happened is a publication" "a sanitizer must be loaded first"
else
	cat >liar.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	int result = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);

	if (result == 0 && strcmp(from, "next") == 0) {
		errno = EIO;
		return -1;
	}
	return result;
}
C
	${CC:-cc} -shared -fPIC -o liar.so liar.c
	fill app -- sh -c 'echo 1 >f'
	ok "a rename that fails and happened is a publication" env LD_PRELOAD="$work/liar.so" "$atomicdir" fill app -- sh -c 'echo 2 >f'
	ok "and LINK names it" test "$(cat app/f)" = 2
fi

for way in fs files; do
	rm -rf app .app.atomicdir
	fill --sync $way app -- sh -c 'echo 1 >f'
	# The second barrier is the parent's, just after the swap.
	[ $way = fs ] && call=fsync when=1 || { strace -o trace -e trace=fsync "$atomicdir" fill --sync files probe -- sh -c 'echo 2 >f' 2>/dev/null
		call=fsync when=$(($(grep -c '^fsync' trace) - 1)); }
	strace -o trace -e trace=renameat,$call -e inject=$call:signal=KILL:when=$when \
		"$atomicdir" fill --sync $way app -- sh -c 'echo 2 >f' >/dev/null 2>&1
	ok "$way: killed between swap and sync, what is live is marked" test -e .app.atomicdir/000002.info.new -a ! -e .app.atomicdir/000002.info
	strace -o trace -e trace=syncfs,fsync "$atomicdir" fill --sync $way app -- sh -c 'echo 2 >f' >said 2>&1
	ok "$way: the same again says unchanged" grep -q '^unchanged 2' said
	ok "$way: and made it durable before it did" test "$(grep -cE '^(syncfs|fsync)' trace)" -ge 2
	ok "$way: once" test -e .app.atomicdir/000002.info -a ! -e .app.atomicdir/000002.info.new
done

"$atomicdir" fill orphan -- sh -c 'echo ready >&2; (sleep 1; echo late >late) & wait' 2>ready & pid=$!
while ! grep -q ready ready; do sleep 0.05; done
kill -KILL $pid; wait $pid 2>/dev/null
fill orphan -- sh -c 'echo new >new'
sleep 1.3
ok "what a killed writer's COMMAND left running does not write into the next run's generation" test "$(ls orphan)" = new
fill orphan -- sh -c 'echo newer >new'
ok "and what it made goes" sh -c "! find .orphan.atomicdir -name late | grep ."

fill --sync none app -- sh -c 'echo 3 >f'
strace -o trace -e trace=syncfs,fsync "$atomicdir" fill app -- sh -c 'echo 3 >f' >said 2>&1
ok "what was published without a sync is not called unchanged before it is durable" sh -c "grep -q '^unchanged' said && { grep -qE '^(syncfs|fsync)' trace || stat -f -c %T . | grep -q tmpfs; }"

# ---- Somebody changes LINK meanwhile: the error says that once, and does not contradict itself ----

rm -rf app .app.atomicdir; fill app -- sh -c 'echo 1 >f'
ok "LINK that somebody else replaces meanwhile is an error" status 1 "$atomicdir" fill app -- sh -c 'echo 2 >f; ln -sfn elsewhere ../../app'
is "$(sed 's/^atomicdir: //' err)" "'app' was changed by another process meanwhile; nothing was published; this call has not changed 'app'" "which says who did what"
rm app; ln -s .app.atomicdir/000001 app
ok "the same of an undo" status 3 "$atomicdir" fill --rollback-on-failure --on-change 'ln -sfn elsewhere app; false' app -- sh -c 'echo 3 >f'
is "$(grep -c "'app' was changed by another process meanwhile; nothing was undone" err) $(grep -c 'still names\|is unchanged' err)" "1 0" "which says no more than that"
rm -f app; ln -s .app.atomicdir/000001 app
ok "an error that leaves LINK alone says so as ever" status 1 "$atomicdir" fill app -- mkfifo p
is "$(grep -c "'app' is unchanged" err)" 1 "(it does)"
mkdir real; ln -s real foreign; mkdir volume; ln -s ../real volume/..data
for what in real foreign volume; do
	options=; [ $what != volume ] || options="--layout volume "
	ok "what is not ours is refused by fill ($what)" status 1 "$atomicdir" fill $options$what -- true
	is "$(grep -c "; 'atomicdir adopt $options$what' takes it over; '$what' is unchanged" err)" 1 "with the command that takes it over"
	ok "which does so" "$atomicdir" adopt $options$what
done
finish
