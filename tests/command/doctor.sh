#!/bin/sh
# SPDX-License-Identifier: ISC
# atomicdir doctor: each finding is made real, and is found; without its cause it is not.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

root() { [ "$(id -u)" = 0 ]; }
fill() { "$atomicdir" fill -q --grace 0s "$@" 2>/dev/null; }
# fresh NAME: two generations at LINK NAME, the second one live, in a directory of its own.
fresh() { mkdir -p "$1.d"; fill "$1.d/link" -- sh -c 'echo 1 >f; mkdir sub; echo 1 >sub/g'; fill "$1.d/link" -- sh -c 'echo 2 >f; mkdir sub; echo 2 >sub/g'; }
# found LINK: "severity id" of each finding, each once.
found() { "$atomicdir" doctor --json "$1" | python3 -c 'import json, sys
for finding in json.load(sys.stdin)["findings"]: print(finding["severity"], finding["id"])' | sort -u; }
# finds SEVERITY ID LINK CLAIM
finds() { found "$3" >list; ok "$4" grep -qx "$1 $2" list; }
# Others' processes may come and go, and be unreadable; nothing else may be found.
finds_nothing() { is "$(found "$1" | grep -v unreadable)" "" "$2"; }
# in_mounts SCRIPT [NAME ARGUMENT...]: in a mount namespace of its own.
in_mounts() { if root; then unshare -m sh -ec "$@"; else unshare -Urm sh -ec "$@"; fi; }
# runs COMMAND...: starts it in the background as $held, and waits until it has written "ready".
runs() { rm -f ready; "$@" & held=$!; i=0; until [ -e ready ]; do i=$((i + 1)); [ $i -lt 400 ] || return 1; sleep 0.05; done; }
ends() { kill $held; wait $held 2>/dev/null; }

# ---- LINK ----

fresh plain
finds_nothing plain.d/link "where nothing is wrong nothing is found"
ok "then the status is 0" "$atomicdir" doctor plain.d/link
is "$(tail -n1 out)" "no problem found at $work/plain.d/link" "it says that there is no problem"
ok "where nothing is at LINK the status is 7" status 7 "$atomicdir" doctor nothing
is "$(cat err)" "atomicdir: 'nothing' does not exist: nothing is published there" "the error says that nothing is there"
mkdir foreign; finds problem foreign foreign "a directory that atomicdir did not make is a problem"
ok "a problem is status 1" status 1 "$atomicdir" doctor foreign
is "$(cat out)" "problem foreign: '$work/foreign' is a directory that was not made by a publication
  why: nothing can be published here: atomicdir replaces only what it has made
  try: atomicdir adopt $work/foreign" "what it is, why it hurts and what to do are told"
fresh dangling; rm -r dangling.d/.link.atomicdir/000002
finds problem dangling dangling.d/link "a link to a generation that is gone is a problem"
mkdir hook.d; fill hook.d/link --on-change false -- true; finds problem hook-due hook.d/link "a hook that has not succeeded is a problem"
fill "hook.d/a 'b'" -- true; chmod 0700 "hook.d/a 'b'"; "$atomicdir" doctor "hook.d/a 'b'" >told
ok "paths in commands are quoted for a shell" sh -c "sed -n 's/^  try: atomicdir fill --edit --top-mode 0755 \(.*\) -- true$/printf %s \1/p' told | sh | grep -qxF \"$work/hook.d/a 'b'\""

# ---- The file system ----

# on MAGIC: as if LINK were on the file system with this number, in statfs(2)'s byte order.
on() { strace -o trace -e trace=statfs -e inject=statfs:poke_exit=@arg2="$1" "$atomicdir" doctor --json plain.d/link >json 2>/dev/null; }
if ! strace -o trace -e inject=statfs:poke_exit=@arg2=6969000000000000 true 2>/dev/null; then skip "file systems that cannot do all" "this strace cannot change what a call returns"
else
	on 6969000000000000; ok "a network file system is noted" grep -q '"id":"remote"' json
	on 1020f5f200000000; ok "where syncfs does not tell all errors that is noted" grep -q '"id":"sync-files"' json
	on 444d000000000000; ok "where names may not be exchanged that is noted" grep -q '"id":"no-exchange"' json
	strace -o trace -e trace=getxattr -e inject=getxattr:error=EOPNOTSUPP "$atomicdir" doctor --json plain.d/link >json
	ok "where there are no user attributes that is noted" grep -q '"id":"no-xattrs"' json
fi

# ---- What is live ----

fresh written; mkdir written.from; echo 3 >written.from/f; touch -d 2099-01-01 written.from/future
fill written.d/link --from written.from
# As if the live generation had been published a minute ago.
sed -i "s/^created_ms .*/created_ms $(($(date +%s%3N) - 60000))/" written.d/.link.atomicdir/000003.info
touch -d '2 minutes ago' written.d/link/f; chmod 0600 written.d/link/f
finds_nothing written.d/link "a time in the future that came with a copy, or a later change of the mode, is nothing"
echo more >>written.d/link/f; finds note written written.d/link "a file that somebody has written to since the publication is noted"
if strace -o trace -e inject=statfs:poke_exit=@arg2=6969000000000000 true 2>/dev/null; then
	strace -o trace -e trace=statfs -e inject=statfs:poke_exit=@arg2=6969000000000000 "$atomicdir" doctor --json written.d/link >json 2>/dev/null
	ok "but not on a network file system, whose clock may be another" sh -c '! grep -q \"written\" json && grep -q \"remote\" json'
else skip "but not on a network file system, whose clock may be another" "this strace cannot change what a call returns"; fi
touch written.d/link/new; "$atomicdir" doctor written.d/link >told
ok "and how many more there are" grep -q "' and 1 more in the live generation 3 was written to after the publication" told
mkdir broken.d; fill broken.d/link -- touch f; mv broken.d/.link.atomicdir broken.d/away; touch broken.d/.link.atomicdir
finds problem store-broken broken.d/link "a store that is no directory is a problem"

# ---- Mounts ----

if ! in_mounts true 2>/dev/null; then skip "mounts" "no mount namespace may be made here"
else
	fresh mounts; mkdir point
	doctor_in_mounts() { in_mounts "$1; '$atomicdir' doctor --json mounts.d/link >json || true" 2>err; cat err >&2; }
	doctor_in_mounts "mount --bind mounts.d/link point"
	ok "a bind mount of LINK is a problem, since it stays what it is" grep -q '"id":"mount-live"' json
	doctor_in_mounts "mount --bind mounts.d/.link.atomicdir/000001 point"
	ok "a bind mount of an old generation is a problem" grep -q '"id":"mount-old"' json
	ok "its command takes it away" grep -q "\"command\":\"umount $work/point\"" json
	: >file; doctor_in_mounts "mount --bind mounts.d/.link.atomicdir/000001/f file"
	ok "a bind mount of one file is one too" grep -q '"id":"mount-old"' json
	doctor_in_mounts "mount --bind mounts.d point"
	ok "a bind mount of LINK's directory is none" grep -q '"findings":\[\({"severity":"note","id":"unreadable"[^}]*}\)\?\]' json
	doctor_in_mounts "mount -t tmpfs tmpfs mounts.d/.link.atomicdir/000002/sub"
	ok "a mount point inside a generation is a problem" grep -q '"id":"mount-inside"' json
	doctor_in_mounts "mkdir mounts.d/.link.atomicdir/000009; mount -t tmpfs tmpfs mounts.d/.link.atomicdir/000009"
	ok "what a mount point keeps from being removed is a problem" grep -q '"id":"unremovable"[^}]*"command":"umount ' json
	rmdir mounts.d/.link.atomicdir/000009
	if ! root; then skip "mounts of other namespaces" "needs root"
	else
		runs unshare -m sh -c 'mount --bind mounts.d/link point; : >ready; exec sleep 60'
		finds problem mount-live mounts.d/link "the mounts of another mount namespace are seen"
		fill mounts.d/link -- sh -c 'echo 3 >f'
		finds problem mount-old mounts.d/link "after a publication such a mount is an old one"
		"$atomicdir" doctor mounts.d/link >told
		ok "its command enters that namespace" grep -qx "  try: nsenter -t $held -m umount $work/point" told
		ends
	fi
fi

# ---- Processes ----

fresh processes
old=processes.d/.link.atomicdir/000001
# holds CODE CLAIM: a process that has run CODE (Python) is found to hold the old generation.
holds() { runs python3 -c "import os, time, mmap
work = os.open('$work', os.O_RDONLY)
$1
os.open('ready', os.O_CREAT | os.O_WRONLY, dir_fd=work)
time.sleep(60)"; finds problem process-old processes.d/link "$2"; "$atomicdir" doctor processes.d/link >told; ends; }
holds "os.chdir('$old')" "a process whose working directory is in an old generation is a problem"
ok "process and generation are named" grep -q "process $held (python3[0-9.]*) has its working directory in generation 1, which is not live" told
holds "kept = open('$old/sub/g')" "so is one with an open file there"
holds "kept = open('$old/f'); m = mmap.mmap(kept.fileno(), 0, prot=mmap.PROT_READ); kept.close()" "so is one that has a file there in its memory"
ok "mappings are told" grep -q 'has .*1 mapping' told
if root; then holds "os.chroot('$old')" "so is one whose root is there"
else skip "so is one whose root is there" "needs root"; fi
runs sh -c "cd '$work/processes.d/link'; : >'$work/ready'; exec sleep 60"; finds_nothing processes.d/link "a process in the live generation is no problem"
ends
runs sh -c "exec 9<'$work/processes.d/.link.atomicdir/lock'; : >'$work/ready'; exec sleep 60"; finds_nothing processes.d/link "a file of the store that is no generation's is no problem"
ends

# tries COMMAND CODE CLAIM: that is the command to try for a process that has run CODE.
tries() { holds "$2
os.chdir('$old')" "$3"; ok "(the command is '$1')" grep -qx "  try: $(printf %s "$1" | sed "s/PID/$held/")" told; }
tries "kill -HUP PID" "import signal; signal.signal(signal.SIGHUP, lambda *a: None)" "a process that handles SIGHUP should get it"
tries "ps -o pid,user,lstart,args -p PID" "" "one that SIGHUP would end should not"
echo '0::/system.slice/system-web.slice/web@1.service/worker' >cgroup
runs sh -c "cd '$work/$old'; : >'$work/ready'; exec sleep 60"
if in_mounts "mount --bind cgroup /proc/$held/cgroup && '$atomicdir' doctor processes.d/link >told || test \$? = 1" 2>/dev/null; then
	ok "for a process of a unit it is to reload or restart the unit" grep -qx "  try: systemctl try-reload-or-restart web@1.service" told
else skip "for a process of a unit it is to reload or restart the unit" "nothing may be mounted on a file of /proc here"; fi
ends

fresh pinned
runs "$atomicdir" exec pinned.d/link -- sh -c "cd /; : >'$work/ready'; exec sleep 60"
fill --keep 0 pinned.d/link -- sh -c 'echo 3 >f'
finds note pinned pinned.d/link "a pin on an old generation is noted"
ok "it is no problem" "$atomicdir" doctor pinned.d/link
ok "list names the holder likewise" sh -c "'$atomicdir' list pinned.d/link | grep -q 'pinned by $held (sleep)'"
ends
finds note kept pinned.d/link "a generation that is kept without a reason is noted"

# Watches, in a tree that has inodes as fdinfo tells them.
fresh watches
watch() { runs python3 -c "import ctypes, time
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
for path in ($1):
	assert libc.inotify_add_watch(fd, path.encode(), 0xfff) > 0
open('$work/ready', 'w')
time.sleep(60)"; }
case $(stat -f -c %T .) in
overlayfs) skip "watches" "on overlayfs a watch does not name the inode that stat does" ;;
*)
	watch "'watches.d', 'watches.d/.link.atomicdir'"; finds_nothing watches.d/link "a watch on LINK's directory is fine"; ends
	watch "'watches.d/link', 'watches.d/link/f'"; finds note watch-live watches.d/link "a watch inside the live generation is noted"
	fill watches.d/link -- sh -c 'echo 3 >f'
	finds problem watch-old watches.d/link "after the next publication it is deaf, and a problem"
	if ! root || ! in_mounts true 2>/dev/null; then skip "so is it in a chroot that is no mount point" "needs root, and a mount namespace"
	else
		ok "so is it in a chroot that is no mount point" in_mounts 'mkdir changed
			for directory in /*; do [ ! -d "$directory" ] || { mkdir "changed$directory"; mount --rbind "$directory" "changed$directory"; }; done
			mv watches.d changed
			chroot changed "$1" doctor --json /watches.d/link | grep -q "\"id\":\"watch-old\"" || code=1
			mv changed/watches.d .
			exit ${code:-0}' sh "$atomicdir"
	fi
	ends ;;
esac

# ---- The store ----

fresh store; store=store.d/.link.atomicdir
mkdir $store/000009; finds problem leftover store.d/link "a directory that was never published is a problem"
"$atomicdir" prune store.d/link >prune.out 2>&1; finds_nothing store.d/link "the command that is named for it mends it"
mkdir $store/000001.trash; finds problem leftover store.d/link "what is left of a removal is a problem"; rmdir $store/000001.trash
runs "$atomicdir" fill -q store.d/link -- sh -c "cp f '$work/none' 2>/dev/null; : >'$work/ready'; exec sleep 60"
finds_nothing store.d/link "a stage that is just being filled is not"; ends
: >$store/mine; finds note stranger store.d/link "a file that atomicdir did not make is noted"; rm $store/mine
mkdir $store/000009; : >$store/000009/f
if root && chattr +i $store/000009/f 2>/dev/null; then
	finds problem unremovable store.d/link "an immutable file is a problem"; chattr -i $store/000009/f
else skip "an immutable file is a problem" "needs root and a file system with such attributes"; fi
rm -r $store/000009
chmod 0777 $store; finds problem store-writable store.d/link "a store that others may write in is a problem"
chmod 0700 $store; finds problem store-closed store.d/link "a store that readers cannot pass is a problem"; chmod 0711 $store
if root; then
	chown 12345 $store/lock; finds problem store-owners store.d/link "a file of the store that belongs to somebody else is a problem"; chown 0 $store/lock
	chown 12345 store.d; finds problem parent-owner store.d/link "a directory of LINK whose owner is neither root nor the store's is a problem"; chown 0 store.d
	chmod 1777 store.d; chown -h 12345 store.d/link; finds problem sticky store.d/link "a link in a sticky directory that belongs to a third user is a problem"; chown -h 0 store.d/link
	chown 12345 store.d/link; finds note owner store.d/link "a generation of another owner than LINK's directory is noted"; chown 0 store.d/link
else skip "owners" "needs root"; fi
chmod 0777 store.d; finds problem parent-writable store.d/link "a directory of LINK that everybody may write in is a problem"; chmod 0755 store.d
chmod 0700 store.d/link; finds note mode store.d/link "a generation that fewer may enter than LINK's directory is noted"; chmod 0755 store.d/link
finds_nothing store.d/link "without these causes nothing is found"
if root && python3 -c "import os; os.setxattr('store.d/link', 'security.selinux', b'user_u:object_r:tmp_t:s0')" 2>/dev/null; then
	finds note label store.d/link "a label that differs from LINK's directory's is noted"
else skip "labels" "needs root and a file system with labels"; fi

# ---- Secrets and times ----

echo '{"password":"x"}' >secrets.json
sync() { "$here/build/secretdir" sync -q --source file:"$work/secrets.json" "$@"; }
case $(stat -f -c %T .) in
tmpfs) skip "secrets on a disk" "this directory is not on a disk" ;;
*) sync secrets password; finds problem secrets-on-disk secrets "secrets on a disk are a problem" ;;
esac
if ! in_mounts "mkdir memory; mount -t tmpfs tmpfs memory; : >swaps; mount --bind swaps /proc/swaps" 2>/dev/null; then skip "secrets in swap's reach" "no file may be mounted over /proc/swaps here"
else
	export here work
	# in_memory SWAPS: secrets on tmpfs, where /proc/swaps has this second line.
	in_memory() { printf 'Filename Type Size Used Priority\n%s' "$1" >swaps
		in_mounts "mount -t tmpfs tmpfs memory; mount --bind swaps /proc/swaps; '$here/build/secretdir' sync -q --source file:secrets.json memory/secrets password; '$atomicdir' doctor --json memory/secrets >json || true" >/dev/null; }
	in_memory '/dev/sda2 partition 1 0 -2
'
	ok "secrets in memory that may be swapped out are noted" grep -q '"severity":"note","id":"secrets-in-swap"' json
	in_memory ''
	ok "without swap they are not" sh -c "! grep -q secrets- json"
fi
fill times -- sh -c 'echo 1 >f; touch -d @1000000000 f'; fill times -- sh -c 'echo 2 >f; touch -d @1000000000 f'
finds note equal-mtimes times "a change that leaves the modification time as it was is noted"
fill times -- sh -c 'echo 3 >f'; finds_nothing times "a change of both is not"

# ---- As another user; as a whole ----

if ! root || ! command -v setpriv >/dev/null; then skip "what may not be read is noted" "needs root and setpriv"
else
	cp "$atomicdir" own; chmod 0755 own "$work"
	as() { setpriv --reuid 12345 --regid 12345 --clear-groups "$@"; }
	ok "another user may ask, and what may not be read is no problem" as ./own doctor plain.d/link
	cp out told
	ok "it is noted" grep -q '^note unreadable: the store could not be examined' told
	ok "so are the processes" grep -q '^note unreadable: [0-9]* processes could not be examined' told
fi
# ---- The same in a volume: LINK is the directory, and the store is in it ----

# volume NAME: two generations, the second one live.
volume() { fill --layout volume --keep 1 "$1" -- sh -c 'echo 1 >f; mkdir sub; echo 1 >sub/g'; fill --keep 1 "$1" -- sh -c 'echo 2 >f; mkdir sub; echo 2 >sub/g'; }
volume vol; store=vol/..atomicdir
finds_nothing vol "volume: where nothing is wrong nothing is found"
mkdir $store/000009; finds problem leftover vol "volume: a directory that was never published"; rmdir $store/000009
: >$store/mine; finds note stranger vol "volume: a file that atomicdir did not make"; rm $store/mine
printf '1 f\0' >$store/000002.carried; ln -s x $store/turned; finds_nothing vol "volume: what it has made is none"; rm $store/000002.carried $store/turned
mkdir $store/adopted; finds problem leftover vol "volume: an adoption that died"; "$atomicdir" prune vol >prune.out 2>&1
volume vol2; store=vol2/..atomicdir
chmod 0777 $store; finds problem store-writable vol2 "volume: a store that others may write in"
chmod 0700 $store; finds problem store-closed vol2 "volume: a store that readers cannot pass"; chmod 0711 $store
chmod 0777 vol2; finds problem parent-writable vol2 "volume: a directory that everybody may write in"; chmod 0755 vol2
chmod 0700 vol2/..data/; finds note mode vol2 "volume: a generation that fewer may enter than the directory"; chmod 0755 vol2/..data/
if root; then
	chown 12345 $store/lock; finds problem store-owners vol2 "volume: a file of the store that belongs to somebody else"; chown 0 $store/lock
	chown 12345 vol2; finds problem parent-owner vol2 "volume: a directory whose owner is neither root nor the store's"; chown 0 vol2
	chmod 1777 vol2; chown -h 12345 vol2/..data; finds problem sticky vol2 "volume: symlinks in a sticky directory that belong to a third user"; chown -h 0 vol2/..data; chmod 0755 vol2
	chown 12345 vol2/..data/; finds note owner vol2 "volume: a generation of another owner"; chown 0 vol2/..data/
fi
runs sh -c "cd '$work/$store/000001'; : >'$work/ready'; exec sleep 60"; finds problem process-old vol2 "volume: a process in the old generation"; ends
runs sh -c "cd '$work/vol2/sub'; : >'$work/ready'; exec sleep 60"; finds_nothing vol2 "volume: one in the live generation is no problem"; ends
runs "$atomicdir" exec vol2 -- sh -c "cd /; : >'$work/ready'; exec sleep 60"; fill --keep 0 vol2 -- sh -c 'echo 3 >f'
finds note pinned vol2 "volume: a pin on an old generation"; ends
finds note kept vol2 "volume: a generation that is kept without a reason"
case $(stat -f -c %T .) in
overlayfs) ;;
*)
	"$atomicdir" prune vol2 >prune.out
	watch "'vol2',"; finds_nothing vol2 "volume: a watch on the directory is fine, since that stays"; ends
	watch "'vol2/..data/', 'vol2/f'"; finds note watch-live vol2 "volume: a watch in the live generation"; ends ;;
esac
if in_mounts true 2>/dev/null; then
	mkdir -p point
	in_volume() { in_mounts "$1; '$atomicdir' doctor --json vol2 >json || true" 2>err; cat err >&2; }
	in_volume "mount --bind vol2 point"
	ok "volume: a bind mount of the directory is no problem" sh -c "! grep -q '\"mount-' json"
	in_volume "mount --bind vol2/..data/ point"
	ok "volume: one of the live generation is" grep -q '"id":"mount-live"' json
	in_volume "mount -t tmpfs -o mode=0755 tmpfs point; '$atomicdir' fill -q --layout volume point -- touch f; '$atomicdir' doctor --json point >mounted.json || true"
	ok "volume: that it is a mount point itself is no problem" sh -c "grep -q '\"link\"' mounted.json && ! grep -q '\"severity\":\"problem\"' mounted.json"
fi
rm vol2/..data; ln -s ..atomicdir/000077 vol2/..data; finds problem dangling vol2 "volume: ..data that leads nowhere"
fill --layout volume hooked --on-change false -- true; finds problem hook-due hooked "volume: a hook that has not succeeded"
fill --layout volume --keep 1 vtimes -- sh -c 'echo 1 >f; touch -d @1000000000 f'; fill --keep 1 vtimes -- sh -c 'echo 2 >f; touch -d @1000000000 f'
finds note equal-mtimes vtimes "volume: a change that leaves the modification time as it was"

find plain.d -printf '%p %i %m %C@\n' | sort >before; "$atomicdir" doctor plain.d/link >/dev/null; find plain.d -printf '%p %i %m %C@\n' | sort >after
ok "it changes nothing" cmp before after
"$atomicdir" doctor --json foreign >json
is "$(python3 -c 'import json; whole = json.load(open("json")); print(list(whole), whole["link"], list(whole["findings"][0]))')" \
	"['link', 'findings'] $work/foreign ['severity', 'id', 'subject', 'what', 'why', 'command']" "--json has the link and the findings"
sed -n 's/^\t\[FINDING_[A-Z_]*\] = { "\([a-z-]*\)", .*/\1/p' "$here/src/atomicdir/finding.c" >ids
is "$(while read -r id; do grep -qE "(finds (problem|note) $id|\"id\":\"$id\"|note $id:)" "$here/tests/command/doctor.sh" || echo "$id"; done <ids)" "" "each of the $(wc -l <ids) findings is tried here"
finish
