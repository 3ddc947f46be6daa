#!/bin/sh
# SPDX-License-Identifier: ISC
# A directory of real files becomes a volume: name by name, each with something behind it at every moment; and what was begun is finished
# or taken back. tests/library/unpublish_test.c has the readers.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

adopt() { "$atomicdir" adopt -q --layout volume "$@"; }
# make DIRECTORY: real files, directories and links.
make() {
	[ ! -e "$1" ] || { chmod -R u+rwx "$1"; rm -rf "$1"; }
	mkdir -p "$1/sub/deep" "$1/ro"; echo a >"$1/a"; echo f >"$1/sub/deep/f"; echo r >"$1/ro/r"; ln "$1/a" "$1/hard"; ln -s sub/deep/f "$1/link"
	ln -s ../a "$1/sub/up"; chmod 0640 "$1/a"; touch -d 2001-01-01 "$1/a" "$1/ro"; chmod 0500 "$1/ro"
}
# What a reader of the directory sees at each name.
sees() { (cd "$1" && for name in a hard link sub/deep/f sub/up ro/r; do printf '%s=%s ' "$name" "$(cat "$name" 2>&1)"; done); }
looks() { (cd "$1" && find . -mindepth 1 -maxdepth 1 -printf '%f %y %l\n' | sort); }
whole="a=a hard=a link=f sub/deep/f=f sub/up=a ro/r=r "
volume="$(printf '..atomicdir d \n..data l ..atomicdir/000001\na l ..data/a\nhard l ..data/hard\nlink l ..data/link\nro l ..data/ro\nsub l ..data/sub')"

make D; chmod 0750 D; inode=$(stat -c %i D)
ok "a directory of real files becomes a volume" adopt D
is "$(looks D)" "$volume" "which looks as one that was filled"
is "$(sees D)" "$whole" "with its content"
is "$(stat -c '%i %a' D) $(stat -Lc '%a %Y %h' D/a) $(stat -Lc '%a %Y' D/ro)" "$inode 750 640 $(date -d 2001-01-01 +%s) 2 500 $(date -d 2001-01-01 +%s)" \
	"the directory stays, modes, times and hard links too"
is "$(ls D/..atomicdir | tr '\n' ' ')" "000001 000001.info lock " "and nothing is left of what was there"
ok "once more it is unchanged" "$atomicdir" adopt D
is "$(cat out)" "unchanged 1" "(it says so)"
ok "it can be filled" "$atomicdir" fill -q --edit D -- sh -c 'echo b >b'
ok "and detached" "$atomicdir" detach D
is "$(cd D && find . ! -type d | sort | tr '\n' ' ')" "./a ./b ./hard ./link ./ro/r ./sub/deep/f ./sub/up " "which gives real files again"
mkdir -p configmap/..2026; echo k >configmap/..2026/k; ln -s ..2026 configmap/..data; ln -s ..data/k configmap/k
ok "a directory with another program's ..data is adopted only with a stated layout" status 1 "$atomicdir" adopt configmap
is "$(cat out err)" "atomicdir: 'configmap' holds '..data', as a ConfigMap does; adopt it with --layout volume, which leaves it a directory, or with --layout link; 'configmap' is unchanged" "(it says which)"
ok "and then stays a directory with the layout volume" sh -c "'$atomicdir' adopt -q --layout volume configmap && test ! -L configmap && test \"\$(readlink configmap/..data)\" = ..atomicdir/000001"
mkdir empty
ok "an empty directory too" adopt empty
is "$(ls -A empty | tr '\n' ' ')" "..atomicdir ..data " "(it does)"
ok "what is not there is refused" status 7 adopt none
ok "and not made" test ! -e none
make hooked
ok "a check may reject it" status 4 "$atomicdir" adopt --layout volume --check false hooked
is "$(ls -A hooked | tr '\n' ' ')" "a hard link ro sub " "and nothing is touched"
ok "a hook runs afterwards" "$atomicdir" adopt -q --layout volume --on-change 'test "$ATOMICDIR_NEW" = "$ATOMICDIR_LINK/..atomicdir/000001" && touch '"$work/ran" hooked
ok "(it did)" test -e ran

# ---- What is refused, and stays as it was ----

