#!/bin/sh
# SPDX-License-Identifier: ISC
# init.sh BASE SOURCE CONTROL-GROUP: makes a system of its own out of this one's files, and becomes its first process, systemd. Run in
# namespaces of its own by boot.sh. What it writes lies in memory below BASE, and ends with it; SOURCE is the source tree. No unit of
# this system is started, and it has no network but its loopback.
set -e
base=$1 source=$2 group=$3
# Its units are groups of processes below one of its own, of which it sees nothing above.
if [ -z "$4" ]; then
	mount --make-rprivate /
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkdir "/sys/fs/cgroup/$group"
	echo 0 >"/sys/fs/cgroup/$group/cgroup.procs"
	umount /sys/fs/cgroup
	exec unshare --cgroup "$0" "$base" "$source" "$group" grouped
fi
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
cd "$base/root"
# The kernel is everybody's: what sets something in it finds it read-only, as in any container, and does not begin.
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for directory in run dev tmp; do mount -t tmpfs -o mode=755 tmpfs $directory; done
chmod 1777 tmp
for device in null zero full random urandom tty; do
	touch dev/$device
	mount --bind /dev/$device dev/$device
done
ln -s /proc/self/fd dev/fd
# Units bind the log's socket, and nobody listens here.
touch dev/log
mkdir dev/shm dev/pts dev/mqueue srv/secretdir srv/source
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t mqueue mqueue dev/mqueue
ln -s pts/ptmx dev/ptmx
mount --rbind "$source" srv/source
# As installed, where units that see no home directory find it.
cp "$source/build/secretdir" srv/secretdir
cp -r "$source/build/libexec" srv/secretdir
ln -sf /srv/secretdir/secretdir usr/local/bin/secretdir
# None of this system's own units, nor of those that prepare a machine; those that the test puts there.
rm -rf etc/systemd/system usr/lib/systemd/system/*.target.wants
mkdir etc/systemd/system
printf '[Unit]\nDescription=Nothing\nDefaultDependencies=no\n' >etc/systemd/system/nothing.target
# No unit waits for a network here.
printf '[Unit]\nDescription=The network\n' >etc/systemd/system/network-online.target
ip link set lo up
mkdir host
pivot_root . host
umount -l host
# Credentials are mounted for units in a name space that only hands on what is shared.
mount --make-rshared /
exec env -i container=test PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=nothing.target \
	--log-target=null --show-status=0 </dev/null
