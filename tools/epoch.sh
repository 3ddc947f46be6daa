#!/bin/sh
# SPDX-License-Identifier: ISC
# epoch.sh: the time that whatever is released has, in seconds since 1970: SOURCE_DATE_EPOCH, else that of the commit, else, where there
# is no git, that of the tarball's files.
cd "$(dirname "$0")/.." || exit
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then echo "$SOURCE_DATE_EPOCH"
elif [ -e .git ]; then git -c safe.directory="$PWD" log -1 --format=%ct
else stat -c %Y NEWS.md; fi
