#!/bin/sh
# SPDX-License-Identifier: ISC
# How it is synced while a stranger's data of the same disk lies in memory. Needs root, since it mounts.
[ "$(id -u)" != 0 ] || [ "${INSIDE:-}" ] || ! unshare -m true 2>/dev/null || exec env INSIDE=1 unshare -m "$0"
. "$(dirname "$0")/../tap.sh"
[ "${INSIDE:-}" ] || { skip "a stranger's data in memory" "needs root, and a mount namespace"; finish; }
strace -o /dev/null true 2>/dev/null || { skip "a stranger's data in memory" "strace cannot trace here"; finish; }
export ASAN_OPTIONS=detect_leaks=0

mkdir few many directories
for i in 1 2 3; do echo $i >few/$i; done
# So many that no machine has enough in memory.
for i in $(seq 1500); do echo $i >many/$i; mkdir "directories/$i"; done
# way OPTION... LINK --from DIR: how the files of DIR are synced, with 120 MiB of a stranger.
way() {
	rm -f disk/stranger; sync -f disk
	dd if=/dev/zero of=disk/stranger bs=1M count=120 2>/dev/null
	strace -o trace -e trace=syncfs,fsync "$atomicdir" fill --grace 0 "$@" >said 2>&1 || cat said
	echo "$(grep -c '^syncfs' trace) $([ "$(grep -c '^fsync' trace)" -gt 3 ] && echo files || echo none)"
}
for name in ext4 xfs btrfs; do
	truncate -s 400M "$name.img"; mkdir -p disk
	if ! command -v "mkfs.$name" >/dev/null || ! "mkfs.$name" -q "$name.img" >mkfs.out 2>&1 || ! mount -o loop "$name.img" disk 2>mount.out; then
		skip "$name: a stranger's data in memory" "mkfs.$name or the kernel's $name is absent"; continue
	fi
	if [ $name = btrfs ]; then is "$(way disk/app --from few)" "1 none" "$name: syncfs, since single syncs are never faster there"
	else
		is "$(way disk/app --from few)" "0 files" "$name: a few files are synced one by one, and the stranger's data is not waited for"
		is "$(way --sync fs disk/app --from many)" "1 none" "$name: --sync fs means syncfs"
		is "$(way disk/app --from directories)" "1 none" "$name: directories count as files do"
		is "$(way disk/app --from many)" "1 none" "$name: many files are synced by one syncfs"
	fi
	sync -f disk; rm -f disk/stranger; sync -f disk
	strace -o trace -e trace=syncfs "$atomicdir" fill disk/quiet --from few >said 2>&1
	[ $name = xfs ] || is "$(grep -c '^syncfs' trace)" 1 "$name: without such data a few files are synced by one syncfs"
	umount disk; rm -f "$name.img"
done
finish
