#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh [MOST [FS...]]: every scenario on every file system, both ways of syncing, about MOST states of each (0: all); a line for each
# as it ends, and the sum. More than a few files where it matters, unless it is to be quick: first, replacing, and a killed writer.
here=$(cd "$(dirname "$0")/../.." && pwd)
most=${1:-1200}; [ $# = 0 ] || shift
[ $# != 0 ] || set -- ext4 xfs btrfs
power=$here/build/power/power
lines=$(mktemp); trap 'rm -f "$lines"' EXIT

# volume WAY: the scenarios for this layout; half of the ones in which names come and go for each way if it is to be quick.
volume() {
	if [ "$most" = 0 ] || [ "$most" -gt 500 ]; then "$power" --list
	elif [ "$1" = fs ]; then echo first replace undone-killed-again detach-killed-again
	else echo replace killed-another adopt-a-symlink adopt-killed-again remove-killed-fill; fi
}
# Likewise for the layout files.
files() {
	if [ "$most" = 0 ] || [ "$most" -gt 500 ]; then "$power" --layout files --list
	elif [ "$1" = fs ]; then echo first killed-unchanged; else echo replace killed-another; fi
}
# What links, and what goes by the library's calls: half of it likewise.
chosen() {
	"$power" --list | if [ "$most" = 0 ] || [ "$most" -gt 500 ]; then cat
	elif [ "$1" = fs ]; then grep -vx 'calls-linked\|linked-killed-unchanged\|linked-killed-calls'
	else grep -vx 'linked\|calls\|calls-killed-unchanged'; fi
}
rows() {
	for fs; do
		for way in fs files; do
			for scenario in $(chosen $way); do echo "$fs $way $scenario 3"; done
			for scenario in $(volume $way); do echo "$fs $way $scenario 3 --layout volume"; done
			for scenario in $(files $way); do echo "$fs $way $scenario 3 --layout files"; done
			for scenario in first replace killed-unchanged; do
				[ "$most" = 0 ] || [ "$most" -gt 500 ] || break
				for files in 1 100 1000; do echo "$fs $way $scenario $files"; done
			done
		done
	done
}
rows "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 sh -c \
	'"$0" --most "$1" --fs "$3" --sync "$4" --scenario "$5" --files "$6" ${7:+"$7" "$8"} "$2" || echo "failed: $*"' "$power" "$most" "$here/build/atomicdir" |
	tee "$lines"
awk '/ states, / { states += $1; violations += $3; torn += $(NF - 4) } / states, .*: (ext4|xfs|btrfs),/ { fs[$5] += $1 }
	/^failed/ { failed++ }
	END { printf "%d states, %d violations", states, violations
		for (name in fs) printf "; %s %d", name, fs[name]
		printf "; %d torn ones that the kernel does not mount\n", torn
		exit violations || failed || !states }' "$lines"
