#!/bin/sh
# SPDX-License-Identifier: ISC
# What stands around a publication: parents of every kind, readers that lock, files that the stage shares with the live generation.
. "$(dirname "$0")/../tap.sh"

# The leak checker needs ptrace for itself, which strace has.
export ASAN_OPTIONS=detect_leaks=0
fill() { "$atomicdir" fill "$@"; }

fill locked -- touch a 2>/dev/null
ok "a reader that holds the live one's lock does not hold up a writer" python3 -c "
import fcntl, os, subprocess
fcntl.flock(os.open('locked', os.O_RDONLY), fcntl.LOCK_EX)
assert subprocess.run(['$atomicdir', 'fill', 'locked', '--', 'touch', 'b']).returncode == 0
"
mkdir l; echo 1 >l/f; fill linked --from l >/dev/null
ok "a file that the stage shares with the live one is copied before its mode changes" \
	fill --edit --file-mode 0600 linked -- sh -c 'rm f; ln "$ATOMICDIR_LIVE/f" f; echo 2 >g'
ok "so the live one's mode stayed" test "$(stat -c '%a %h' .linked.atomicdir/*/f | tr '\n' ' ')" = "644 1 600 1 "
mkdir sticky; chmod 1777 sticky
ok "a sticky parent is a parent" fill sticky/app -- touch x
ln -s sticky through
ok "a parent reached through a symlink too" fill through/app2 -- touch x
if [ "$(id -u)" = 0 ]; then
	mkdir setgid; chgrp 12 setgid; chmod 2775 setgid
	ok "a setgid parent" fill setgid/app -- touch x
	ok "hands its group down" test "$(stat -c '%a %g' setgid/.app.atomicdir setgid/app/. setgid/app/x | tr '\n' ' ')" = "2711 12 2755 12 644 12 "
else skip "a setgid parent hands its group down" "needs root"; fi
if command -v setfacl >/dev/null && mkdir acl && setfacl -d -m u:65534:rwx acl 2>/dev/null; then
	ok "a default ACL on the parent" fill --file-mode 0440 acl/app -- touch x
	ok "lets no stranger in" sh -c "! getfacl -cn acl/.app.atomicdir acl/app/x | grep 65534"
else skip "a default ACL on the parent lets no stranger in" "no setfacl, or no ACLs here"; fi
if [ -d /dev/shm ] && volatile=$(mktemp -d /dev/shm/atomicdir.XXXXXX); then
	ok "tmpfs has no disk, and nothing is synced" sh -c "strace -f -o '$work/trace' '$atomicdir' fill '$volatile/app' -- touch x && ! grep -qE '(fsync|syncfs)\(' '$work/trace'"
	rm -rf "$volatile"
else skip "tmpfs has no disk, and nothing is synced" "no /dev/shm"; fi
ok "a hostile TMPDIR is no concern" env TMPDIR=/nonexistent "$atomicdir" fill tmp -- touch x
ok "the working directory is no concern" sh -c "cd / && '$atomicdir' fill '$work/elsewhere' -- touch x && test -e '$work/elsewhere/x'"
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	mkdir overlay
	cat >overlay.sh <<'SH'
mount -t tmpfs tmpfs overlay && cd overlay && mkdir lower upper work merged || exit 77
mkdir lower/real && echo 1 >lower/real/f && "$1" fill lower/app -- sh -c 'echo 1 >f' || exit 1
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged || exit 77
"$1" fill merged/new -- sh -c 'echo 1 >f' && "$1" fill merged/new -- sh -c 'echo 2 >f' && test "$(cat merged/new/f)" = 2 || exit 1
"$1" fill merged/app -- sh -c 'echo 2 >f' && test "$(cat merged/app/f)" = 2 -a "$(cat lower/app/f)" = 1 || exit 1
"$1" fill merged/app -- sh -c 'echo 3 >f' && "$1" rollback merged/app && test "$(cat merged/app/f)" = 2
SH
	unshare -m sh overlay.sh "$atomicdir" >overlay.log 2>&1; code=$?
	if [ $code = 77 ]; then skip "overlayfs, a lower and an upper layer" "cannot mount one here"
	else ok "overlayfs, a lower and an upper layer" [ $code = 0 ]; [ $code = 0 ] || sed 's/^/# /' overlay.log; fi
	ok "what is mounted in the stage is refused, status 1, and stays" unshare -m sh -c "'$atomicdir' fill mounted -- sh -c 'mkdir m; mount -t tmpfs tmpfs m; echo 1 >m/f; ln -s m/f l'; test \$? = 1 && ! test -L mounted"
else skip "overlayfs, mounts" "needs root and mount namespaces"; fi
ok "a FIFO is refused" sh -c "'$atomicdir' fill fifo -- mkfifo p; test \$? = 1"
ok "a directory tree too deep to publish is refused, and removed" sh -c "'$atomicdir' fill deep -- python3 -c '
import os
for i in range(2000):
    os.mkdir(\"d\")
    os.chdir(\"d\")
'; test \$? = 1 && test \$(ls .deep.atomicdir) = lock"
finish
