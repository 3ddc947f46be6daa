#!/bin/sh
# SPDX-License-Identifier: ISC
# Real shortages and refusals: no blocks, no inodes, no quota, a limit on the size of files, a file system that turns read-only,
# immutable files, and directories that their own owner may not write in.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

fill() { "$atomicdir" fill -q "$@" >/dev/null; }
# fails TEXT COMMAND...: status 1, one line, which has the text, and $at/app/f is still what $live says.
fails() {
	text=$1; shift
	"$@" 2>said; got=$?
	cat said
	[ $got = 1 ] && [ "$(wc -l <said)" = 1 ] && grep -q "$text" said && [ "$(cat "$at/app/f")" = "$live" ]
}
# tree NAME VALUE KILOBYTES [FILES]: a directory to fill from.
tree() {
	rm -rf "$1"; mkdir "$1"; echo "$2" >"$1/f"; head -c "${3}k" /dev/urandom >"$1/big"
	for i in $(seq "${4:-0}"); do : >"$1/$i"; done
}
clean() { ! ls "$at/.app.atomicdir" | grep -qvE '^(lock|[0-9]{6}|[0-9]{6}\.info)$'; }

# ---- The size of a file, and 0500 directories: an ordinary user's ----

tree small 1 1; tree large 2 600; live=1 at=.
fill --grace 0s app --from small
ok "a file beyond RLIMIT_FSIZE is an error, not a signal" fails "File too large" sh -c "ulimit -f 100; '$atomicdir' fill -q app --from large"
ok "what COMMAND writes beyond it ends COMMAND" fails "nothing was published" sh -c "ulimit -f 100; '$atomicdir' fill -q app -- sh -c 'cp ../../large/big big 2>/dev/null'"
ok "a COMMAND that was ended by a limit leaves nothing in the store" clean

cat >ordinary.sh <<'SH'
set -e
umask 022
fill() { "$1" fill -q --grace 0s "$2" --from "$3"; }
for i in 1 2 3; do mkdir -p $i/closed/deeper; echo $i >$i/closed/f; echo $i >$i/closed/deeper/f; chmod 0500 $i/closed/deeper $i/closed $i; done
for i in 1 2 3; do fill "$1" app $i; done
test "$(cat app/closed/deeper/f)" = 3
test "$(stat -c %a app/closed app/closed/deeper | tr '\n' ' ')" = "500 500 "
"$1" fill -q --grace 0s --edit app -- sh -c 'chmod 700 closed; echo 4 >closed/g; chmod 500 closed'
test "$(cat app/closed/g app/closed/f | tr '\n' ' ')" = "4 3 "
"$1" rollback -q --grace 0s app
"$1" fill -q --grace 0s --dir-mode 0500 --file-mode 0400 app --from 1
"$1" fill -q --grace 0s --dir-mode 0500 --file-mode 0400 app --from 2
"$1" prune --keep 0 app
test "$(ls .app.atomicdir/ | grep -c '^[0-9]*$')" = 1
cp -r 1 real; chmod 0500 real/closed/deeper real/closed; chmod 0755 real
"$1" adopt real
test "$(cat real/closed/f)" = 1 -a -L real
# Whatever became of the live one's modes, it can be replaced.
chmod 0600 .app.atomicdir/0*/closed
"$1" diff app >diff.out 2>diff.err && exit 1; test "$(wc -l <diff.err)" = 1
fill "$1" app 3
test "$(cat app/closed/f)" = 3 -a "$(stat -c %a app/closed)" = 500
SH
if [ "$(id -u)" != 0 ]; then
	mkdir ordinary
	ok "an ordinary user's 0500 directories are filled, edited, rolled back, adopted and pruned" sh -c "cd ordinary && sh ../ordinary.sh '$atomicdir'"
elif command -v setpriv >/dev/null; then
	mkdir ordinary; cp "$atomicdir" ordinary.sh ordinary; chown -R 65534:65534 ordinary; chmod 755 "$work"
	ok "an ordinary user's 0500 directories are filled, edited, rolled back, adopted and pruned" \
		sh -c "cd ordinary && setpriv --reuid 65534 --regid 65534 --clear-groups sh ordinary.sh ./atomicdir"
else skip "an ordinary user's 0500 directories are filled, edited, rolled back, adopted and pruned" "no setpriv"; fi

# ---- Images: root's ----

needs="a_full_disk no_more_inodes a_quota a_file_system_that_turns_read-only what_is_immutable"
if [ "$(id -u)" != 0 ] || ! command -v mkfs.ext4 >/dev/null; then
	for what in $needs; do skip "$(echo $what | tr _ ' ')" "needs root, loop devices and mkfs.ext4"; done; finish
fi
mounted=
trap 'cd /; for at in $mounted; do umount "$at"; done; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
# image NAME OPTIONS-OF-MKFS OPTIONS-OF-MOUNT: mounted at $at.
image() {
	at=$1
	truncate -s 16M "$at.img" && mkfs.ext4 -q -F -J size=1 $2 "$at.img" && mkdir "$at" && mount -o loop$3 "$at.img" "$at" || return 1
	mounted="$work/$at $mounted"
}
for i in 1 2 3; do tree $i $i 6000; done
if ! (image probe "" "" && umount probe) 2>/dev/null; then
	for what in $needs; do skip "$(echo $what | tr _ ' ')" "no loop device can be mounted here"; done; finish
fi

