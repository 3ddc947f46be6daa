#!/bin/sh
# SPDX-License-Identifier: ISC
# atomicdir wait: what it prints, its statuses, the loop of the manual, and what it does where LINK cannot be watched.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill -q --grace 0s --keep 3 "$@"; }

fill site -- sh -c 'echo 1 >f'
ok "--since 0 prints the live generation at once" "$atomicdir" wait --since 0 site
is "$(cat out)" 1 "it prints the number alone"
ok "after --timeout the status is 5" status 5 "$atomicdir" wait --since 1 --timeout 100ms site
ok "without --since it waits for another generation than the live one" status 5 "$atomicdir" wait --timeout 100ms site
is "$(cat err)" "atomicdir: 'site' has had no other generation than 1 for 100ms" "the error says what is still live, and how long that was waited for"
ok "where nothing is live, that times out too" status 5 "$atomicdir" wait --timeout 100ms nothing
is "$(cat err)" "atomicdir: 'nothing' has had no live generation for 100ms" "the error says that nothing was live"
ok "a directory that does not exist is an error" status 1 "$atomicdir" wait nowhere/site
ok "--since takes a number" status 2 "$atomicdir" wait --since x site
mkdir real
ok "a directory that is not ours is waited over" status 5 "$atomicdir" wait --timeout 100ms real

# The loop of the manual: what the waiter is woken for is what it reads.
seen() { i=0; until [ "$(tail -n1 seen 2>/dev/null)" = "$1" ]; do i=$((i + 1)); [ $i -lt 600 ] || return 1; sleep 0.05; done; }
(n=0; while n=$("$atomicdir" wait --since "$n" site) && [ "$n" != 5 ]; do echo "$n $(cat site/f)" >>seen; done; echo end >>seen) &
loop=$!
ok "the loop of the manual sees what is live when it begins" seen '1 1'
fill site -- sh -c 'echo 2 >f'; ok "the loop sees a replacement" seen '2 2'
fill site -- sh -c 'echo 3 >f'; ok "the loop sees another one" seen '3 3'
"$atomicdir" rollback -q site 2 >/dev/null; ok "the loop sees a rollback" seen '2 2'
rm site; sleep 0.1; fill site -- sh -c 'echo 4 >f'; ok "the loop outlives a removal" seen '4 4'
fill site -- sh -c 'echo 5 >f'; wait $loop; is "$(tail -n1 seen)" end "the loop ends with what it runs"

# ---- Where LINK cannot be watched ----

# polls CLAIM COMMAND...: COMMAND waits for another generation than the live one; one is published as soon as it has said that it polls.
polls() {
	claim=$1; shift
	: >said # what the one before said would be taken for this one's
	"$@" >waited 2>said & waiter=$!
	i=0; until grep -q 'every 500 ms' said; do i=$((i + 1)); [ $i -lt 600 ] || break; sleep 0.05; done
	fill site -- sh -c "date +%N >f"
	wait $waiter
	is "$(cat waited)" "$("$atomicdir" show site | sed 's/.*\/0*//')" "$claim"
}
if ! unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances' 2>/dev/null; then
	skip "without inotify it polls" "no user namespace may be made here"
else
	polls "without inotify instances (EMFILE) it polls" unshare -Ur sh -c "echo 0 >/proc/sys/user/max_inotify_instances; exec '$atomicdir' wait -v site"
	is "$(sed 's/^\(atomicdir: looking\).*with/\1/' said)" "atomicdir: looking every 500 ms, since inotify(7) cannot watch 'site': Too many open files; raise the sysctl fs.inotify.max_user_instances, or the limit of open files" "-v says that it polls, why, and which limit to raise"
	polls "without inotify watches (ENOSPC) it polls" unshare -Ur sh -c "echo 0 >/proc/sys/user/max_inotify_watches; exec '$atomicdir' wait -v site"
	is "$(cat said)" "atomicdir: looking every 500 ms, since inotify(7) cannot watch 'site': No space left on device; raise the sysctl fs.inotify.max_user_watches" "-v says so, and which limit to raise"
	ok "without -v it does not say so" status 5 unshare -Ur sh -c "echo 0 >/proc/sys/user/max_inotify_watches; exec '$atomicdir' wait --timeout 100ms site"
	is "$(wc -l <err)" 1 "without -v there is nothing but the error"
fi
if ! strace -o trace -e inject=fstatfs:poke_exit=@arg2=6969000000000000 true 2>/dev/null; then
	skip "on a network file system it polls" "this strace cannot change what a call returns"
else
	polls "on a network file system it polls" strace -o trace -e trace=fstatfs,inotify_init1 -e inject=fstatfs:poke_exit=@arg2=6969000000000000 "$atomicdir" wait -v site
	is "$(cat said)" "atomicdir: looking at 'site' every 500 ms, since its file system does not tell what other hosts change" "-v says why"
	is "$(grep -c inotify_init1 trace)" 0 "no watch is made there"
fi

# A publication that falls between the first look and the watch: each call that makes the watch is held up meanwhile.
if ! strace -o trace -e inject=inotify_init1:delay_enter=1 true 2>/dev/null; then skip "no publication is lost between look and watch" "this strace cannot delay a call"
else
	fill site -- sh -c 'date +%N >f'; n=$("$atomicdir" wait --since 0 site)
	strace -f -o trace -e trace=inotify_init1 -e inject=inotify_init1:delay_enter=3000000 timeout 12 "$atomicdir" wait --since "$n" site >waited & waiter=$!
	sleep 1.5; fill site -- sh -c 'date +%N >f'; wait $waiter
	is "$(cat waited)" $((n + 1)) "no publication is lost between look and watch"
fi

# One replacement, one look: the waiter is not woken for what happens beside LINK.
if ! strace -o trace true 2>/dev/null; then skip "siblings wake nobody" "strace cannot trace here"
else
	strace -o trace -e trace=poll "$atomicdir" wait --timeout 1500ms site 2>/dev/null & waiter=$!
	sleep 0.5; for i in 1 2 3 4 5; do : >"beside$i"; mv "beside$i" "beside"; done; wait $waiter
	is "$(grep -c '^poll' trace)" 1 "what happens beside LINK wakes nobody"
fi
finish
