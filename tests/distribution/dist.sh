#!/bin/sh
# SPDX-License-Identifier: ISC
# make distcheck: the tarball is made twice, unpacked, built, tested in part, installed and uninstalled.
. "$(dirname "$0")/../tap.sh"
name=atomicdir-$(sed -n 's/^VERSION = //p' "$here/Makefile")
ok "make dist makes the tarball" make -s -C "$here" dist DIST="$work/one"
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$("$here/tools/epoch.sh")
ok "and once more" make -s -C "$here" dist DIST="$work/two"
ok "both have the same bytes" cmp "one/$name.tar.gz" "two/$name.tar.gz"
ok "SHA256SUMS tells them" sh -c 'cd one && sha256sum --check --quiet SHA256SUMS'
ok "with another SOURCE_DATE_EPOCH there are other times in it" env SOURCE_DATE_EPOCH=1700000000 make -s -C "$here" dist DIST="$work/three"
is "$(tar -tvzf "three/$name.tar.gz" --full-time --utc | awk '{ print $4, $5 }' | sort -u)" "2023-11-14 22:13:20" "that one alone"
unset SOURCE_DATE_EPOCH
tar -xzf "one/$name.tar.gz"
in_tree() { make -s -C "$work/$name" "$@"; }
everything() { (cd "$name" && find . -path ./build -prune -o ! -name '*.pyc' ! -name __pycache__ -print | sort); }
ok "a tarball can be made of what it holds" in_tree dist DIST="$work/four"
is "$(cat four/SHA256SUMS)" "$(cat one/SHA256SUMS)" "and the same checksum"
before=$(everything)
ok "it builds without a warning" in_tree -j2 WERROR=1 PREFIX=/usr all
ok "a share of its tests passes" in_tree -j2 check PREFIX=/usr WERROR=1 TESTS="library/ unit/ cli command abi header languages"
ok "it installs to DESTDIR" in_tree PREFIX=/usr WERROR=1 install DESTDIR="$work/root"
ok "what is installed runs" "$work/root/usr/bin/atomicdir" fill "$work/link" --from "$name/examples"
ok "it uninstalls" in_tree PREFIX=/usr WERROR=1 uninstall DESTDIR="$work/root"
is "$(find "$work/root" ! -type d)" "" "and leaves no file"
ok "make clean removes what was built" in_tree clean
is "$(cd "$name" && find . ! -name '*.pyc' ! -name __pycache__ | sort)" "$before" "and nothing that was built stays in the tree"
finish
