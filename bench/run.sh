#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Runs build/bench where it disturbs nobody: as root on an ext4 of its own on a loop device, else below TMPDIR.
# BENCH_COUNTS="10 1000" and BENCH_ROUNDS=3 make it shorter.
set -eu

build=${BUILD:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-bench.XXXXXX")
mounted=

finish() {
	[ -z "$mounted" ] || umount "$work/disk"
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

mkdir "$work/disk"
if [ "$(id -u)" -eq 0 ] && truncate -s 2G "$work/image" && PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q "$work/image" &&
	mount -o loop "$work/image" "$work/disk" 2>/dev/null; then
	mounted=1
	echo "ext4 on a loop device, Linux $(uname -r), $(nproc) processors; files of 4 KiB; medians, ratios to the floor"
else
	echo "$(stat -f -c %T "$work"), Linux $(uname -r), $(nproc) processors; files of 4 KiB; medians, ratios to the floor"
fi
echo "durable: syncfs, rename, fsync | sync -f | fsync of each file; ms: the fill alone; MiB: the process's peak memory"
echo
# shellcheck disable=SC2086
"$build/bench" "$work/disk" ${BENCH_COUNTS-}
