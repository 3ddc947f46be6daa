#!/bin/sh
# SPDX-License-Identifier: ISC
# --link-unchanged: unchanged files are hard links to the live generation's, and nothing else is.
. "$(dirname "$0")/../tap.sh"

fill() { "$atomicdir" fill -q --grace 0s --link-unchanged "$@" >/dev/null; }
inode() { stat -c %i "$1"; }
live() { readlink site | sed 's,.*/,,'; }
make() { rm -rf d; mkdir -p d/sub; echo a >d/a; echo b >d/sub/b; echo "$1" >d/c; ln -s a d/l; chmod 0500 d/sub; }

make 1; fill site --from d; first=.site.atomicdir/000001
chmod 0700 d/sub; make 2; fill site --from d
is "$(inode site/a) $(inode site/sub/b)" "$(inode $first/a) $(inode $first/sub/b)" "unchanged files are hard links to those of the generation before"
ok "a changed file is not" [ "$(inode site/c)" != "$(inode $first/c)" ]
is "$(cat site/c $first/c | tr '\n' ' ')" "2 1 " "the generation before keeps what was changed"
is "$(stat -c %a site/sub)" 500 "a directory without its write bit keeps its mode"
is "$(find site/ -name '..atomicdir*')" "" "no temporary name is left"

before=$(stat -c %z site/a); fill site --from d
is "$(live) $(stat -c %z site/a)" "000002 $before" "unchanged, the live files are not touched"

fill --file-mode 0600 site --from d
is "$(stat -c %a site/a) $(stat -c %a .site.atomicdir/000002/a)" "600 644" "a file whose mode changes is a copy, and the older one keeps its mode"

fill site --edit -- sh -c 'rm c; echo 3 >c'
ok "--edit links what COMMAND leaves alone" [ "$(inode site/a)" = "$(inode .site.atomicdir/000003/a)" ]
is "$(cat site/c .site.atomicdir/000003/c | tr '\n' ' ')" "3 2 " "and what COMMAND replaces is new"
fill site -- sh -c 'cp -r "$0"/d/. .; chmod 0600 a c; echo 4 >c; chmod 0600 sub/b' "$PWD"
ok "what COMMAND writes anew with the same bytes is linked too" [ "$(inode site/a)" = "$(inode .site.atomicdir/000004/a)" ]
"$atomicdir" fill -q --grace 0s site --edit -- sh -c 'echo 5 >c'
ok "without the option nothing is" [ "$(inode site/a)" != "$(inode .site.atomicdir/000005/a)" ]
chmod -R u+w d
finish
