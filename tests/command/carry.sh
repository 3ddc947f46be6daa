#!/bin/sh
# SPDX-License-Identifier: ISC
# --carry: files of the last generations that the new one lacks come along, for as many publications as were asked for and no more.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0

# fill LINK 'OPTIONS' FILE...: publishes files with their own names as content.
fill() {
	link=$1 options=$2; shift 2
	"$atomicdir" fill -q --grace 0s $options "$link" -- sh -c 'for f; do mkdir -p "$(dirname "$f")"; echo "$f" >"$f"; done' sh "$@"
}
# What the live generation has, and what it records of what came along.
has() { (cd "$1/" && find . -mindepth 1 ! -type d -printf '%P\n' | sort | tr '\n' ' '); }
record() { tr '\0' ';' <"$1.carried" 2>/dev/null; }
live() { readlink -f "$1"; }

# ---- How long a file comes along ----

fill s "--carry 2" index js/a.1
fill s "--carry 2" index js/a.2
is "$(has s)" "index js/a.1 js/a.2 " "a file that the new generation lacks comes along"
is "$(record "$(live s)") $(stat -c %a "$(live s).carried")" "1 js/a.1; 600" "the store records it, for its owner alone"
fill s "--carry 2" index js/a.3
is "$(has s)" "index js/a.1 js/a.2 js/a.3 " "for as many publications as --carry says"
fill s "--carry 2" index js/a.4
is "$(has s)" "index js/a.2 js/a.3 js/a.4 " "and no more, though the live generation still had it"
is "$(ls .s.atomicdir | grep -c carried)" 2 "the record goes with its generation"
fill s "" index js/a.5
is "$(has s)$(ls .s.atomicdir/*5.carried 2>/dev/null)" "index js/a.5 " "without --carry nothing comes along, and nothing is recorded"
for n in 1 2 3 4 5; do fill k "--carry 3 --keep 0" index js/a.$n; done
is "$(has k)" "index js/a.2 js/a.3 js/a.4 js/a.5 " "also from generations that are kept no longer"
fill l "--keep 3" a.1; fill l "--keep 3" a.2; fill l "--keep 3" a.3; fill l "--keep 3 --carry 2" a.4
is "$(has l)" "a.2 a.3 a.4 " "and from those that are kept and were published without --carry"
"$atomicdir" rollback -q l; fill l "--keep 3 --carry 2" a.5
is "$(has l)" "a.2 a.3 a.5 " "after a rollback what is live and its line count, not what was rolled back"
fill l "--carry 1" a.3 a.5 a.6; fill l "--carry 1" a.6
is "$(has l)" "a.3 a.5 a.6 " "what is published by itself again is young again"

# ---- Unchanged ----

fill u "" a.1; fill u "--carry 1" a.2
ok "the same content once more is unchanged" "$atomicdir" fill --carry 1 u -- sh -c 'echo a.2 >a.2'
is "$(cat err)" "unchanged 2" "(it says so)"
is "$(has u)" "a.1 a.2 " "and takes nothing away"
fill u "--carry 2" a.2; n=$(live u); fill u "--carry 2" a.2
is "$(live u)" "$n" "also where it carries more than before"
fill u "--carry 1" a.3; fill u "" a.3; n=$(live u); fill u "" a.3
is "$(has u)$(live u)" "a.3 $n" "without --carry what came along goes, and the next one is unchanged"
fill u "--carry 1" b.1; fill u "--carry 1" a.3 b.1
is "$(live u) $(record "$(live u)")" "$work/.u.atomicdir/$(basename "$(live u)") " "a file that came along, published by itself, is no change"
fill u "--carry 1" b.2; 
is "$(has u)" "a.3 b.1 b.2 " "and is the generation's own from then on"
chmod 0700 "$(live u)/a.3" 2>/dev/null
ok "a changed mode of what came along is no reason to publish" "$atomicdir" fill -q --carry 1 u -- sh -c 'echo b.2 >b.2'

# ---- What is in the way ----

