#!/bin/sh
# SPDX-License-Identifier: ISC
# Readers at full churn, on each file system: those that pin the generation miss nothing and mix nothing. What those see that do not is
# told, since no publisher can help them. `make check-readers` makes 10,000,000 looks on each.
[ "$(id -u)" != 0 ] || [ "${INSIDE:-}" ] || ! unshare -m true 2>/dev/null || exec env INSIDE=1 unshare -m "$0"
. "$(dirname "$0")/../tap.sh"
looks=${READERS_LOOKS:-20000}

# on NAME DIRECTORY: both layouts there.
on() {
	for layout in link volume; do
		mkdir -p "$2/$layout"
		ok "$1, layout $layout: readers with a pin miss nothing and mix nothing" sh -c "cd '$2/$layout' && exec '$here/build/race/readers' $looks $layout"
		sed 's/^/# /' out
	done
}
if [ "${INSIDE:-}" ]; then
	truncate -s 256M ext4.img; mkdir ext4 tmpfs lower over merged
	if mkfs.ext4 -q ext4.img 2>/dev/null && mount -o loop ext4.img ext4 2>/dev/null; then on ext4 ext4; umount ext4
	else skip "ext4: readers with a pin" "mkfs.ext4 or loop devices are absent"; fi
	mount -t tmpfs none tmpfs && { on tmpfs tmpfs; umount tmpfs; }
	mount -t tmpfs none over && mkdir over/upper over/work
	if mount -t overlay -o lowerdir=lower,upperdir=over/upper,workdir=over/work none merged 2>/dev/null; then on overlayfs merged; umount merged
	else skip "overlayfs: readers with a pin" "no overlayfs here"; fi
	umount over
else
	on "$(stat -fc %T .)" .
	skip "readers with a pin on other file systems" "needs root, and a mount namespace"
fi
finish
