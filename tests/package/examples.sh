#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples of the manuals, as they stand there: each manual's in their order, in a directory of their own. What belongs to another
# machine, or to a service manager, is a program here that does the same in this directory, or writes down what it was asked.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"

mkdir bin
printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >bin/ssh
printf '#!/bin/sh\necho "$@" >>"%s/systemctl.log"\n' "$work" >bin/systemctl
printf '#!/bin/sh\ncat "$1/tls.crt" "$1/tls.key"\n' >bin/app
chmod +x bin/*
PATH=$work/bin:$here/build:$PATH RSYNC_RSH=ssh XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm)
export PATH RSYNC_RSH XDG_RUNTIME_DIR
trap 'cd /; stop_server; chmod -R u+rwx "$work" "$XDG_RUNTIME_DIR" 2>/dev/null; rm -rf "$work" "$XDG_RUNTIME_DIR"' EXIT

# blocks PAGE: its examples go to blocks/PAGE, and what they make to run/PAGE, which is then the working directory.
blocks() {
	mkdir -p "$work/blocks/$1" "$work/run/$1"
	python3 "$here/tests/package/blocks.py" "$here/man/$1" "$work/blocks/$1"
	cd "$work/run/$1" || exit 1
}
all_of() { cat "$work/blocks/$1"/*.sh; }
program() { ${CC:-cc} ${SAN:+-fsanitize=$SAN} -I"$here/include" -o "$1" "$2" "$here/build/libatomicdir.a"; }

blocks atomicdir.1
ok "the examples of atomicdir(1) run one after the other" sh -ec "$(all_of atomicdir.1)"
is "$(cat out | sed -n 's/^generation \(.*\) is live/\1/p')" "$("$atomicdir" show site | sed 's/.*\/0*//')" "and the last of them sees the live generation"
is "$(cat site/index.html)" two "what was sent last is live"
is "$(cat "$work/systemctl.log")" "reload nginx" "and the server was told once"

blocks atomicdir-layouts.7
ok "the examples of atomicdir-layouts(7) run" sh -ec "mkdir conf; echo one >conf/app.conf; $(all_of atomicdir-layouts.7)"
is "$(readlink live/app.conf) $(cat live/app.conf)" "..data/app.conf one" "and the symlink is a volume then"
blocks atomicdir-store.5
ok "the examples of atomicdir-store(5) run" sh -ec "$(all_of atomicdir-store.5)"
is "$(tail -n 2 out)" "unchanged
$(cd conf && sha256sum ./file)" "what is served is what was published"

start_server
control put prod/tls --string '{"cert": "a certificate", "key": "a key"}' >/dev/null
blocks secretdir.1
ok "the examples of secretdir(1) run" sh -ec "$(all_of secretdir.1)"
is "$(tail -n 1 out)" "a certificatea key" "and the application reads its pair"
blocks secretdir-spec.5
ok "the examples of secretdir-spec(5) run" sh -ec "$(all_of secretdir-spec.5)"
is "$(tail -n 1 out)" ta "and their files hold what the spec names"

blocks secretdir-fetcher.7
mkdir -p own/libexec/atomicdir; cp "$here/build/secretdir" own; cp "$work/blocks/secretdir-fetcher.7/01.sh" own/libexec/atomicdir/fetch-lines
chmod +x own/libexec/atomicdir/fetch-lines; printf 'a=1\nb=x=y\n' >lines
ok "the fetcher of secretdir-fetcher(7) fetches" own/secretdir sync --source lines:lines app b sub/a=a
is "$(cat app/b app/sub/a)" x=y1 "each entry's value"
ok "what it does not have is status 10" status 10 own/secretdir sync --source lines:lines app c
is "$(cat err)" "secretdir: c: no such line in lines; nothing was published, 'app' is unchanged" "and secretdir says what it said"
ok "what it cannot do is status 2" status 2 own/secretdir sync --source lines:lines app a:key

blocks libatomicdir.3
ok "the programs of libatomicdir(3) compile" program publish "$work/blocks/libatomicdir.3/01.c"
ok "the reader too" program follow "$work/blocks/libatomicdir.3/02.c"
ok "the first publishes" ./publish
is "$(cat db/user db/password)" appsecret "both files"
ok "and the reader sees it" sh -c './follow | grep -x "generation 1"'
finish
