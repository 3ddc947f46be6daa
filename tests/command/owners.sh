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
ok "and what it makes there belongs to that user: the symlink, the generation, and what is known of it" \
	sh -c '! find theirs ! -user 1001 ! -path "*/f" | grep .'
ok "what COMMAND made belongs to whom it gave it" test "$(stat -c %u theirs/app/f)" = 0
ok "a copy of that user's directory is all that user's" sh -c "./atomicdir fill -q --grace 0s --on-change true theirs/app --from from && ! find theirs/app/ ! -user 1001 | grep ."
ok "that user goes on with it" as 1001 1002 ./atomicdir fill -q --grace 0s theirs/app -- sh -c 'echo 4 >f'
ok "root rolls it back, lists and prunes it" sh -c './atomicdir rollback -q theirs/app && ./atomicdir list theirs/app && ./atomicdir prune --keep 0 theirs/app'
ok "and leaves nothing of its own" sh -c '! find theirs ! -user 1001 | grep .'
rm -f theirs/.app.atomicdir/lock
ok "a lock that root makes there is that user's" fill theirs/app -- sh -c 'echo 5 >f'
ok "(it is)" test "$(stat -c '%u:%g %a' theirs/.app.atomicdir/lock)" = "1001:1002 600"
ok "the top directory's owner owns LINK" sh -c './atomicdir fill -q --owner 1003:1004 given -- touch f && test "$(stat -c %u:%g given)" = 1003:1004'

# ---- The owner of what is published ----

# last_given COMMAND...: what of the generation gets its owner or mode last.
last_given() { strace -f -y -o trace -e trace=fchown,fchownat,fchmod,fchmodat "$@" >/dev/null 2>&1; grep -o '/0*1\(/[^>"]*\)*>' trace | tail -1; }
if strace -o trace true 2>/dev/null; then
	is "$(last_given ./atomicdir fill --owner 1003:1004 last -- sh -c 'mkdir d; touch d/f g')" "/000001>" "the top directory gets its owner last: until then he is kept out"
	echo '{"a":"1","b":"2"}' >s.json
	is "$(last_given "$here/build/secretdir" sync --owner 1003:1004 --source file:s.json secrets a d/b=b)" "/000001>" "so does that of secrets"
	is "$(find secrets/ ! -user 1003)" "" "(all of it is his)"
else skip "the top directory gets its owner last: until then he is kept out" "strace cannot trace here"; fi

# ---- Files of others ----

# An application of another user writes files that nobody else may read into a directory of what is live.
mkdir www; chown 1001:1002 www
as 1001 1002 ./atomicdir fill -q www/app -- sh -c 'echo 1 >v; mkdir -m 0777 cache'
as 1003 1003 sh -c 'umask 077; mkdir www/app/cache/sub; echo x >www/app/cache/sub/c'
ok "where --edit may not read a file of somebody else's, the path and its owner are named" \
	says "'cache/sub': Permission denied; it belongs to user 1003, but this process runs as user 1001; --edit must be able to read the whole live generation" 1 \
	as 1001 1002 ./atomicdir fill --edit www/app -- touch z
as 1001 1002 ./atomicdir fill -q www/app -- sh -c 'echo 1 >v; mkdir -m 0777 cache; mkdir -m 0755 cache/sub'
ok "diff names them too" says "'cache/sub': Permission denied; it belongs to user 1003" 1 as 1001 1002 ./atomicdir diff www/app
ok "root edits, compares and prunes it" sh -c './atomicdir rollback -q www/app 1 && ./atomicdir fill -q --grace 0s --edit www/app -- touch z && test -e www/app/cache/sub/c && ./atomicdir diff www/app && ./atomicdir prune --keep 0 www/app && test $(ls www/.app.atomicdir | grep -c "^[0-9]*$") = 1'

# ---- A store that is somebody else's ----

mkdir shared; chgrp 2000 shared; chmod 2775 shared
as 1001 2000 ./atomicdir fill -q shared/app -- touch a
ok "another user of the group is told whose store it is, and how to go on" \
	says "belongs to user 1001, but this process runs as user 1002; run it as that user (sudo -u '#1001')" 1 as 1002 2000 ./atomicdir fill shared/app -- touch b
ok "and LINK is as it was" test -e shared/app/a -a ! -e shared/app/b

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
ok "after a walk that gives all to a group the store is used again, with one warning" \
	says "removed the write permission of group 2000 (the mode was 2771) from the store '.app.atomicdir'" 0 as 1001 2000 ./atomicdir fill --grace 0s volume/app -- sh -c 'echo 2 >f'
ok "(one, and the result)" sh -c "cat said; test \"\$(wc -l <said)\" = 2"
ok "it has its mode again, and so has what is known of generations" test "$(cd volume/.app.atomicdir; stat -c %a . lock 000001.info | tr '\n' ' ')" = "2711 600 600 "
ok "and the next one warns no more" sh -c 'setpriv --reuid 1001 --regid 2000 --clear-groups ./atomicdir fill --grace 0s volume/app -- sh -c "echo 3 >f" 2>&1 | grep -c . | grep -x 1'
walk volume; as 1005 2000 touch volume/.app.atomicdir/000099.info
ok "where somebody else has made something in it, it is refused" says "'000099.info' in it belongs to user 1005" 1 writer volume/app -- sh -c 'echo 4 >f'
ok "and stays as it is" test "$(stat -c %a volume/.app.atomicdir)" = 2771
rm volume/.app.atomicdir/000099.info; chgrp 2001 volume/.app.atomicdir; chmod 0771 volume/.app.atomicdir
ok "where the group is not the parent's, it is refused" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chgrp 2000 volume/.app.atomicdir; chmod 0771 volume/.app.atomicdir; chmod g-w volume
ok "where that group may not write in the parent, too" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chmod 3775 volume
ok "nor may it where the parent is sticky" says "may be written by others (mode 2771)" 1 writer volume/app -- sh -c 'echo 4 >f'
chmod 2775 volume
ok "and else it is repaired" writer volume/app -- sh -c 'echo 4 >f'
chmod 0773 volume/.app.atomicdir
ok "what all may write is never repaired" says "may be written by others (mode 2773)" 1 writer volume/app -- sh -c 'echo 5 >f'
chmod 0711 volume/.app.atomicdir
if command -v setfacl >/dev/null && setfacl -d -m u:65534:rwx,g::rwx,o::rwx volume/.app.atomicdir 2>/dev/null; then
	ok "a default ACL that is put on the store changes no mode" writer --file-mode 0640 volume/app -- sh -c 'echo 6 >f'
	ok "(none)" test "$(stat -c %a volume/app/. volume/app/f volume/.app.atomicdir/lock | tr '\n' ' ')" = "2755 640 600 "
	ok "and lets nobody in" sh -c "! getfacl -cnR volume/app/ volume/.app.atomicdir | grep 65534"
else skip "a default ACL that is put on the store changes no mode" "no setfacl, or no ACLs here"; fi
finish
