#!/bin/sh
# SPDX-License-Identifier: ISC
# deb.sh DIRECTORY: builds the Debian packages of packaging/debian in a copy of the tree, and puts them into DIRECTORY. The time in them
# is SOURCE_DATE_EPOCH, else that of the changelog, so that two builds give the same bytes.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS
command -v dpkg-buildpackage >/dev/null && command -v dh >/dev/null ||
	{ echo "make deb: needs build-essential and debhelper (apt-get install build-essential debhelper)" >&2; exit 1; }
mkdir -p "$1"
to=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
"$(dirname "$0")/../tools/export.sh" "$work/atomicdir"
cd "$work/atomicdir"
cp -R packaging/debian debian
dpkg-buildpackage -us -uc -b
rm -f "$to"/*.deb "$to"/*.buildinfo "$to"/*.changes
mv ../*.deb ../*.buildinfo ../*.changes "$to"
