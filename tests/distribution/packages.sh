#!/bin/sh
# SPDX-License-Identifier: ISC
# make check-packages: the Debian packages are built twice, and installed, run, upgraded and removed in a fresh root of the release that
# SUITE names. CACHE has the root, and the packages that were fetched for it, for the next time.
. "$(dirname "$0")/../tap.sh"
suite=${SUITE:-bookworm} cache=${CACHE:-$here/build/cache}
version=$(sed -n 's/^VERSION = //p' "$here/Makefile")

# ---- Built ----

is "$(sed -n '1s/.*(\(.*\)-[^-]*).*/\1/p' "$here/packaging/debian/changelog")" "$version" "the changelog of the packages is of this version"
if ! command -v dh >/dev/null || ! command -v dpkg-buildpackage >/dev/null; then
	skip "the packages can be built" "debhelper or dpkg-dev is not installed"
	finish
fi
# The tests of the sources are not run: who builds a package here can run them without one.
ok "the packages can be built" env DEB_BUILD_OPTIONS='nocheck parallel=2' "$here/packaging/deb.sh" one
ok "and once more, elsewhere and later" env DEB_BUILD_OPTIONS='nocheck parallel=2' TMPDIR="$work" "$here/packaging/deb.sh" two
names() { (cd "$1" && ls ./*.deb); }
is "$(names one)" "$(names two)" "both give the same packages"
for package in one/*.deb; do ok "with the same bytes: ${package#*/}" cmp "$package" "two/${package#*/}"; done
if ! command -v lintian >/dev/null; then skip "lintian finds neither an error nor a warning" "lintian is not installed"
else ok "lintian finds neither an error nor a warning" lintian --allow-root --fail-on error,warning one/*.changes; fi
has_bind_now() { for program in "$@"; do readelf -d "$program" | grep -q 'FLAGS_1.*NOW' || { echo "$program"; return 1; }; done; }
for package in one/*.deb; do case $package in *-dbgsym_*) ;; *) dpkg-deb -x "$package" unpacked ;; esac; done
ok "every program is bound when it starts, and its tables are read-only then" has_bind_now unpacked/usr/bin/* unpacked/usr/libexec/atomicdir/* \
	unpacked/usr/lib/*/libatomicdir.so.0

# ---- In a fresh root ----

lacking=
[ "$(id -u)" = 0 ] || lacking="needs root"
[ -n "$lacking" ] || command -v debootstrap >/dev/null || lacking="debootstrap is not installed"
make_root() {
	mkdir -p "$cache/archives/partial" && debootstrap --variant=minbase "$suite" root &&
		printf '#!/bin/sh\nexit 101\n' >root/usr/sbin/policy-rc.d && chmod 755 root/usr/sbin/policy-rc.d &&
		inside apt-get update -q && tar -C root -cf "$cache/$suite.tar.new" . && mv "$cache/$suite.tar.new" "$cache/$suite.tar"
}
# mounted ROOT COMMAND...: in a mount namespace of its own, in which the root has what a system has.
mounted() {
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount --propagation private sh -ec 'cache=$1 root=$2; shift 2
		for directory in proc sys dev; do mount --rbind /$directory $root/$directory; done
		mount -t tmpfs tmpfs $root/run
		mount --bind "$cache/archives" $root/var/cache/apt/archives
		[ ! -e $root/packages ] || mount --bind packages $root/packages
		exec "$@"' sh "$cache" "$@"
}
# inside COMMAND...: in the root.
inside() {
	mounted root chroot root env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}
if [ -z "$lacking" ]; then
	mkdir root
	if [ -e "$cache/$suite.tar" ]; then tar -C root -xf "$cache/$suite.tar"
	else make_root >root.log 2>&1 || lacking="debootstrap cannot make a root: $(tail -n 1 root.log)"; fi
fi
if [ -n "$lacking" ]; then
	skip "the packages can be installed, run, upgraded and removed" "$lacking"
	finish
fi

# ---- As a distribution tests them ----

if ! command -v autopkgtest >/dev/null; then skip "autopkgtest finds nothing wrong with the packages" "autopkgtest is not installed"
else
	mkdir tested && tar -C tested -xf "$cache/$suite.tar"
	"$here/tools/export.sh" source && mv source/packaging/debian source/debian
	# shellcheck disable=SC2046 # words
	ok "autopkgtest finds nothing wrong with the packages" mounted tested autopkgtest --output-dir="$work/autopkgtest" \
		$(find "$work/one" -name '*.deb' ! -name '*-dbgsym_*') "$work/source/" -- chroot "$work/tested"
	rm -rf tested
fi

# ---- Installed, upgraded ----

# What an earlier release would be: the same files, with a lower version.
mkdir packages packages/new packages/old root/packages
for package in one/*.deb; do
	case $package in *-dbgsym_*) continue ;; esac
	cp "$package" packages/new
	name=${package##*/}
	dpkg-deb -R "$package" "${name%%_*}" && sed -i "s/$version-1/0.0.9-1/" "${name%%_*}/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "${name%%_*}" packages/old >/dev/null
done
mkdir packages/tests
cp "$here"/packaging/debian/tests/* "$here/tests/distribution/first-stores.sh" packages/tests
everything() { (cd root && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log -o -path ./packages \) -prune -o -print | sort); }
# As glob patterns, for the shell inside.
install_packages() { inside sh -c "apt-get install -y -q --no-install-recommends $*"; }
# What the packages need, so that what they leave themselves can be seen.
needed=$(for package in packages/new/*.deb; do dpkg-deb -f "$package" Depends; done | tr ',' '\n' | sed 's/^ *//; s/ .*//' | grep -v 'atomicdir\|secretdir' | sort -u | tr '\n' ' ')
ok "what they need can be had" install_packages "$needed" gcc libc6-dev pkg-config
everything >before

ok "an earlier version can be installed" install_packages /packages/old/secretdir_*.deb /packages/old/atomicdir_*.deb
inside mkdir /srv/stores
ok "(and there are stores of the first version)" inside sh -c 'cd /srv/stores && exec sh /packages/tests/first-stores.sh'
inside sh -c 'printf "LINK=/srv/stores/secrets\n" >/etc/secretdir/app.conf'
ok "it can be upgraded, with the library" install_packages '/packages/new/*.deb'
is "$(inside dpkg-query -W -f '${Package} ${Version}\n' '*atomicdir*' secretdir | sed 's/^\([^:]*\):[^ ]*/\1/')" \
	"$(printf '%s '"$version-1"'\n' atomicdir libatomicdir-dev libatomicdir0 secretdir)" "all four are installed"
is "$(cat root/etc/secretdir/app.conf)" LINK=/srv/stores/secrets "an administrator's file stays as it is"
ok "the programs work" inside sh /packages/tests/programs
ok "a program can be built and run" inside sh /packages/tests/library
is "$(inside sh -c 'ls /usr/share/man/man?/atomicdir* /usr/share/man/man?/secretdir* /usr/share/man/man?/libatomicdir*' | wc -l)" "$(ls "$here"/man | wc -l)" "the manuals are where man looks"
is "$(ls root/usr/lib/systemd/system | grep -c '^secretdir')" 3 "the units are where systemd looks"

# ---- Stores of the first version ----

stores() { inside sh -ec "cd /srv/stores; $*"; }
is "$(stores 'atomicdir list site' | cut -d ' ' -f 1 | tr -d '\n')" 321 "atomicdir lists a store of the first version"
ok "and goes back in it" stores 'atomicdir rollback site && grep -qx 2 site/page'
ok "and publishes in it" stores 'atomicdir fill site -- sh -c "echo 4 >page" && grep -qx 4 site/page'
printf '{"db":"{\\"user\\":\\"app\\"}"}' >root/srv/stores/secrets.json
for link in secrets older; do
	is "$(stores "secretdir sync --source file:secrets.json $link db/=db")" "unchanged 1" \
		"secretdir finds nothing changed in one: $link"
	ok "and takes its note over" stores "secretdir status $link"
done
printf '{"db":"{\\"user\\":\\"new\\"}"}' >root/srv/stores/secrets.json
is "$(stores 'secretdir sync --source file:secrets.json secrets db/=db >/dev/null; cat secrets/db/user')" new "and publishes in it"

# ---- Removed ----

ok "they can be removed" inside apt-get purge -y -q atomicdir secretdir libatomicdir0 libatomicdir-dev
ok "what was published is still there" test "$(cat root/srv/stores/site/page root/srv/stores/secrets/db/user)" = "4
new"
rm -rf root/srv/stores root/etc/secretdir root/tmp/tmp.*
everything >after
is "$(diff before after)" "" "and nothing of the packages"
finish
