#!/bin/sh
# SPDX-License-Identifier: ISC
# Stores in which somebody else wrote: what stands under our names is never waited for, followed or changed.
. "$(dirname "$0")/../tap.sh"

fill() { timeout 60 "$atomicdir" fill -q "$@"; }

fill app -- sh -c 'echo 1 >f' >/dev/null
mkfifo .app.atomicdir/000001.info.new
ok "a FIFO where a generation's facts should be keeps nobody waiting" fill --sync files app -- sh -c 'echo 2 >f'
ok "and the next one is published" test "$(cat app/f)" = 2

fill hooked -- sh -c 'echo 1 >f' >/dev/null
mkfifo .hooked.atomicdir/000001.hook
ok "nor does one in the place of a hook's mark" fill --on-change 'echo ran >"$ATOMICDIR_LINK.ran"' hooked -- sh -c 'echo 1 >f'
ok "the hook runs" test "$(cat hooked.ran)" = ran
ok "and the mark is gone" test ! -e .hooked.atomicdir/000001.hook

ok "nobody else can open the lock" test "$(stat -c %a .app.atomicdir/lock)" = 600
mkdir elsewhere; ln -s elsewhere .linked.atomicdir
ok "a symlink in the store's place is refused" status 1 "$atomicdir" fill linked -- true
ok "and what it leads to is as it was" test -z "$(ls -A elsewhere)"
hold() { python3 -c 'import fcntl, os, sys, subprocess
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
sys.exit(subprocess.run(sys.argv[2:]).returncode)' "$@"; }
ok "a pin gives up on a generation that somebody holds for himself" status 125 hold app "$atomicdir" exec app -- true

anybody=
[ "$(id -u)" != 0 ] || anybody='setpriv --reuid 65534 --clear-groups'
mkdir ours; echo theirs >ours/closed; chmod 0 ours/closed
[ -z "$anybody" ] || { chmod 711 .; chown -R 65534 ours; }
shared_lock() {
	$anybody mkdir -m 711 ours/.new.atomicdir && $anybody ln ours/closed ours/.new.atomicdir/lock || return 1
	status 1 $anybody "$atomicdir" fill ours/new -- true
}
if [ -n "$anybody" ] && ! $anybody test -x "$atomicdir" 2>/dev/null; then
	skip "a lock that is also another file, a store that others may write and we not" "no setpriv, or the tree is private"
else
	ok "a lock that is also another file is refused" shared_lock
	ok "and that file keeps its mode" test "$(stat -c %a ours/closed)" = 0
	mkdir -m 72 ours/.open.atomicdir; [ -z "$anybody" ] || chown 65534 ours/.open.atomicdir
	ok "a store that others may write is refused, also where its owner may not" status 1 $anybody "$atomicdir" fill ours/open -- true
fi
if [ -n "$anybody" ] && $anybody test -x "$atomicdir" 2>/dev/null; then
	mkdir -m 711 ours/.foreign.atomicdir
	ok "a store of somebody else's is refused" status 1 $anybody "$atomicdir" fill ours/foreign -- true
	ok "and is left as it was" test -z "$(ls -A ours/.foreign.atomicdir)"
else skip "a store of somebody else's is refused" "needs root, or the tree is private"; fi
finish
