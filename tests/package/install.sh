#!/bin/sh
# SPDX-License-Identifier: ISC
# make install and make uninstall, in a build of this test's own; make help.
. "$(dirname "$0")/../tap.sh"

# Not optimised, since nothing but its place is looked at.
in_build() { make -s -C "$here" B="$work/build" "$@"; }
files() { (cd root && find . ! -type d | sort); }
wanted_files() {
	cat <<'END'
./usr/bin/atomicdir
./usr/bin/secretdir
./usr/include/atomicdir.h
./usr/lib64/libatomicdir.a
./usr/lib64/libatomicdir.so
./usr/lib64/libatomicdir.so.0
./usr/lib64/libatomicdir.so.0.1.0
./usr/lib64/pkgconfig/atomicdir.pc
./usr/share/bash-completion/completions/atomicdir
./usr/share/bash-completion/completions/secretdir
./usr/share/fish/vendor_completions.d/atomicdir.fish
./usr/share/fish/vendor_completions.d/secretdir.fish
./usr/share/zsh/site-functions/_atomicdir
./usr/share/zsh/site-functions/_secretdir
END
	for program in "$here"/build/libexec/atomicdir/*; do echo "./usr/libexec/atomicdir/${program##*/}"; done
	for page in "$here"/man/*; do echo "./usr/man/man${page##*.}/${page##*/}"; done
}

targets() { sed -n 's/^\.PHONY: //p' "$here/Makefile" "$here"/*/*.mk "$here"/tests/*/*.mk | tr ' ' '\n' | grep -vx 'FORCE\|power' | sort; }
is "$(make -s -C "$here" help | sed -n 's/^    \([a-z-]*\) .*/\1/p' | sort)" "$(targets)" "make help has a line for each target"
ok "make builds for the directories that it is told" in_build CFLAGS='-O0 -w' PREFIX=/usr LIBDIR=/usr/lib64 MANDIR=/usr/man all
touch built; sleep 0.01
ok "make install needs no directory but DESTDIR then" in_build install DESTDIR="$work/root"
is "$(find build -newer built -type f)" "" "and builds nothing anew"
is "$(files)" "$(wanted_files | sort)" "it installs the commands, their helpers, the library, the manuals and the completions, and nothing else"
ok "the command runs where it was put" root/usr/bin/atomicdir --version
ok "secretdir looks for its helpers where they were put" grep -q /usr/libexec root/usr/bin/secretdir
is "$(sed -n 's/^Libs: //p' root/usr/lib64/pkgconfig/atomicdir.pc)" "-L/usr/lib64 -latomicdir" "pkg-config tells where the library was put"
ok "make uninstall removes it" in_build uninstall DESTDIR="$work/root"
is "$(files)" "" "and leaves no file"
ok "make install with another PREFIX installs there" in_build install PREFIX=/opt/x DESTDIR="$work/other"
ok "and secretdir looks for its helpers there" grep -q /opt/x/libexec other/opt/x/bin/secretdir
finish