image disk "" ""; live=2
fill --grace 1h disk/app --from 1; fill --grace 1h disk/app --from 2
ok "a disk that is full is an error, and LINK is as it was" fails "No space left on device" fill --grace 1h disk/app --from 3
ok "where older generations are kept the error says how to remove them" fails "'atomicdir prune --keep 0 $work/disk/app' removes 1 older generation" fill --grace 1h disk/app --from 3
ok "a fill that did not fit leaves nothing in the store" test "$(ls disk/.app.atomicdir | tr '\n' ' ')" = "000001 000001.info 000002 000002.info lock "
ok "with a smaller --keep the removal of an old generation makes room, and the fill succeeds" fill --grace 0s --keep 0 disk/app --from 3
ok "the fill that got room is live" test "$(cat disk/app/f)" = 3
ok "COMMAND that meets it publishes nothing" sh -c "'$atomicdir' fill -q disk/app -- sh -c 'cat ../../../1/big ../../../2/big >big' 2>/dev/null; test \$? = 1 && test \$(cat disk/app/f) = 3"
ok "a COMMAND on a full disk leaves nothing in the store" clean

image room "" ""; live=2
fill --grace 0s --keep 5 room/app --from 1; fill --grace 0s --keep 5 room/app --from 2
ok "where COMMAND meets it, the error says that old generations made room" \
	fails "the disk is full, and old generations were removed to make room; run it again" fill --grace 0s --keep 0 room/app -- sh -c 'cat ../../../1/big ../../../2/big >big 2>/dev/null'
ok "the next fill succeeds in the room that was made" fill --grace 0s --keep 0 room/app -- sh -c 'cp ../../../3/* .'
is "$(cat room/app/f)" 3 "the fill that got that room is live"

mkdir memory; mount -t tmpfs -o size=400k tmpfs memory; mounted="$work/memory $mounted"
value() { printf '{"a":"%s"}' "$(head -c 60000 /dev/zero | tr '\0' "$1")" >secrets.json; }
sync() { "$here/build/secretdir" sync -q --source file:secrets.json --grace 0s "$@" memory/app a 2>&1; }
for i in 1 2 3 4 5 6; do value $i; sync --keep 10; done >/dev/null
ok "secrets fill it up" sh -c 'test $(ls memory/.app.atomicdir | grep -c "^[0-9]*$") = 5'
value 9
ok "where old generations may go the next secrets get their room at once" sync --keep 0
is "$(head -c 3 memory/app/a)" 999 "the secrets that got room are live"

image inodes "-N 64" ""; live=1; tree many 2 1 100
fill inodes/app --from small
ok "no more inodes: an error, and LINK is as it was" fails "No space left on device" fill inodes/app --from many
ok "without inodes nothing is left in the store" clean
ok "a fill that fits into the inodes that are left is published" fill inodes/app --from large

image immutable "" ""; live=1
fill --grace 0s immutable/app --from small
for what in .app.atomicdir .app.atomicdir/lock; do
	chattr +i immutable/$what
	ok "$what, immutable, is an error" fails "Operation not permitted" fill immutable/app --from large
	chattr -i immutable/$what
done
chattr +i immutable/app/.
ok "a live generation that is immutable can be replaced" fill --grace 0s --keep 0 immutable/app --from large
ok "an immutable generation that was replaced stays" test -e immutable/.app.atomicdir/000001 -a "$(cat immutable/app/f)" = 2
chattr -i immutable/.app.atomicdir/000001
ok "the next fill succeeds once it is no longer immutable" fill --grace 0s --keep 0 immutable/app --from small
ok "a generation that is no longer immutable is removed by the next fill" test "$(ls immutable/.app.atomicdir | grep -c '^[0-9]*$')" = 1

image readonly "" ""; live=1
fill readonly/app --from small
ok "a file system that turns read-only under COMMAND: an error, and LINK is as it was" \
	fails "Read-only file system" fill readonly/app -- sh -c "echo 2 >f; mount -o remount,abort '$work/readonly'"
ok "readers of a file system that turned read-only can go on" test "$(cat readonly/app/f)" = 1
umount readonly; mount -o loop readonly.img readonly
ok "mounted anew it is published" fill readonly/app --from large
ok "after the remount nothing unpublished is left" clean
mount -o remount,ro readonly; live=2
ok "read-only from the start: an error" fails "Read-only file system" fill readonly/app --from small
ok "reading needs no more" sh -c "'$atomicdir' list readonly/app && '$atomicdir' exec readonly/app -- cat f"

claim="a quota that is used up: an error, and LINK is as it was"
if [ ! -d /proc/sys/fs/quota ]; then skip "$claim" "this kernel has no quotas; the injector says EDQUOT"
elif ! image quota "-O quota -E quotatype=usrquota" ",usrquota" 2>/dev/null; then skip "$claim" "no quota on ext4 here"
else
	live=1; chmod 777 quota; cp "$atomicdir" atomicdir.copy
	as() { setpriv --reuid 65534 --regid 65534 --clear-groups ./atomicdir.copy fill -q quota/app --from "$@" >/dev/null; }
	as small
	# quotactl(2): Q_SETQUOTA of 2,000 blocks of 1 kB for user 65534.
	if python3 - "$(findmnt -no SOURCE quota)" <<'PY'
import ctypes, struct, sys
limits = struct.pack('QQQQQQQQI4x', 2000, 2000, 0, 0, 0, 0, 0, 0, 1)
libc = ctypes.CDLL(None, use_errno=True)
sys.exit(libc.quotactl(0x800008 << 8, sys.argv[1].encode(), 65534, ctypes.c_char_p(limits)) != 0)
PY
	then
		ok "$claim" fails "Disk quota exceeded" as 1
		ok "$claim: a fill that fits is published" as large
	else skip "$claim" "quotactl(2) refused to set one; the injector says EDQUOT"; fi
fi
finish