# refused TEXT CLAIM: with one line that has that text, and without a trace.
refused() {
	before=$(find R -printf '%P %y %m %i %l\n' | sort)
	ok "$2 is refused" status 1 adopt R
	is "$(wc -l <err) $(grep -c "$1" err)" "1 1" "with one line that says why"
	is "$(find R -printf '%P %y %m %i %l\n' | sort)" "$before" "and nothing is touched"
}
make R; touch R/..x; refused "'..x' has a name that is reserved" "a name that begins with .."
for text in ../x ../../x ../nowhere sub/../../x; do
	make R; touch x; ln -s "$text" R/bad; refused "'bad' is a relative symlink that leaves the directory" "a relative symlink that would break ($text)"
done
make R; ln -s ../../../x R/sub/deep/bad; refused "'sub/deep/bad' is a relative symlink that leaves" "one further down"
make R; mkfifo R/sub/fifo; refused "'sub/fifo' is a device, socket or FIFO" "a FIFO"
make R; ln -s "$work/x" R/absolute; ln -s "$work/R/a" R/own
ok "absolute symlinks are not" adopt R
is "$(cat R/own)$(readlink R/absolute)" "a..data/absolute" "and lead on"
if [ "$(id -u)" = 0 ]; then
	make R; if chattr +i R/sub/deep/f 2>/dev/null; then refused "'sub/deep/f' is immutable" "an immutable file"; chattr -i R/sub/deep/f
	else for claim in "an immutable file is refused" "with one line" "and nothing is touched"; do skip "$claim" "no immutable files here"; done; fi
	mounted() { if unshare -m true 2>/dev/null; then ok "$1" unshare -m sh mounted.sh "$atomicdir"; else skip "$1" "no mount namespace may be made here"; fi; }
	make R; cat >mounted.sh <<'SH'
mkdir -p R/sub/mount; mount -t tmpfs none R/sub/mount || exit 77
"$1" adopt -q --layout volume R 2>err; test $? = 1 && grep -q "'sub/mount' is a mount point" err && test ! -e R/..atomicdir
SH
	mounted "a mount point inside is refused"
	make R; cat >mounted.sh <<'SH'
mkdir M; mount -t tmpfs none M && cp -a R/. M && "$1" adopt -q --layout volume M && test -L M/a && test "$(cat M/sub/deep/f)" = f
SH
	mounted "a directory that is a mount point itself is not"
	chmod 0711 .; make O; chown -R 1234:1234 O
	ok "another user's directory" setpriv --reuid 1234 --regid 1234 --clear-groups "$atomicdir" adopt -q --layout volume "$work/O"
	is "$(stat -Lc '%u %a' O/ro O/sub O/..atomicdir/000001 | tr '\n' ';')" "1234 500;1234 755;1234 755;" "is adopted by that user, whatever its modes"
	make O; chown -R 1234:1234 O; chown 0:0 O/sub/deep/f; chmod 0644 O/sub/deep/f
	ok "a file that this user cannot copy exactly is refused" status 1 setpriv --reuid 1234 --regid 1234 --clear-groups "$atomicdir" adopt --layout volume "$work/O"
	is "$(grep -c "'sub/deep/f' was changed while it was adopted, or cannot be copied exactly" err) $(looks O | grep -v atomicdir | tr '\n' ';')" \
		"1 a f ;hard f ;link l sub/deep/f;ro d ;sub d ;" "with its path, and all names are real again"
else
	skip "mount points and other users" "needs root"
fi

# ---- Changes meanwhile, and deaths ----

