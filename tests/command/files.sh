#!/bin/sh
# SPDX-License-Identifier: ISC
# The layout files: a directory of files that are replaced one by one. Only what a publication made is touched, what did not change is left
# alone, and whoever dies on the way is continued by the next call.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

# content NAME=TEXT...: a directory s with these files, and nothing else.
content() {
	chmod -R u+rwx s 2>/dev/null; rm -rf s; mkdir s
	for file in "$@"; do mkdir -p "s/$(dirname "${file%%=*}")"; echo "${file#*=}" >"s/${file%%=*}"; done
}
fill() { "$atomicdir" fill -q "$@" --from s >published; }
publish() { link=$1; shift; content "$@"; fill --layout files "$link"; }
# What a reader finds: each file with its content, in the order of names.
sees() { (cd "$1" && find . -name '..atomicdir' -prune -o -type f -print | sort | while read -r file; do printf '%s=%s ' "${file#./}" "$(cat "$file")"; done); }
# Every entry with its type, mode and, for a symlink, its text.
looks() { (cd "$1" && find . -mindepth 1 -name '..atomicdir' -prune -o -mindepth 1 -printf '%P %y %m %l\n' | sort); }
store() { ls "$1/..atomicdir"; }

# ---- What it looks like ----

content a=1 d/x=1
ok "a first fill makes the directory" fill --layout files f
is "$(stat -c '%a %F' f)" "755 directory" "with mode 0755"
is "$(looks f)" "$(printf 'a f 644 \nd d 755 \nd/x f 644 ')" "which holds plain files and directories"
ok "and has the layout without the option later" fill f
is "$("$atomicdir" fill f --from s)" "unchanged 1" "the same again is unchanged"
is "$(store f)" "$(printf '000001\n000001.files\n000001.info\nlive\nlock')" "the store has one generation"
is "$(find f/..atomicdir/000001 | wc -l)" 1 "whose directory is empty"
is "$(stat -c %a f/..atomicdir/000001.files)" 600 "and a manifest that only its owner can read"
is "$(cat f/..atomicdir/000001.files)" "$(printf 'file 1\na\nmode 4\n0755\ndirectory 1\nd\nfile 3\nd/x')" "which names what was placed"
for layout in link volume; do
	ok "another layout is refused ($layout)" status 1 "$atomicdir" fill --layout $layout f --from s
	is "$(grep -c "'f' has the layout files" err)" 1 "and the error says which it has"
done
publish v1 a=1; rm -rf v1; content a=1; "$atomicdir" fill -q --layout volume v1 --from s
ok "a volume is not made one of files" status 1 "$atomicdir" fill --layout files v1 --from s
is "$("$atomicdir" show f)" "$PWD/f" "show prints the directory"
content a=2 d/x=1 n=2; fill f >published
is "$("$atomicdir" list f | wc -l) $("$atomicdir" list --json f | grep -o '"generation":[0-9]*')" '1 "generation":4' "list has one row"
is "$("$atomicdir" fill --json f --from s | grep -o '"changed":[a-z]*,"generation":[0-9]*')" '"changed":false,"generation":4' "JSON says which generation it is"

# ---- What is replaced, and what is not ----

