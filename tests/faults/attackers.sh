#!/bin/sh
# SPDX-License-Identifier: ISC
# An attacker who may rename inside the tree swaps directories for symlinks that lead outside, as fast as possible, while generations
# are filled, compared, sealed and removed. What is published may be spoilt, but nothing outside is written, changed or removed.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
rounds=${ATTACKS:-40}

mkdir -p outside/d/sub outside/open/d outside/000001 source/open/d/sub source2/open/d/sub
for file in x lock next sub 000001/x d/x d/sub/y open/d/x 000001.info; do [ -d outside/$file ] || echo precious >outside/$file; done
chmod 0751 outside outside/d; chmod 0646 outside/x outside/d/x
for i in 1 2 3 4 5 6 7 8; do echo $i >source/open/d/$i; echo "$i again" >source2/open/d/$i; mkdir source/open/d/sub/$i source2/open/d/sub/$i; done
echo s >source/open/d/sub/y; echo s2 >source2/open/d/sub/y; cp source/open/d/1 source/open/d/x; cp source2/open/d/1 source2/open/d/x
manifest() { find outside -printf '%p %y %m %U %G %s %T@ %C@ %n %l\n' | sort; find outside -type f | sort | xargs cksum; }
# attack LAYOUT WHAT: the attacker runs while we publish; what was published is told.
attack() {
	manifest >before; layout=$1; shift
	"$here/build/faults/attacker" "$1" "$work" "$work/outside" & attacker=$!
	published=0 failed_runs=0 odd=0 round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		case $((round % 4)) in
		0) "$atomicdir" fill -q --layout $layout --grace 0s --keep 2 app --from source ;;
		1) "$atomicdir" fill -q --layout $layout --grace 0s --keep 0 --file-mode 0600 --dir-mode 0700 app --from source2 ;;
		2) "$atomicdir" fill -q --layout $layout --grace 0s --file-mode 0640 --dir-mode 0500 app -- sh -c 'mkdir -p d/sub open && echo $$ >d/x && echo y >d/sub/y && mv d open' ;;
		3) "$atomicdir" prune -q --keep 0 app ;;
		esac >run.out 2>run.err
		case $? in 0 | 6) published=$((published + 1)) ;; 1) failed_runs=$((failed_runs + 1)) ;; *) odd=$((odd + 1)); cat run.err ;; esac
	done
	kill $attacker; wait $attacker 2>/dev/null
	manifest >after
	echo "# $1: $rounds runs, $published succeeded, $failed_runs were refused or failed"
	[ $odd = 0 ] && cmp before after || { diff before after; return 1; }
}

# The attacker may have been ended between there and back.
put_back() { for path in .app.atomicdir app/..atomicdir source; do
	lure=$(dirname $path)/lure-$(basename $path)
	[ ! -L $path ] || [ ! -e $lure ] || { rm $path; mv $lure $path; }
	[ ! -L $lure ] || rm -f $lure
done; }
for layout in link volume; do
	store=.app.atomicdir; [ $layout = link ] || store=app/..atomicdir
	"$atomicdir" fill -q --layout $layout app --from source >/dev/null
	for what in inside $store source; do
		ok "$layout, $what swapped: nothing outside is written, changed or removed" attack $layout $what
		grep '^#' out
		put_back
		ok "and the next fill works" "$atomicdir" fill -q --layout $layout --grace 0s app --from source2
	done
	"$atomicdir" remove app >/dev/null; rm -rf app .app.atomicdir
done
finish