if ! strace -o trace true 2>/dev/null; then skip "changes meanwhile and deaths" "strace cannot trace here"; finish; fi
# later CALL CHANGE: an adoption that stops for half a second before that call, during which something changes.
later() {
	make D
	strace -o trace -e trace=renameat2 -e inject=renameat2:delay_enter=700000:when="$1" "$atomicdir" adopt -q --layout volume D >said 2>&1 & adopting=$!
	tries=500; until [ -d D/..atomicdir/adopted ] || [ $((tries -= 1)) = 0 ]; do sleep 0.01; done
	sleep 0.1
	eval "$2"; wait $adopting
}
later 1 'echo changed >D/sub/deep/f'
is "$? $(grep -c "'sub/deep/f' was changed while it was adopted.*'D' is unchanged" said)" "1 1" "what is changed meanwhile is found out"
is "$(sees D) $(find D -maxdepth 1 -type l | tr '\n' ' ')" "a=a hard=a link=changed sub/deep/f=changed sub/up=a ro/r=r  D/link " "and kept: it is taken back"
ok "the next adoption takes it along" adopt D
is "$(sees D)" "a=a hard=a link=changed sub/deep/f=changed sub/up=a ro/r=r " "(it does)"
later 1 'rm D/a'
is "$(grep -c "cannot adopt what was removed meanwhile.*'D/a'" said) $(looks D | grep -v '^\.\.atomicdir' | tr '\n' ';')" "1 hard f ;link l sub/deep/f;ro d ;sub d ;" \
	"what is removed meanwhile stays removed"
later 1 'echo new >D/new'
is "$(sees D) $(cat D/new) $(stat -c %F D/new)" "$whole new regular file" "what is added meanwhile stays beside the volume"
rm D/new

# Each call after which it can die, as CALL:NUMBER; a call that does not occur so often kills nobody.
deaths="mkdirat:1 mkdirat:2 mkdirat:4 symlinkat:1 symlinkat:3 symlinkat:6 renameat2:1 renameat2:2 renameat2:4 renameat2:6 renameat:1 renameat:2 fsync:1 fsync:2 fsync:3
	unlinkat:1 unlinkat:4 unlinkat:9"
dies() { strace -o trace -e trace="${1%:*}" -e inject="${1%:*}:signal=KILL:when=${1#*:}" "$atomicdir" adopt -q --layout volume D >/dev/null 2>&1; }
adopt_dies() {
	for at in $deaths; do
		make D; dies $at
		[ "$(sees D)" = "$whole" ] || { echo "dead after $at: $(sees D)"; return 1; }
		adopt D >said 2>&1 || { echo "after $at: $(cat said)"; return 1; }
		[ "$(sees D)" = "$whole" ] && [ "$(find D -maxdepth 1 ! -type l | tr '\n' ' ')" = "D D/..atomicdir " ] &&
			[ "$(ls D/..atomicdir | grep -vc '^0000..\(.info\)\?$')" = 1 ] || { echo "after $at:"; looks D; ls D/..atomicdir; return 1; }
	done
}
ok "a death on the way leaves each name with its content, and the next adoption finishes" adopt_dies
fill_after() {
	for at in $deaths; do
		make D; dies $at; was=$(readlink D/a)
		"$atomicdir" fill -q --layout volume D -- sh -c 'echo b >b' >said 2>&1; code=$?
		case $code,$(ls D | tr '\n' ' ') in
		0,'b ') [ "$was" = ..data/a ] || { echo "after $at: the originals are lost"; return 1; } ;;
		0,'a b hard link ro sub ' | 1,'a hard link ro sub ') [ "$(sees D)" = "$whole" ] && [ ! -L D/a ] || { echo "after $at: $(sees D)"; looks D; return 1; } ;;
		*) echo "after $at: $code"; cat said; looks D; return 1 ;;
		esac
		[ ! -e D/..atomicdir/adopted ] || { echo "after $at:"; ls D/..atomicdir; return 1; }
	done
}
ok "or any other writer takes it back, unless all names were exchanged" fill_after
remove_after() {
	for at in renameat2:1 renameat2:3 renameat2:6; do
		make D; dies $at
		"$atomicdir" remove D >said 2>&1 || { cat said; return 1; }
		[ "$(sees D)" = "$whole" ] && [ "$(looks D | grep -c '^\.\.')" = 0 ] || { echo "after $at"; looks D; return 1; }
	done
}
ok "a removal after it removes what was made, and no original" remove_after
make D; dies renameat2:4; rm D/a; rm D/hard; echo other >D/hard
"$atomicdir" prune D >said 2>&1
is "$? $(grep -c "cannot take back the adoption of.*'D/hard'" said) $(cat D/hard)" "1 1 other" "what has a name's place meanwhile is named, and stays"
rm D/hard
"$atomicdir" prune D >said 2>&1
is "$? $(sees D)" "0 $whole" "once it is moved away the originals are back"
finish
