#!/bin/sh
# SPDX-License-Identifier: ISC
# What was rolled back from is held back: by --rollback-on-failure or by hand, for sync and for watch, until something else is wanted.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
umask 022

put() { control put "$@" >/dev/null; }
sync() { "$secretdir" sync -q "$@" 2>said; }
within() { for try in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; "$@"; }
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
says() { grep -qF -- "$1" said; }

start_server
put a --string one; put b --string one
sync app a b; put a --string two
ok "a change whose hook fails is undone" status 4 sync app a b --on-change false --rollback-on-failure
ok "the next sync does not publish it again" status 4 sync app a b --on-change true --rollback-on-failure
ok "and says what it holds back, and how to publish it" says "these versions were rolled back from, and are held back until one of them changes; sync --retry publishes them all the same; nothing was published, 'app' is unchanged"
ok "readers have the version before" has app/a one
ok "with --retry it is published" sync app a b --retry --on-change true
ok "so that readers have it" has app/a two
ok "and nothing is held back then" sync app a b
put a --string three; sync app a b --keep 1
ok "a rollback by hand holds back as well" sh -c "'$atomicdir' rollback app >/dev/null; '$secretdir' sync -q app a b 2>/dev/null; [ \$? = 4 ] && grep -qx two app/a"
put b --string two
ok "a version that moves lifts it" sync app a b
ok "for all that is wanted" has app/a three
"$atomicdir" rollback app >/dev/null 2>&1; put a --string four; sync app a b --keep 1; "$atomicdir" rollback app >/dev/null
ok "other entries lift it" sync app a
put a --string five; sync app a --keep 1; "$atomicdir" rollback app >/dev/null
"$secretdir" watch --interval 1s app a >said 2>&1 & watcher=$!
ok "watch holds it back too" within says "are held back until one of them changes"
ok "and status says so" within sh -c "'$secretdir' status app | grep -q '^error: these versions were rolled back from'"
ok "readers keep what is live" has app/a four
kill -HUP $watcher
ok "SIGHUP lifts it" within has app/a five
kill $watcher; wait $watcher
put a --string six; "$secretdir" sync -q --keep 1 app a
"$atomicdir" rollback app >/dev/null
"$atomicdir" fill app -- sh -c 'echo mine >a' >/dev/null
ok "so does a fill by hand" sync app a
ok "and what was held back is published" has app/a six
finish
