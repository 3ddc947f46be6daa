#!/bin/sh
# SPDX-License-Identifier: ISC
# export.sh DIRECTORY: copies the sources to DIRECTORY, which it makes: the files of the work tree that git does not ignore; of a tree
# without git everything but build/.
set -eu
mkdir "$1"
to=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
if [ -e .git ]; then
	git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard >"$to/.files"
	tar -c --null --files-from "$to/.files"
	rm "$to/.files"
else
	tar -c --exclude=./build .
fi | tar -x -C "$to"
