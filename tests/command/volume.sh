#!/bin/sh
# SPDX-License-Identifier: ISC
# The layout volume: a directory that stays what it is, in which names come and go without a gap. And what the kubelet's writer of such
# volumes got wrong.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

# content NAME=TEXT...: a directory s with these files, and nothing else.
content() {
	rm -rf s; mkdir s
	for file in "$@"; do mkdir -p "s/$(dirname "${file%%=*}")"; echo "${file#*=}" >"s/${file%%=*}"; done
}
fill() { "$atomicdir" fill -q --grace 0s "$@" --from s; }
publish() { link=$1; shift; content "$@"; fill --layout volume "$link" 2>/dev/null; }
# What a reader of the directory sees: each name that is not reserved, and what is behind it.
sees() { for name in "$1"/*; do [ -e "$name" ] && printf '%s=%s ' "${name#"$1"/}" "$(cat "$name" 2>/dev/null || ls "$name")"; done; }
# Every entry of the directory with its type and, for a symlink, its text.
looks() { (cd "$1" && find . -mindepth 1 -maxdepth 1 -printf '%f %y %l\n' | sort); }

# ---- What it looks like ----

content a=1 d/x=1
ok "a first fill makes the directory" fill --layout volume v
is "$(stat -c '%a %F' v)" "755 directory" "with mode 0755"
is "$(looks v)" "$(printf '..atomicdir d \n..data l ..atomicdir/000001\na l ..data/a\nd l ..data/d')" "which looks as the kubelet's does"
ok "and is a volume without the option later" fill v
ok "another layout is refused" status 1 "$atomicdir" fill --layout link v --from s
is "$(grep -c "'v' has the layout volume" err)" 1 "and the error says which it has"
ok "a store without a dot is wrong usage" status 2 "$atomicdir" fill --visible-store v --from s
is "$("$atomicdir" show v)" "$PWD/v/..atomicdir/000001" "show prints the generation's path"
content a=2 b=2
ok "names come and go" fill v
is "$(sees v)" "a=2 b=2 " "with their content"
is "$(ls -A v/..atomicdir)" "$(printf '000002\n000002.info\nlock')" "by default what was replaced goes at once"
fill --keep 1 v; content a=3; fill --keep 1 v
ok "a rollback brings names back" "$atomicdir" rollback v
is "$(sees v)" "a=2 b=2 " "(it does)"
is "$("$atomicdir" diff v 3 2)" "$(printf 'M a\nA b')" "diff compares generations"
is "$("$atomicdir" exec v -- cat b)" 2 "exec runs in the live one"
ok "what a reader has pinned stays" "$atomicdir" exec v -- sh -c "'$atomicdir' fill -q --keep 0 --grace 0s '$PWD/v' -- touch c 2>/dev/null && test -e b -a -e ../000002/b -a ! -e '$PWD/v/b'"
start=$(date +%s%3N); content a=4; "$atomicdir" fill -q v --from s; waited=$(($(date +%s%3N) - start))
ok "a grace of 100 ms is waited out by default ($waited ms)" test "$waited" -ge 100 -a "$(ls v/..atomicdir | grep -c '^[0-9]*$')" = 1

# ---- The kubelet's bugs (its own, or once) ----

content a=4; chmod 0600 s/a
ok "a change of a mode alone is a change" fill v
is "$(stat -Lc %a v/a)" 600 "(it is published)"
mkdir s/..data
ok "a name that begins with .. is refused in a stage" status 1 "$atomicdir" fill v --from s
ok "and ..data is what it was" test "$(sees v)" = "a=4 "
ok "the library refuses it when it is written" sh -c "! '$atomicdir' fill v -- mkdir ..x"
publish v x/y=1 z=1; publish v x=2 z=2
is "$(sees v)" "x=2 z=2 " "a directory becomes a file"
publish v x/y=3 z=3
is "$(sees v)" "x=y z=3 " "and a directory again"
ln -s nowhere v/..data_tmp
publish v z=4
is "$(sees v) $(readlink v/..data_tmp)" "z=4  nowhere" "a stale ..data_tmp is no obstacle, and stays"
rm v/..data_tmp v/z
ok "a name that was lost comes back" "$atomicdir" fill --grace 0s v --from s
is "$(cat out), $(sees v)" "unchanged 12, z=4 " "though nothing else changes"
rm v/z
"$atomicdir" prune v >/dev/null
is "$(sees v)" "z=4 " "with any command that writes"

# ---- What is not ours ----

echo mine >v/mine; ln -s ..data/other v/odd; ln -s /etc/hostname v/host
before=$(looks v)
for name in mine odd host; do
	content z=5 new=5 $name=5
	ok "a name that somebody else uses is refused ($name)" status 1 "$atomicdir" fill v --from s
	is "$(grep -c "'v/$name' was not made by a publication.*'v' is unchanged" err)" 1 "the error names it"
	is "$(looks v)" "$before" "and nothing is touched"
done
content z=6 w=6
ok "what is in nobody's way is no obstacle" fill v
is "$(cat v/mine)$(readlink v/odd)$(sees v | grep -o 'w=6 z=6')" "mine..data/otherw=6 z=6" "and stays"
rm v/z; echo theirs >v/z
ok "who takes the place of a name is found out, though nothing else changes" status 1 "$atomicdir" fill v --from s
is "$(cat v/z)" theirs "and keeps it"
rm v/z; fill v
mkdir foreign; ln -s elsewhere foreign/..data
ok "somebody else's ..data is refused" status 1 "$atomicdir" fill --layout volume foreign --from s
is "$(looks foreign)" "..data l elsewhere" "and nothing is touched"
echo >file; ln -s v link
for what in file link; do
	ok "a $what cannot become a volume" status 1 "$atomicdir" fill --layout volume $what --from s
done
ok "a volume that cannot be filled leaves no directory behind" sh -c "! '$atomicdir' fill --layout volume --if-generation 7 none --from s && test ! -e none"

# ---- In and out ----

mkdir -p kube/..2026_1; echo 1 >kube/..2026_1/a; echo 1 >kube/..2026_1/b; ln -s ..2026_1 kube/..data; ln -s ..data/a kube/a; ln -s ..data/b kube/b
ok "a volume of the kubelet's is adopted" "$atomicdir" adopt --layout volume kube
is "$(looks kube | grep -v '^\.\.atomicdir')" "$(printf '..2026_1 d \n..data l ..atomicdir/000001\na l ..data/a\nb l ..data/b')" "and what it led to stays"
ok "once more it is unchanged" "$atomicdir" adopt kube
is "$(cat out)" "unchanged 1" "(it says so)"
publish ends a=1 d/x=1; chmod 0500 s/d
fill ends >said 2>&1
ok "detach gives each name its content" "$atomicdir" detach --grace 0s ends
is "$(looks ends) $(stat -c %a ends/d)" "$(printf 'a f \nd d ') 500" "and removes all that was made for it"
ok "once more there is nothing to do" "$atomicdir" detach ends
is "$(cat out)" "unchanged ends" "(it says so)"
chmod 0700 ends/d
publish gone a=1; echo mine >gone/mine
ok "what somebody reads is neither removed nor detached" "$atomicdir" exec gone -- sh -c "'$atomicdir' remove '$PWD/gone'; test \$? = 5 && { '$atomicdir' detach '$PWD/gone'; test \$? = 5; }"
ok "remove removes all that was made" "$atomicdir" remove gone
is "$(looks gone)" "mine f " "and nothing else"

# ---- 5,000 names ----

mkdir many; (cd many && seq -f 'n%04g' 5000 | xargs touch)
ok "5,000 names are published" "$atomicdir" fill -q --layout volume big --from many
is "$(find big -maxdepth 1 -type l -name 'n*' | while read -r name; do [ -e "$name" ] && echo; done | wc -l)" 5000 "each with something behind it"
ok "and all but one go" "$atomicdir" fill -q big -- touch n0001
is "$(ls big)" n0001 "(they do)"

# ---- The order of system calls ----

if ! strace -o trace true 2>/dev/null; then skip "names are changed in the order that leaves no gap" "strace cannot trace here"
else
	cat >order.py <<'PY'
import re, sys
for line in open(sys.argv[1]):
    call = re.match(r'(?:\d+ +)?(\w+)\((.*)\) += 0', line)
    if not call: continue
    name, rest = call[1], call[2]
    texts = [re.sub(r'0000\d\d', 'N' if '000002' in text else 'O', text) for text in re.findall(r'"([^"]*)"', rest)]
    places = [place.rsplit('/', 1)[-1] for place in re.findall(r'<([^>]*)>', rest)]
    if name == 'syncfs' or (name == 'fsync' and places[-1] in ('D', '..atomicdir', '..')): print(name, places[-1].replace('000002', 'N'))
    elif name == 'symlinkat' and texts[1] != 'next': print('symlink', texts[0], texts[1])
    elif name.startswith('renameat') and places[-1] == 'D': print('rename', *texts)
    elif name.startswith('unlinkat') and places[0] == 'D': print('unlink', *texts)
    elif name == 'renameat' and texts[-1].endswith('.trash'): print('remove', texts[0])
PY
	names() {
		rm -rf D; publish D a=1 gone=1; content a=2 new=2
		strace -f -y -o trace "$atomicdir" fill -q --grace 0s --sync "$1" D --from s && python3 order.py trace >got
		grep -v 'next$' got | uniq | diff -u wanted -
	}
	cat >after <<'EOF'
rename next ..data
unlink gone
symlink ..data/new turned
rename turned new
fsync D
remove O
EOF
	cat >announced <<'EOF'
symlink ..atomicdir/O/gone turned
rename turned gone
symlink ..atomicdir/N/new new
EOF
	{ echo 'fsync D'; echo 'syncfs N'; cat announced after; } >wanted
	ok "names are changed in the order that leaves no gap, --sync fs" names fs
	{ echo 'fsync D'; echo 'fsync ..atomicdir'; cat announced; echo 'fsync D'; cat after; } >wanted
	ok "names are changed in the order that leaves no gap, --sync files" names files
	# A death at each of these calls: readers see what is on both sides, and the next fill mends the rest.
	dies() {
		for call in symlinkat renameat unlinkat; do
			for at in 1 2 3 4 5; do
				rm -rf D; publish D a=1 gone=1; content a=2 new=2
				strace -o trace -e trace=$call -e inject=$call:signal=KILL:when=$at "$atomicdir" fill -q --grace 0s D --from s >/dev/null 2>&1
				case $(cat D/a) in 1) [ "$(cat D/gone)" = 1 ] ;; 2) [ "$(cat D/new)" = 2 ] ;; *) false ;; esac || { echo "dead after $call:$at: $(sees D)"; return 1; }
				"$atomicdir" prune --grace 0s D >said 2>&1 || { echo "prune after $call:$at"; cat said; return 1; }
				case $(sees D) in "a=1 gone=1 " | "a=2 new=2 ") ;; *) echo "mended after $call:$at: $(sees D)"; return 1 ;; esac
				is_mended=$(find D -maxdepth 1 -lname '..atomicdir/*/*' | wc -l)
				[ "$is_mended" = 0 ] || { looks D; return 1; }
			done
		done
	}
	ok "whoever dies on the way leaves names with what is behind them, and the next one mends them" dies
	detach_dies() {
		for at in symlinkat:1 renameat2:2 renameat2:3 unlinkat:1 unlinkat:3 unlinkat:6; do
			rm -rf D; publish D a=1 b/x=1 c=1
			strace -o trace -e trace=${at%:*} -e inject=${at%:*}:signal=KILL:when=${at#*:} "$atomicdir" detach --grace 0s D >/dev/null 2>&1
			[ "$(sees D)" = "a=1 b=x c=1 " ] || { echo "dead after $at: $(sees D)"; return 1; }
			"$atomicdir" detach --grace 0s D >said 2>&1 || { cat said; return 1; }
			[ "$(looks D)" = "$(printf 'a f \nb d \nc f ')" ] || { echo "after $at:"; looks D; return 1; }
		done
	}
	ok "a detach that dies leaves every name, and the next one finishes" detach_dies
	refill_dies() {
		for at in renameat2:1 renameat2:2 renameat2:3; do
			rm -rf D; publish D a=1 b/x=1 c=1
			strace -o trace -e trace=${at%:*} -e inject=${at%:*}:signal=KILL:when=${at#*:} "$atomicdir" detach --grace 0s D >/dev/null 2>&1
			publish D a=2 d=2 || return 1
			[ "$(looks D | grep -c ' f ')" = 0 ] && [ "$(sees D)" = "a=2 d=2 " ] || { looks D; return 1; }
		done
	}
	ok "or a fill makes it a volume again" refill_dies
	remove_dies() {
		for at in 1 2 3 4 5 6 8; do
			rm -rf D; publish D a=1 b=1
			strace -o trace -e trace=unlinkat -e inject=unlinkat:signal=KILL:when=$at "$atomicdir" remove D >/dev/null 2>&1
			"$atomicdir" remove D >said 2>&1
			[ -z "$(looks D)" ] || { echo "after $at:"; looks D; return 1; }
		done
	}
	ok "a removal that dies the next one finishes" remove_dies
fi

# ---- Watchers ----

watched=$here/tests/support/watched.py
publish w a=1 gone=1; content a=2 gone=2
is "$(python3 "$watched" w "$atomicdir" fill -q w --from s)" "MOVED_TO ..data" "a watcher of the directory sees one event where no names come or go"
is "$(python3 "$watched" w "$atomicdir" fill -q w --from s)" "" "and none where nothing changed"
content a=3 new=3
is "$(python3 "$watched" w "$atomicdir" fill -q w --from s)" "$(printf 'MOVED_TO gone\nCREATE new\nMOVED_TO ..data\nDELETE gone\nMOVED_TO new')" \
	"and of names only those that come or go"

# ---- Places ----

if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	cat >mounted.sh <<'SH'
set -e
mkdir -p m ro; mount -t tmpfs -o mode=0755 tmpfs m
"$1" fill -q --layout volume m -- sh -c 'echo 1 >a; echo 1 >gone'
mount --bind m ro && mount -o remount,bind,ro ro
exec 3<ro
"$1" fill -q m -- sh -c 'echo 2 >a; echo 2 >new'
test "$(cat ro/a)" = 2 -a "$(cat ro/new)" = 2 -a ! -e ro/gone
test "$("$1" show ro)" = "$PWD/ro/..atomicdir/000002"
test "$("$1" exec ro -- cat a)" = 2
cd /proc/self/fd/3 && test "$(cat a)" = 2; cd "$OLDPWD"
! "$1" fill -q ro -- true
test "$(cat ro/a)" = 2
"$1" detach -q --grace 0s m && test -f m/a -a ! -e m/..data -a ! -e m/..atomicdir
SH
	ok "a mount point, and a read-only bind mount for readers" unshare -m sh mounted.sh "$atomicdir"
	chmod 0711 .
	mkdir empty; chgrp 12 empty; chmod 2777 empty
	content a=1; ok "an emptyDir that gives its group and lets all write" setpriv --reuid 1234 --regid 12 --clear-groups "$atomicdir" fill -q --layout volume "$work/empty" --from "$work/s"
	is "$(stat -c '%a %u %g' empty/..atomicdir empty/..atomicdir/000001 | tr '\n' ' ')$(cat empty/a)" "2711 1234 12 2755 1234 12 1" "hands its group down"
	"$atomicdir" fill -q empty -- touch b >said 2>&1
	is "$(stat -c '%u' empty/..data empty/b | tr '\n' ' ')" "1234 1234 " "what root publishes there is the owner's"
	mkdir sticky; chmod 1777 sticky
	ok "where all may write and the sticky bit is set" setpriv --reuid 1234 --regid 12 --clear-groups "$atomicdir" fill --layout volume "$work/sticky" -- touch a
	is "$(grep -c "warning: only user 1234 can follow the symlinks" err)" 1 "a warning says who can follow the symlinks"
	mkdir closed outer; chmod 0711 outer; mkdir outer/v; chown 1234:12 outer/v
	ok "the directory that the volume is in need not be readable" setpriv --reuid 1234 --regid 12 --clear-groups "$atomicdir" fill -q --layout volume "$work/outer/v" -- touch a
else skip "mount points, groups and other users" "needs root and mount namespaces"; fi
finish