publish p same=1 changed=1 gone=1 deep/gone/x=1 deep/same=1
inodes() { stat -c %i p/same p/deep/same p/deep; }
before=$(inodes); old=$(stat -c %i p/changed)
content same=1 changed=2 new=2 deep/same=1 more/deep/x=2
fill p
is "$(sees p)" "changed=2 deep/same=1 more/deep/x=2 new=2 same=1 " "files are replaced, come and go"
is "$(inodes)" "$before" "unchanged ones, and directories, stay the same inodes"
ok "a changed one is another inode" test "$(stat -c %i p/changed)" != "$old"
ok "and a directory that is empty goes" test ! -e p/deep/gone
exec 3<p/changed
content same=1 changed=3; fill p
is "$(cat <&3)" 2 "whoever has a file open reads on in the old one"
exec 3<&-
content same=1 changed=3; chmod 0600 s/changed
ok "a change of a mode alone is a change" fill p
is "$(stat -c %a p/changed)" 600 "(it is published)"
echo edited >p/same; touch -d 2001-01-01 p/same
ok "a file that somebody edited" fill p
is "$(cat p/same)" 1 "is put back"
rm p/same
ok "one that somebody removed" fill p
is "$(cat p/same)" 1 "comes back"
content x=1; mkdir -m 0500 s/d; fill p
is "$(looks p)" "$(printf 'd d 500 \nx f 644 ')" "a directory has the mode that it was given"
content x=1 d/y=1; chmod 0550 s/d; fill p
is "$(looks p)" "$(printf 'd d 550 \nd/y f 644 \nx f 644 ')" "and another one later"
content x=1 d/y=2 d/z=2; chmod 0550 s/d; fill p
is "$(sees p)$(stat -c %a p/d)" "d/y=2 d/z=2 x=1 550" "what is in one without the right to write is replaced"
chmod 0750 p/d; fill p
is "$(stat -c %a p/d)" 550 "and a mode that somebody changed is put back"
content x/y=1 x/z=1 d=1; fill p
is "$(sees p)" "d=1 x/y=1 x/z=1 " "a file becomes a directory, a directory a file"
content x=2 d/y=2; fill p
is "$(sees p)" "d/y=2 x=2 " "and back"
content x=2; ln -s x s/link; ln -s nowhere s/d; ln s/x s/same; fill p
is "$(looks p)" "$(printf 'd l 777 nowhere\nlink l 777 x\nsame f 644 \nx f 644 ')" "symlinks take the place of directories"
ok "hard links among themselves stay" test p/x -ef p/same
content link=3; fill p
is "$(looks p)" "link f 644 " "a file that of a symlink"
publish p
is "$(looks p)" "" "and nothing is a content, too"
content a=1; touch -d 2001-01-01 s/a; fill p; touch -d 2002-02-02 s/a
is "$("$atomicdir" fill p --from s | cut -d' ' -f1) $(stat -c %y p/a | cut -c1-4)" "unchanged 2001" "times are no difference"
is "$("$atomicdir" fill -q --edit p -- sh -c 'cat a; echo 2 >b'; sees p)" "1
a=1 b=2 " "--edit begins with the files that are there"

# ---- What is not ours ----

content a=1 d/x=1; publish m a=1 d/x=1
echo mine >m/mine; echo mine >m/d/mine; mkdir m/own; echo 1 >m/own/x
is "$("$atomicdir" fill m --from s)" "unchanged 1" "files of others are no difference"
content a=2 d/x=2; ok "and no obstacle" fill m
is "$(sees m)" "a=2 d/mine=mine d/x=2 mine=mine own/x=1 " "and stay"
refused() {
	before=$(looks m; sees m; store m)
	ok "$1 is refused" status 1 "$atomicdir" fill m --from s
	is "$(grep -c "'m/$2' $3.*'m' is unchanged" err)" 1 "the error names it"
	is "$(looks m; sees m; store m)" "$before" "and nothing is touched"
}
content a=3 new=3 mine=3; refused "a file of somebody else's at a needed name" mine "was not made by a publication, but the content has that name"
content a=3 own/y=3; refused "a directory of somebody else's" own "was not made by a publication, but the content has that name"
content a=3; refused "a directory that must go, and holds a file of somebody else's" d/mine "was not made by a publication, but is in a directory that is to be removed"
content a=3 d=3; refused "one that is to become a file" d/mine "was not made by a publication, but is in a directory that is to be removed"
rm m/a; mkdir m/a; content a=3 d/x=3; refused "what took the place of a file of ours" a "was not made by a publication"
rmdir m/a; fill m
rm m/d/x; echo theirs >m/d/x
content a=4 d/x=4; fill m
is "$(cat m/d/x)" 4 "a file that replaced ours under its name is replaced in turn"
content a=4 d/y=4; rm m/d/x; mkdir m/d/x; fill m
ok "a directory in the place of a file that is to go stays" test -d m/d/x
rmdir m/d/x
for bad in '../../shared/x' '/etc/../'"$PWD"'/m/..atomicdir/000009/x'; do
	content a=5; ln -s "$bad" s/bad
	ok "a symlink that would lead elsewhere from its place is refused (${bad##*/../})" status 1 "$atomicdir" fill m --from s