fill d "" x/f x/g y; fill d "--carry 1" x y/f
is "$(has d)" "x y/f " "where the new one has a file it stays, and where it has a directory too"
fill d "" x/f z; "$atomicdir" fill -q --carry 1 d -- sh -c 'mkdir real; ln -s real x; ln -s nowhere z'
is "$(has d) $(ls d/real)" "x z  " "a symlink of the new one stays, and nothing is put behind it"
"$atomicdir" fill -q d -- sh -c 'mkdir -p empty full/empty; echo 1 >full/one; ln -s one full/link; ln full/one full/hard'
"$atomicdir" fill -q --carry 1 d -- touch new
is "$(cd d/ && find . -mindepth 1 | sort | tr '\n' ' ')" "./full ./full/hard ./full/link ./full/one ./new " "symlinks come along, directories only with what is in them"
is "$(stat -c %h d/full/hard) $(readlink d/full/link)" "2 one" "hard links stay hard links among themselves"
"$atomicdir" fill -q d -- sh -c 'echo "#!/bin/sh" >run; chmod 4751 run; touch -d 2001-01-01 run; mkdir -m 0750 dir; echo x >dir/x; ln -s "$ATOMICDIR_STAGE/run" absolute'
"$atomicdir" fill -q --carry 1 d -- touch new
is "$(stat -c '%a %Y' d/run) $(stat -c %a d/dir)" "4751 $(date -d 2001-01-01 +%s) 750" "modes and times come along"
is "$(readlink d/absolute)" "$(live d)/run" "a symlink into its own generation leads into the new one"
"$atomicdir" fill -q --carry 1 --file-mode 0640 --dir-mode 0710 d -- touch newer
is "$(stat -c %a d/new) $(stat -c %a d/)" "640 710" "modes that an option states hold for what comes along too"
"$atomicdir" fill -q d -- sh -c 'mkdir -m 0555 ro; :' 2>/dev/null; fill d "" ro/a; chmod 0555 d/ro
"$atomicdir" fill -q --carry 1 d -- sh -c 'mkdir ro; echo b >ro/b; chmod 0555 ro; chmod 0555 .'
is "$(has d) $(stat -c %a d/ro) $(stat -c %a d/)" "ro/a ro/b  555 555" "directories that may not be written in keep their modes"
if command -v setfacl >/dev/null && fill acl "" a && setfacl -m u:1:r acl/a 2>/dev/null; then
	fill acl "--carry 1" b
	is "$(getfacl -cn acl/a | grep user:1:)" "user:1:r--" "an ACL comes along"
else skip "an ACL comes along" "no ACLs here"; fi
if [ "$(id -u)" = 0 ]; then
	fill own "" a; chown 7:8 own/a; fill own "--carry 1" b
	is "$(stat -c %u:%g own/a)" 7:8 "an owner comes along"
	fill own "--carry 1 --owner 9:9" c
	is "$(stat -c %u:%g own/b)" 9:9 "unless an option states another one"
else skip "an owner comes along" "needs root"; skip "unless an option states another one" "needs root"; fi
fill p "" a; mkfifo p/fifo
ok "a FIFO in the old generation is no obstacle" timeout 20 "$atomicdir" fill -q --carry 1 p -- touch b
is "$(has p)" "a b " "and stays there"
printf '1 b\0' >"$(live p).carried"; echo 9 >>"$(live p).carried"
ok "a damaged record is no obstacle" "$atomicdir" fill -q --carry 1 --grace 0s p -- touch c
is "$(has p)" "a c " "and what can be read of it counts"

# ---- With the other options ----

fill e "" base a.1; fill e "--carry 1" base a.2
ok "--edit starts from what the live one had itself" "$atomicdir" fill -q --grace 0s --edit --carry 1 e -- sh -c 'test ! -e a.1 && rm a.2 && echo 3 >a.3'
is "$(has e)" "a.2 a.3 base " "and what is removed in it comes along"
"$atomicdir" fill -q --edit --carry 1 e -- true
is "$("$atomicdir" fill --edit --carry 1 e -- true 2>&1) $(has e)" "unchanged 3 a.2 a.3 base " "an edit that changes nothing takes nothing away"
mkdir from; echo n >from/new
is "$("$atomicdir" fill --dry-run --carry 1 e --from from)" "$(printf 'D a.2\nA new\nwould publish')" "a dry run knows what would come along"
"$atomicdir" fill -q --carry 1 --grace 0s e --from from
is "$(has e)" "a.3 base new " "--from takes it along as well"
ok "a check sees what comes along" "$atomicdir" fill -q --carry 1 --check 'test -e new' e -- touch newest
ok "and may remove it" "$atomicdir" fill -q --carry 1 --check 'rm newest' e -- touch last
is "$(has e)" "last " "(it is not brought back)"
fill v "--layout volume" a.1 dir/a; fill v "--carry 1" a.2
is "$(ls v | tr '\n' ' ')$(cat v/a.1 v/dir/a)" "$(printf 'a.1 a.2 dir a.1\ndir/a')" "in a volume the names come along"
fill v "--carry 1" a.3
is "$(ls v | tr '\n' ' ')" "a.2 a.3 " "and go when it is time"
fill x "--carry 2" only
is "$(has x)" "only " "where nothing is live nothing comes along"
ok "--carry needs a number" status 2 "$atomicdir" fill --carry -1 x -- true
fill r "" a.1; fill r "--carry 1" a.2
"$atomicdir" fill -q --carry 1 --rollback-on-failure --on-change false r -- touch a.3 2>/dev/null
is "$(has r) $(record "$(live r)")" "a.1 a.2  1 a.1;" "an undone publication leaves the record of the one before as it was"
# A directory that was taken over is somebody else's content: it is the generation's own.
mkdir t; echo 1 >t/a.1; "$atomicdir" adopt -q t; fill t "--carry 1" a.2
is "$(has t)" "a.1 a.2 " "files of an adopted directory come along"
finish
