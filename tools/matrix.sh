#!/bin/sh
# SPDX-License-Identifier: ISC
# matrix.sh [ROW...]: runs the tests in each surrounding that CONTRIBUTING demands, in copies of the tree, and prints a table. TESTS
# chooses tests as it does for `make check`. Logs are in build/matrix. Exits with 1 where a row failed.
#
#   gcc, clang     warnings are errors; as root
#   sanitizers     the address and undefined behaviour sanitizers; as root
#   user           gcc, as an ordinary user
#   debian12, debian13    ./check on a fresh minimal system, made by debootstrap from the distribution's mirror; as root
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL
logs=$(pwd)/build/matrix failed=0 rows=$*
uid=$(id -u) nobody=65534
mkdir -p "$logs"
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-matrix.XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

copy_tree() { mkdir "$1" && tar -c --exclude=./build --exclude=./.git . | tar -x -C "$1"; }
# check NAME VARIABLE...: make check in a copy.
check() { copy_tree "$work/$1" && cd "$work/$1" && shift && make -j2 check TESTS="${TESTS-%}" "$@"; }
check_as_user() {
	[ "$uid" = 0 ] || { check user CC=gcc WERROR=1; return; }
	copy_tree "$work/user" && mkdir "$work/tmp" && chown -R $nobody:$nobody "$work/user" "$work/tmp" && cd "$work/user" &&
		setpriv --reuid $nobody --regid $nobody --clear-groups env HOME="$work/tmp" TMPDIR="$work/tmp" \
			make -j2 check TESTS="${TESTS-%}" CC=gcc WERROR=1
}
# What is mounted below the new root is in a mount namespace that ends with ./check. The root is exchanged and not only changed, since
# after a chroot(2) no other namespaces could be made inside. No package starts a service there.
check_on_debian() {
	root=$work/$1
	debootstrap --variant=minbase "$2" "$root" && copy_tree "$root/src" || return
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d" || return
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -ec '
		mount --bind "$1" "$1"
		for directory in proc sys dev; do mount --rbind /$directory "$1/$directory"; done
		mount -t tmpfs tmpfs "$1/run"
		cd "$1"
		pivot_root . mnt
		umount -l mnt
		exec chroot . env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
			${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
			/src/check WERROR=1 TESTS="$2"' sh "$root" "${TESTS-%}"
}

needs_root() { [ "$uid" = 0 ] || echo "needs root"; }
needs_command() { command -v "$1" >/dev/null 2>&1 || echo "$1 is not installed"; }
# What prove says of all tests, and how many claims could not be tried.
summary() {
	grep -q '^Files=' "$1" || { echo "no test was run: see the log"; return; }
	sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\), .*/\1 tests, \2 claims/p' "$1" | tail -n 1
	skipped=$(grep -c '^ok .*# SKIP' "$1")
	[ "$skipped" = 0 ] || echo ", $skipped skipped"
}
# row NAME WHY-NOT COMMAND...: a line of the table.
row() {
	name=$1 why=$2; shift 2
	case " $rows " in *" $name "* | "  ") ;; *) return ;; esac
	if [ -n "$why" ]; then printf '%-12s not run   %s\n' "$name" "$why" >>"$work/table"; return; fi
	echo "$name: build/matrix/$name.log"
	began=$(date +%s) verdict=passed
	("$@") >"$logs/$name.log" 2>&1 || { verdict=FAILED failed=1; }
	printf '%-12s %-9s %4d s  %s\n' "$name" $verdict $(($(date +%s) - began)) "$(summary "$logs/$name.log" | tr -d '\n')" >>"$work/table"
	grep '^[^ ]*\(tests\|fuzz\|unit\)/.*(Wstat:' "$logs/$name.log" | sed 's/ *(Wstat.*//; s/^/             failed: /' >>"$work/table"
}

: >"$work/table"
row gcc "$(needs_root)$(needs_command gcc)" check gcc CC=gcc WERROR=1
row clang "$(needs_root)$(needs_command clang)" check clang CC=clang WERROR=1
row sanitizers "$(needs_root)" check sanitizers SAN=address,undefined
row user "$([ "$uid" != 0 ] || needs_command setpriv)" check_as_user
row debian12 "$(needs_root)$(needs_command debootstrap)" check_on_debian debian12 bookworm
row debian13 "$(needs_root)$(needs_command debootstrap)" check_on_debian debian13 trixie
echo
cat "$work/table"
exit $failed
