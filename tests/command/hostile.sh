#!/bin/sh
# SPDX-License-Identifier: ISC
# Stores in which somebody else wrote: what stands under our names is never waited for, followed or changed.
. "$(dirname "$0")/../tap.sh"

fill() { timeout 60 "$atomicdir" fill -q "$@"; }

fill app -- sh -c 'echo 1 >f' >/dev/null
mkfifo .app.atomicdir/000001.info.new
ok "a FIFO where a generation's facts should be keeps nobody waiting" fill --sync files app -- sh -c 'echo 2 >f'
ok "a generation is published over one whose .info is a FIFO" test "$(cat app/f)" = 2

rm app/f; mkfifo app/f
ok "a FIFO in the place of a live file keeps nobody waiting" fill app -- sh -c 'echo 2 >f'
is "$(cat app/f)" 2 "a FIFO in the place of a live file is replaced by the next fill"
cat >lease.py <<'PY'
# Takes a lease on the file, says so, and keeps it.
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError:
    sys.exit('no leases here')
open('leased', 'w').close()
signal.pause()
PY
python3 lease.py app/f 2>no_leases & lease=$!
while ! [ -e leased ] && kill -0 $lease 2>/dev/null; do sleep 0.02; done
if [ -e leased ]; then
	# The kernel makes whoever waits wait for 45 seconds.
	ok "a lease on a live file keeps nobody waiting" timeout 30 "$atomicdir" fill -q app -- sh -c 'echo 3 >f'
	is "$(cat app/f)" 3 "a generation is published over one with a file under a lease"
else skip "a lease on a live file keeps nobody waiting" "no leases here"; fi
kill $lease 2>/dev/null; wait $lease 2>/dev/null

fill hooked -- sh -c 'echo 1 >f' >/dev/null
mkfifo .hooked.atomicdir/000001.hook
ok "a lease on a hook's mark keeps nobody waiting" fill --on-change 'echo ran >"$ATOMICDIR_LINK.ran"' hooked -- sh -c 'echo 1 >f'
ok "the hook runs" test "$(cat hooked.ran)" = ran
ok "the hook's mark is removed after it" test ! -e .hooked.atomicdir/000001.hook

ok "nobody else can open the lock" test "$(stat -c %a .app.atomicdir/lock)" = 600
mkdir elsewhere; ln -s elsewhere .linked.atomicdir
ok "a symlink in the store's place is refused" status 1 "$atomicdir" fill linked -- true
ok "what a symlink in the store's place leads to is not changed" test -z "$(ls -A elsewhere)"
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
	ok "a file that is hard-linked as the lock keeps its mode" test "$(stat -c %a ours/closed)" = 0
	mkdir -m 72 ours/.open.atomicdir; [ -z "$anybody" ] || chown 65534 ours/.open.atomicdir
	ok "a store that others may write is refused, also where its owner may not" status 1 $anybody "$atomicdir" fill ours/open -- true
fi
if [ -n "$anybody" ] && $anybody test -x "$atomicdir" 2>/dev/null; then
	mkdir -m 711 ours/.foreign.atomicdir
	ok "a store of somebody else's is refused" status 1 $anybody "$atomicdir" fill ours/foreign -- true
	ok "a store that belongs to somebody else is not changed" test -z "$(ls -A ours/.foreign.atomicdir)"
else skip "a store of somebody else's is refused" "needs root, or the tree is private"; fi
finish
