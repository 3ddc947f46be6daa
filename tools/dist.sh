#!/bin/sh
# SPDX-License-Identifier: ISC
# dist.sh NAME DIRECTORY: makes NAME.tar.gz of the commit, or of a tree without git of what export.sh takes, and SHA256SUMS, in DIRECTORY.
# Two calls give the same bytes, and so does one in the unpacked tarball: times are those of epoch.sh.
set -eu
name=$1
mkdir -p "$2"
to=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
epoch=$(tools/epoch.sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/atomicdir-dist.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
if [ -e .git ]; then
	mkdir "$work/$name"
	git -c safe.directory="$PWD" archive HEAD | tar -x -C "$work/$name"
else tools/export.sh "$work/$name"; fi
rm -rf "$work/$name/build"
tar -C "$work" -c --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$epoch" "$name" |
	gzip -9n >"$to/$name.tar.gz"
cd "$to"
sha256sum "$name.tar.gz" >SHA256SUMS
echo "$to/$name.tar.gz"
