#!/bin/sh
# SPDX-License-Identifier: ISC
# What a copy keeps on each file system: everything on those that can hold it; elsewhere a warning with a count, or an error with a name.
# Needs root, since it mounts.
[ "$(id -u)" != 0 ] || [ "${INSIDE:-}" ] || ! unshare -m true 2>/dev/null || exec env INSIDE=1 unshare -m "$0"
. "$(dirname "$0")/../tap.sh"
[ "${INSIDE:-}" ] || { skip "copies on other file systems" "needs root, and a mount namespace"; finish; }

fill() { "$atomicdir" fill --grace 0s "$@"; }
acl() { getfacl -cpEn "$1" 2>/dev/null | tr '\n' ' ' | sed 's/ *$//'; }
note() { getfattr --only-values -n user.note "$1" 2>/dev/null; }
# What is to be kept: one string.
facts() {
	echo "$(stat -c '%a %Y' "$1/f" "$1/d" | tr '\n' ' ') acl $(acl "$1/f") note $(note "$1/f") links $(stat -c %h "$1/a")" \
		"holes $([ "$(du -k "$1/sparse" | cut -f1)" -lt 4000 ] && echo kept) capability $(getcap "$1/srv" | sed 's/.* //')"
}
# image NAME SIZE MKFS...: a file system on a loop device at ./NAME.
image() {
	name=$1; truncate -s "$2" "$name.img"; shift 2
	mkdir -p "$name" && "$@" "$name.img" >mkfs.out 2>&1 && mount -o loop "$name.img" "$name" 2>mount.out
}

mkdir source source/d; echo x >source/f; chmod 640 source/f; echo a >source/a; ln source/a source/b
truncate -s 8M source/sparse; cp /bin/true source/srv
setfacl -m u:65534:r source/f && setfattr -n user.note -v kept source/f && setcap cap_net_raw+ep source/srv 2>/dev/null ||
	{ skip "copies on other file systems" "the file system here holds no ACLs, attributes or capabilities"; finish; }
touch -d 2020-02-02 source/f source/d
wanted=$(facts source)

# on NAME: a copy from elsewhere, a copy of that, an edit, a rollback, an adoption.
on() {
	ok "$1: a copy is made" fill "$1/app" --from source
	is "$(facts "$1/app")" "$wanted" "$1: it keeps what can be kept"
	ok "$1: the same again is unchanged" sh -c "'$atomicdir' fill '$1/app' --from source | grep -q unchanged"
	ok "$1: --edit" fill --edit "$1/app" -- touch "$1.edited"
	is "$(facts "$1/app")" "$wanted" "$1: keeps it too"
	ok "$1: a rollback" "$atomicdir" rollback "$1/app"
	is "$(facts "$1/app")" "$wanted" "$1: leads to what was there"
	mkdir "$1/releases"; cp -a source "$1/releases/1"; ln -s releases/1 "$1/current"
	ok "$1: an adoption" "$atomicdir" adopt "$1/current"
	is "$(facts "$1/current")" "$(facts "$1/releases/1")" "$1: keeps what it copies"
}

for name in ext4 xfs btrfs; do
	case $name in ext4) size=64M ;; xfs) size=320M ;; btrfs) size=128M ;; esac
	if command -v "mkfs.$name" >/dev/null && image "$name" "$size" "mkfs.$name" -q; then on "$name"; umount "$name"
	else skip "$name: a copy keeps what can be kept" "mkfs.$name or the kernel's $name is absent"
	fi
	rm -f "$name.img"
done
mkdir over lower upper merged && mount -t tmpfs none over && mkdir over/upper over/work
if mount -t overlay -o "lowerdir=lower,upperdir=over/upper,workdir=over/work" none merged 2>/dev/null; then on merged; umount merged
else skip "overlayfs: a copy keeps what can be kept" "no overlayfs here"
fi
mkdir tmp && mount -t tmpfs none tmp
if setfattr -n user.note -v kept tmp 2>/dev/null; then on tmp
else
	ok "tmpfs: a copy is made" fill tmp/app --from source
	is "$(grep -c '1 user attributes could not be kept' err)" 1 "tmpfs: what cannot be held is one warning with a count"
	ok "tmpfs: --require-xattrs makes it an error" status 1 fill --require-xattrs tmp/app2 --from source
	ok "tmpfs: which names the file" grep -q "'f'" err
fi
if command -v mkfs.vfat >/dev/null && image vfat 16M mkfs.vfat; then
	ok "vfat: an ACL that cannot be kept is an error" status 1 fill vfat/app --from source
	umount vfat
else skip "vfat: an ACL that cannot be kept is an error" "mkfs.vfat or the kernel's vfat is absent"
fi
cd /; umount "$work/over" "$work/tmp"; finish