done
ok "so is one into the directory that is filled" status 1 "$atomicdir" fill m -- sh -c 'echo 1 >a; ln -s "$PWD/a" b'
is "$(grep -c "is a symlink into the directory that is filled" err)" 1 "and the error says why"
ok "a name that begins with .. is refused" status 1 "$atomicdir" fill m -- mkdir ..x
mkdir plain; echo 1 >plain/x; content y=1
ok "a directory that is there" fill --layout files plain
is "$(sees plain)" "x=1 y=1 " "gets files beside its own"
echo >file; ln -s f link
for what in file link; do
	ok "a $what cannot become one" status 1 "$atomicdir" fill --layout files $what --from s
done
ok "one that cannot be filled leaves no directory behind" sh -c "! '$atomicdir' fill --layout files --if-generation 7 none --from s && test ! -e none"
echo 'file 5
../up' >m/..atomicdir/"$(basename "$(ls m/..atomicdir/*.files)")"
ok "a damaged manifest is an error" status 1 "$atomicdir" fill m --from s
is "$(grep -c "cannot read the manifest of generation .* if '[a-z]*/..atomicdir/.*.files' is removed" err)" 1 "that says what to do"

# ---- What it cannot do ----

content a=1; publish u a=1; content a=2
no() { ok "$1 is wrong usage" status "$2" "$atomicdir" $3; is "$(cat out err | grep -c "has the layout files, in which each file is replaced by itself and no generation is kept")" 1 "and the text says why"; }
no "a rollback" 2 "rollback u"
no "diff" 2 "diff u"
no "exec" 125 "exec u -- true"
no "wait" 2 "wait --timeout 1s u"
no "--keep" 2 "fill --keep 1 u --from s"
no "--grace" 2 "fill --grace 1s u --from s"
no "--carry" 2 "fill --carry 1 u --from s"
no "--rollback-on-failure" 2 "fill --rollback-on-failure --on-change true u --from s"
ok "a store without a dot is wrong usage" status 2 "$atomicdir" fill --visible-store u --from s
ok "adopt takes over no files of others" status 2 "$atomicdir" adopt --layout files s
is "$(ls -A s)" a "(nor does it leave a store)"
is "$(sees u)" "a=1 " "none of these has changed anything"
ok "--keep 0 and --grace 0s are as it is" fill --keep 0 --grace 0s u

# ---- What it can ----

content a=3 n=3
is "$("$atomicdir" fill --dry-run u --from s)" "$(printf 'M a\nA n\nwould publish')" "a dry run lists what would change"
is "$(sees u)" "a=2 " "and changes nothing"
ok "--if-generation holds" "$atomicdir" fill -q --if-generation 2 u --from s
ok "or not" status 7 "$atomicdir" fill --if-generation 2 u --from s
content a=4
ok "a check looks at the directory before" status 4 "$atomicdir" fill --check 'test "$(cat a)" = 3' u --from s
ok "a hook that fails" status 3 "$atomicdir" fill --on-change 'echo $ATOMICDIR_NEW; exit 1' u --from s
is "$(cat err | head -1)" "$PWD/u" "is told the directory"
ok "runs again, though nothing changed" "$atomicdir" fill -q --on-change 'echo $ATOMICDIR_GENERATION:$ATOMICDIR_OLD >said' u --from s
is "$(cat said) $(store u | tr '\n' ' ')" "6: 000006 000006.files 000006.good 000006.info live lock " "until it ends well"
ok "doctor finds nothing wrong" "$atomicdir" doctor u
is "$(grep -c stranger out)" 0 "and knows each file of the store"
ok "prune has nothing to do" "$atomicdir" prune u
"$atomicdir" fill -q --note 'a line' u -- touch b; is "$("$atomicdir" list u | grep -c 'a line')" 1 "a note is kept"
content a=5; chmod 0600 s/a
ok "--file-mode holds" fill --file-mode 0640 u
is "$(stat -c %a u/a)" 640 "(it does)"

