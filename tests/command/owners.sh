#!/bin/sh
# SPDX-License-Identifier: ISC
# Several users around one LINK: root in another user's store, a store that is somebody else's, one that a volume's group may write in,
# and files of others that may not be read.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

[ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || { skip "several users around one LINK" "needs root and setpriv"; finish; }
chmod 755 "$work"
cp "$atomicdir" ./atomicdir
# as UID GID COMMAND...
as() { uid=$1 gid=$2; shift 2; setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"; }
fill() { ./atomicdir fill -q --grace 0s "$@" 2>&1; }
# says TEXT STATUS COMMAND...: it ends with this status, and its error has the text.
says() { text=$1 wanted=$2; shift 2; "$@" >said 2>&1; got=$?; cat said; [ "$got" = "$wanted" ] && grep -q -- "$text" said; }
# What is not of this user in a directory, but what COMMAND made itself.
others() { find "$1" ! -user "$2" | grep -v "$3" | grep .; }

# ---- Root in another user's store ----

mkdir theirs; chown 1001:1002 theirs
as 1001 1002 ./atomicdir fill -q theirs/app -- sh -c 'echo 1 >f'
mkdir from; echo 3 >from/f; chown -R 1001:1002 from
ok "root fills in another user's store" fill theirs/app -- sh -c 'echo 2 >f'
ok "the symlink, the generation and its records that root makes belong to that user" \
	sh -c '! find theirs ! -user 1001 ! -path "*/f" | grep .'
ok "what COMMAND made keeps the owner that COMMAND gave it" test "$(stat -c %u theirs/app/f)" = 0
ok "a copy that root makes of that user's directory belongs to that user" sh -c "./atomicdir fill -q --grace 0s --on-change true theirs/app --from from && ! find theirs/app/ ! -user 1001 | grep ."
ok "that user can publish after root did" as 1001 1002 ./atomicdir fill -q --grace 0s theirs/app -- sh -c 'echo 4 >f'
ok "root can roll back, list and prune in another user's store" sh -c './atomicdir rollback -q theirs/app && ./atomicdir list theirs/app && ./atomicdir prune --keep 0 theirs/app'
ok "root leaves nothing in that store that belongs to root" sh -c '! find theirs ! -user 1001 | grep .'
rm -f theirs/.app.atomicdir/lock
ok "root can fill where the lock is missing" fill theirs/app -- sh -c 'echo 5 >f'
ok "the lock that root made belongs to that user, with mode 0600" test "$(stat -c '%u:%g %a' theirs/.app.atomicdir/lock)" = "1001:1002 600"
ok "the top directory's owner owns LINK" sh -c './atomicdir fill -q --owner 1003:1004 given -- touch f && test "$(stat -c %u:%g given)" = 1003:1004'

# ---- The owner of what is published ----

# last_given COMMAND...: what of the generation gets its owner or mode last.
last_given() { strace -f -y -o trace -e trace=fchown,fchownat,fchmod,fchmodat "$@" >/dev/null 2>&1; grep -o '/0*1\(/[^>"]*\)*>' trace | tail -1; }
if strace -o trace true 2>/dev/null; then
	is "$(last_given ./atomicdir fill --owner 1003:1004 last -- sh -c 'mkdir d; touch d/f g')" "/000001>" "the top directory gets its owner last, so the owner cannot enter before all is sealed"
	echo '{"a":"1","b":"2"}' >s.json
	is "$(last_given "$here/build/secretdir" sync --owner 1003:1004 --source file:s.json secrets a d/b=b)" "/000001>" "secretdir gives the top directory its owner last too"
	is "$(find secrets/ ! -user 1003)" "" "all of the secrets belong to that owner"
else skip "the top directory gets its owner last, so the owner cannot enter before all is sealed" "strace cannot trace here"; fi

# ---- Files of others ----

# An application of another user writes files that nobody else may read into a directory of what is live.
mkdir www; chown 1001:1002 www
as 1001 1002 ./atomicdir fill -q www/app -- sh -c 'echo 1 >v; mkdir -m 0777 cache'
as 1003 1003 sh -c 'umask 077; mkdir www/app/cache/sub; echo x >www/app/cache/sub/c'
ok "where --edit may not read a file of somebody else's, the path and its owner are named" \
	says "'cache/sub': Permission denied; it belongs to user 1003, but this process runs as user 1001; --edit must be able to read the whole live generation" 1 \
	as 1001 1002 ./atomicdir fill --edit www/app -- touch z
as 1001 1002 ./atomicdir fill -q www/app -- sh -c 'echo 1 >v; mkdir -m 0777 cache; mkdir -m 0755 cache/sub'
ok "diff too names a path that it may not read, and its owner" says "'cache/sub': Permission denied; it belongs to user 1003" 1 as 1001 1002 ./atomicdir diff www/app
ok "root can edit, compare and prune where the user cannot" sh -c './atomicdir rollback -q www/app 1 && ./atomicdir fill -q --grace 0s --edit www/app -- touch z && test -e www/app/cache/sub/c && ./atomicdir diff www/app && ./atomicdir prune --keep 0 www/app && test $(ls www/.app.atomicdir | grep -c "^[0-9]*$") = 1'

# ---- A store that is somebody else's ----

mkdir shared; chgrp 2000 shared; chmod 2775 shared
as 1001 2000 ./atomicdir fill -q shared/app -- touch a
ok "another user of the group is told whose store it is, and how to go on" \
	says "belongs to user 1001, but this process runs as user 1002; run it as that user (sudo -u '#1001')" 1 as 1002 2000 ./atomicdir fill shared/app -- touch b
ok "LINK is unchanged after another user of the group was refused" test -e shared/app/a -a ! -e shared/app/b

# ---- A store that a group may write in ----

# walk DIRECTORY: what the kubelet does at each start of a pod with an fsGroup.
walk() {
	chgrp -R 2000 "$1"
	find "$1" -type d -exec chmod g+rwxs {} + && find "$1" -type f -exec chmod g+rw {} +
}
mkdir -m 2775 volume; chown 1001:2000 volume
writer() { as 1001 2000 ./atomicdir fill -q --grace 0s "$@"; }
writer volume/app -- sh -c 'echo 1 >f'
walk volume
ok "a store whose group and modes were changed recursively is repaired, with a warning" \
	says "removed the write permission of group 2000 (the mode was 2771) from the store 'volume/.app.atomicdir'" 0 as 1001 2000 ./atomicdir fill --grace 0s volume/app -- sh -c 'echo 2 >f'
ok "that is one warning, and the result line" sh -c "cat said; test \"\$(wc -l <said)\" = 2"
ok "the store, its lock and its records have their modes again" test "$(cd volume/.app.atomicdir; stat -c %a . lock 000001.info | tr '\n' ' ')" = "2711 600 600 "
ok "the next fill prints no warning" sh -c 'setpriv --reuid 1001 --regid 2000 --clear-groups ./atomicdir fill --grace 0s volume/app -- sh -c "echo 3 >f" 2>&1 | grep -c . | grep -x 1'
walk volume; as 1005 2000 touch volume/.app.atomicdir/000099.info
ok "a store in which another user has made a file is refused" says "'000099.info' in it belongs to user 1005" 1 writer volume/app -- sh -c 'echo 4 >f'
ok "a store that is refused keeps its mode" test "$(stat -c %a volume/.app.atomicdir)" = 2771
rm volume/.app.atomicdir/000099.info; chgrp 2001 volume/.app.atomicdir; chmod 0771 volume/.app.atomicdir
ok "a store that a group can write in is refused where the parent has another group" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chgrp 2000 volume/.app.atomicdir; chmod 0771 volume/.app.atomicdir; chmod g-w volume
ok "a store that a group can write in is refused where that group cannot write in the parent" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chmod 3775 volume
ok "a store that a group can write in is refused where the parent is sticky" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chmod 2775 volume
ok "a store that a group can write in is repaired where that group can write in the parent" writer volume/app -- sh -c 'echo 4 >f'
chmod 0773 volume/.app.atomicdir
ok "a store that everybody can write in is always refused" says "may be written by others (mode 2773)" 1 writer volume/app -- sh -c 'echo 5 >f'
chmod 0711 volume/.app.atomicdir
if command -v setfacl >/dev/null && setfacl -d -m u:65534:rwx,g::rwx,o::rwx volume/.app.atomicdir 2>/dev/null; then
	ok "a fill into a store that was given a default ACL succeeds" writer --file-mode 0640 volume/app -- sh -c 'echo 6 >f'
	ok "that default ACL changes no mode of what is published or of the lock" test "$(stat -c %a volume/app/. volume/app/f volume/.app.atomicdir/lock | tr '\n' ' ')" = "2755 640 600 "
	ok "that default ACL gives nobody access to what is published or to the store" sh -c "! getfacl -cnR volume/app/ volume/.app.atomicdir | grep 65534"
else skip "a fill into a store that was given a default ACL succeeds" "no setfacl, or no ACLs here"; fi
finish