# ---- In and out ----

publish leave a=1 d/x=1; echo mine >leave/mine
ok "detach removes the store" "$atomicdir" detach leave
is "$(sees leave)$(ls -A leave | tr '\n' ' ')" "a=1 d/x=1 mine=mine a d mine " "and leaves every file"
ok "once more there is nothing to do" "$atomicdir" detach --layout files leave
publish out2 a=1 d/x=1; echo mine >out2/mine; echo mine >out2/d/mine
ok "remove removes what a publication made" "$atomicdir" remove out2
is "$(sees out2)$(ls -A out2 | tr '\n' ' ')" "d/mine=mine mine=mine d mine " "and nothing else"
is "$(grep -c "warning: 'out2/d' cannot be removed: it holds entries that were not made by a publication" err)" 1 "a warning names the directory that stays"
ok "once more there is nothing to do" "$atomicdir" remove --layout files out2
publish out3 a=1; "$atomicdir" remove -q out3; ok "then it can be filled anew" publish out3 a=2

# ---- Deaths ----

if ! strace -o trace true 2>/dev/null; then skip "whoever dies is continued by the next call" "strace cannot trace here"
else
	# Old: a=1 gone/x=1 file=1 dir/x=1 same=1. New: a=2 new=2 file/x=2 dir=2 same=1.
	old() { chmod -R u+rwx D 2>/dev/null; rm -rf D; publish D a=1 gone/x=1 file=1 dir/x=1 same=1; echo mine >D/mine; }
	new() { content a=2 new/x=2 file/x=2 dir=2 same=1; }
	# Each file is old or new, whole, and whatever the call was: nothing else.
	is_whole() {
		for one in $(sees D); do case $one in a=[12] | gone/x=1 | file=1 | file/x=2 | dir/x=1 | dir=2 | new/x=2 | same=1 | mine=mine) ;; *) echo "$one"; return 1 ;; esac; done
		[ -e D/a ] && [ -e D/file ] && [ -e D/dir ] && [ -e D/same ] && [ -e D/mine ] || { looks D; return 1; }
	}
	dies() {
		for call in $3; do
			at=0
			while at=$((at + 1)); do
				old; new
				strace -f -o trace -e trace=$call -e inject=$call:$1:when=$at "$atomicdir" fill -q $2 D --from s >said 2>&1
				is_whole || { echo "after $call:$at"; return 1; }
				was=$(sees D)
				"$atomicdir" prune D >said 2>&1 || { echo "prune after $call:$at"; cat said; return 1; }
				case $(sees D) in
				"a=2 dir=2 file/x=2 mine=mine new/x=2 same=1 " | "a=1 dir/x=1 file=1 gone/x=1 mine=mine same=1 ") ;;
				*) echo "continued after $call:$at: $(sees D), was $was"; return 1 ;;
				esac
				fill D >said 2>&1 || { echo "fill after $call:$at"; cat said; return 1; }
				[ "$(sees D)" = "a=2 dir=2 file/x=2 mine=mine new/x=2 same=1 " ] || { sees D; return 1; }
				[ "$(store D | wc -l)" = 5 ] || { echo "after $call:$at"; store D; return 1; }
				grep -q "$([ "${1%%=*}" = signal ] && echo 'killed by' || echo INJECTED)" trace || break
			done
		done
	}
	ok "whoever dies leaves each file old or new, and the next call goes on" dies signal=KILL "--sync fs" "renameat renameat2 unlinkat"
	ok "likewise where it syncs file by file" dies signal=KILL "--sync files" "fsync"
	ok "a system call that fails leaves no more than the next call can finish" dies error=EIO "--sync fs" "renameat renameat2 syncfs"
	remove_dies() {
		for at in 1 3 6 9 12; do
			old
			strace -o trace -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=$at "$atomicdir" $1 D >said 2>&1
			"$atomicdir" $1 D >said 2>&1 || { cat said; return 1; }
			[ "$(sees D)$(ls -A D | grep -c atomicdir)" = "$2" ] || { echo "after $at: $(sees D)"; ls -AR D; return 1; }
		done
	}
	ok "a removal that dies the next one finishes" remove_dies remove "mine=mine 0"
	ok "and a detach" remove_dies detach "a=1 dir/x=1 file=1 gone/x=1 mine=mine same=1 0"
	# Somebody makes a file at a new name just before it is placed.
	appears() {
		old; new
		strace -o trace -f -e trace=fsync,syncfs -e inject=fsync,syncfs:delay_enter=1000000 "$atomicdir" fill D --from s >said 2>&1 &
		until ls D/..atomicdir/*.info.new >/dev/null 2>&1 || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
		mkdir D/new; echo theirs >D/new/y; wait $!
	}
	appears; got=$?
	is "$got $(cat D/new/y) $(cat D/a)" "6 theirs 2" "what appears at a new name meanwhile stays, with status 6"
	is "$(grep -c "'D/new' appeared meanwhile, and was not made by a publication; it stays; 'D' may have generation 2 only in part; run it again" said)" 1 "the error names it"
	ok "the next call is told so, too" status 1 "$atomicdir" fill D --from s
	is "$(cat err | grep -c "'D/new' was not made by a publication")" 1 "while it is in the way"
	content a=3; ok "what needs another name is not held up by it" fill D
	is "$(sees D)$(store D | tr '\n' ' ')" "a=3 mine=mine new/y=theirs 000004 000004.files 000004.info live lock " "and the other is never touched"
	appears; rm -r D/new
	ok "once it is gone" "$atomicdir" prune D
	is "$(sees D)" "a=2 dir=2 file/x=2 mine=mine new/x=2 same=1 " "any call that writes finishes"
fi

# ---- Watchers ----

watched=$here/tests/support/watched.py
publish w a=1 same=1 gone=1; content a=2 same=1 new=2
is "$(python3 "$watched" w "$atomicdir" fill -q w --from s)" "$(printf 'MOVED_TO a\nMOVED_TO new\nDELETE gone')" "a watcher sees what changed and nothing else"
is "$(python3 "$watched" w "$atomicdir" fill -q w --from s)" "" "and nothing where nothing changed"

# ---- Readers of single files ----

cat >readers.py <<'PY'
import os, subprocess, sys, threading
program, over, bad, reads = sys.argv[1], False, [], 0
def read(name):
    global reads
    while not over:
        try: text = open('R/' + name).read()
        except OSError as e: bad.append(f'{name}: {e}'); continue
        reads += 1
        if len(text) != 70000 or text != text[0] * 70000: bad.append(f'{name}: {len(text)} bytes of {set(text)}')
threads = [threading.Thread(target=read, args=(name,)) for name in ('a', 'd/b')]
for thread in threads: thread.start()
for turn in range(30):
    letter = 'xyz'[turn % 3]
    subprocess.run([program, 'fill', '-q', 'R', '--', 'sh', '-c', f'mkdir d; python3 -c "print(\'{letter}\' * 70000, end=\'\')" | tee a >d/b'], check=True)
over = True
for thread in threads: thread.join()
print(reads > 100, bad[:3])
PY
"$atomicdir" fill -q --layout files R -- sh -c "mkdir d; python3 -c 'print(\"w\" * 70000, end=\"\")' | tee a >d/b"
is "$(python3 readers.py "$atomicdir")" "True []" "readers of one file find it at every moment, old or new, whole"

# ---- Places ----

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	cat >mounted.sh <<'SH'
set -e
mkdir -p m; mount -t tmpfs -o mode=0755 tmpfs m
"$1" fill -q --layout files m -- sh -c 'echo 1 >a; mkdir d; echo 1 >d/x'
mount -t tmpfs tmpfs m/d
status=0; "$1" fill m -- sh -c 'echo 2 >a; mkdir d; echo 2 >d/x' 2>error || status=$?
test $status = 1 && grep -q "'m/d' is a mount point, so it cannot be replaced or removed" error && test "$(cat m/a)" = 1
status=0; "$1" fill m -- sh -c 'echo 2 >a' 2>error || status=$?
test $status = 1 && grep -q "'m/d' is a mount point" error && test "$(cat m/a)" = 1
umount m/d
"$1" fill -q m -- sh -c 'echo 2 >a'
test "$(cat m/a)" = 2 -a ! -e m/d
SH
	ok "a mount point is filled, and one inside is refused by its name" unshare -m sh mounted.sh "$atomicdir"
	content a=1 d/x=1; publish i a=1 d/x=1
	if chattr +i i/a 2>/dev/null; then
		content a=2 d/x=2
		ok "an immutable file is refused" status 1 "$atomicdir" fill i --from s
		is "$(grep -c "'i/a' is immutable or append-only" err)$(sees i)" "1a=1 d/x=1 " "by its name, and nothing is touched"
		chattr -i i/a; chattr +i i/d
		ok "and a directory" status 1 "$atomicdir" fill i --from s
		is "$(grep -c "'i/d' is immutable or append-only" err)" 1 "(by its name)"
		chattr -i i/d
	else skip "an immutable file is refused" "chattr cannot set it here"; fi
	chmod 0711 .
	mkdir user; chown 1234:12 user; as() { setpriv --reuid 1234 --regid 12 --clear-groups "$@"; }
	content a=1 d/x=1; ok "an ordinary user fills one" as "$atomicdir" fill -q --layout files "$work/user" --from "$work/s"
	ok "and again, with a directory that he may not write in" as "$atomicdir" fill -q "$work/user" -- sh -c 'echo 2 >a; mkdir d; echo 2 >d/x; echo 2 >d/y; chmod 0500 d'
	ok "and what is in that" as "$atomicdir" fill -q "$work/user" -- sh -c 'echo 3 >a; mkdir d; echo 3 >d/x; echo 2 >d/y; chmod 0500 d'
	is "$(sees user)$(stat -c %a user/d)" "a=3 d/x=3 d/y=2 500" "(it is there)"
	content a=4; ok "and removes it" as "$atomicdir" fill -q "$work/user" --from "$work/s"
	is "$(sees user)" "a=4 " "(it is gone)"
	content a=5 d/x=5; as "$atomicdir" fill -q "$work/user" --from "$work/s"; chown 0:0 user/d
	content a=6 d/x=6; ok "a directory that may not be written is refused" status 1 as "$atomicdir" fill "$work/user" --from "$work/s"
	is "$(grep -c "cannot write in the directory '$work/user/d': Permission denied" err)$(cat user/a)" 15 "by its name, and nothing is touched"
	is "$(as "$atomicdir" show "$work/f")" "$work/f" "show is for everybody who can read"
	"$atomicdir" fill -q --layout files --owner 1234:12 given -- sh -c 'mkdir d; touch d/x'
	is "$(stat -c '%u:%g' given/d given/d/x given | tr '\n' ' ')" "1234:12 1234:12 0:0 " "--owner is that of what is published, not of the directory"
	content a=7; ok "what root publishes there is the owner's store" fill user
	is "$(stat -c %u user/..atomicdir/live user/..atomicdir/*.files | tr '\n' ' ')" "1234 1234 " "(it is)"
else skip "mount points, immutable files and other users" "needs root and mount namespaces"; fi
finish
