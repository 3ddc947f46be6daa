#!/bin/sh
# SPDX-License-Identifier: ISC
# The command line: what it publishes, what it says, and its exit statuses.
. "$(dirname "$0")/../tap.sh"

fill() { "$atomicdir" fill "$@"; }
one_line() { [ "$(wc -l <"$1")" = 1 ] || { cat "$1"; return 1; }; }

ok "what COMMAND writes into the stage is published" fill app -- sh -c 'echo 1 >f; mkdir d; echo 2 >d/g'
is "$(readlink app)" .app.atomicdir/000001 "LINK is a relative symlink into the store"
ok "a second fill with the same content says unchanged" sh -c "'$atomicdir' fill app -- sh -c 'echo 1 >f; mkdir d; echo 2 >d/g' 2>&1 | grep -qx 'unchanged 1'"
is "$("$atomicdir" show app)" "$work/.app.atomicdir/000001" "show prints the live generation's path"
ok "a fill whose COMMAND fails ends with status 1" status 1 fill app -- sh -c 'echo 3 >f; exit 9'
fill app -- sh -c "exit 9" 2>said
ok "the error is one line" one_line said
is "$(cat app/f)" 1 "LINK is unchanged after a COMMAND that failed"
ok "a COMMAND that does not exist ends with status 1" status 1 fill app -- ./none
ok "fill without COMMAND is a usage error, status 2" status 2 fill app
ok "an unknown option is a usage error, status 2" status 2 fill --nonsense app -- true
ok "a duration without a unit is a usage error, status 2" status 2 fill --grace 5 app -- true
ok "0 is a duration, without a unit too" fill --grace 0 zero -- true
ok "a mode that is not octal is a usage error, status 2" status 2 fill --file-mode 0888 app -- true
ok "a LINK that ends in '..' is a usage error, status 2" status 2 fill .. -- true
ok "an unknown command is a usage error, status 2" status 2 "$atomicdir" nonsense
ok "help ends with status 0" "$atomicdir" help
ok "help fits 80 columns" sh -c "! '$atomicdir' help | grep -q '.\{81\}'"
ok "a LINK whose directory does not exist is an error" status 1 fill none/app -- true
ok "the error names a directory in which no store can be made" sh -c "'$atomicdir' fill /proc/app -- true 2>&1 | grep -q 'cannot make the store ./proc/\.app\.atomicdir.: '"
ok "--edit starts from the live generation" fill --edit app -- sh -c 'echo more >h'
is "$(cat app/f app/h | tr '\n' ' ')" "1 more " "--edit keeps what COMMAND does not change"
ok "--if-generation with another number than the live one's ends with status 7" status 7 fill --if-generation 99 app -- true
ok "a --check that fails ends with status 4" status 4 fill --check 'test -e wanted' app -- touch other
is "$(cat app/h)" more "LINK is unchanged after a check that failed"
ok "a fill with --on-change succeeds" fill --on-change 'echo "$ATOMICDIR_GENERATION $(cat "$ATOMICDIR_NEW/n") $(cat "$ATOMICDIR_OLD/h")" >'"$work/hooked" app -- sh -c 'echo new >n'
is "$(cut -d' ' -f2- hooked)" "new more" "the hook gets the old and the new generation's paths"
ok "a hook that fails ends with status 3" status 3 fill --on-change false app -- sh -c 'echo newer >n'
ok "the next fill succeeds, although it is unchanged" fill --on-change "touch '$work/again'" app -- sh -c 'echo newer >n'
ok "a failed hook is run again by the next fill, although that is unchanged" test -e again
rm -f again
ok "a third fill is unchanged" fill --on-change "touch '$work/again'" app -- sh -c 'echo newer >n'
ok "a hook that succeeded is not run again by an unchanged fill" test ! -e again
ok "a hook that exceeds --hook-timeout ends with status 3" status 3 fill --hook-timeout 100ms --on-change 'sleep 60' app -- sh -c 'echo slow >n'
ok "no AWS_ variable reaches a hook" env AWS_SECRET_ACCESS_KEY=canary "$atomicdir" fill --on-change '! env | grep -q ^AWS_' app -- sh -c 'echo env >n'
ok "rollback --check runs in the generation that would become live; status 4 if it fails" status 4 "$atomicdir" rollback --check 'grep -q env n' app
ok "rollback without a number succeeds" "$atomicdir" rollback app
is "$(cat app/n)" newer "it skips generations whose hook never succeeded, and publishes the newest good one"
ok "rollback to a number that does not exist ends with status 7" status 7 "$atomicdir" rollback app 12345
ok "list --json prints valid JSON" sh -c "'$atomicdir' list --json app | python3 -m json.tool"
ok "fill --json prints nothing but JSON on standard output, although COMMAND prints too" sh -c "'$atomicdir' fill --json app -- sh -c 'echo noise; echo j >n' | python3 -m json.tool"
mkdir src; echo s >src/s; chmod 640 src/s; ln -s s src/l; touch -d 2020-01-01 src/s
ok "--from publishes a copy of a directory" fill --from src app
is "$(stat -c '%a %Y' app/s) $(readlink app/l)" "640 $(date -d 2020-01-01 +%s) s" "the copy has the original's modes, symlinks and times"
ln -s /etc/hostname src/h
ok "fill with --dereference succeeds" fill --from src --dereference app
ok "--dereference publishes files in place of symlinks to them" test -f app/l -a ! -L app/l
ok "a directory that holds LINK's own store is refused, status 2" status 2 fill --from . app
ok "fill with --file-mode and --dir-mode succeeds" fill --file-mode 0600 --dir-mode 0700 app -- sh -c 'mkdir x; echo y >x/y'
is "$(stat -c %a app/. app/x app/x/y | tr '\n' ' ')" "700 700 600 " "all that is published has exactly these modes"
is "$("$atomicdir" exec app -- cat x/y)" y "exec runs in the live generation"
ok "exec ends with COMMAND's status" status 9 "$atomicdir" exec app -- sh -c 'exit 9'
ok "exec ends with status 127 where COMMAND does not exist" status 127 "$atomicdir" exec app -- ./none
ok "exec ends with status 125 where nothing is live" status 125 "$atomicdir" exec nothing -- true
ok "prune --keep 0 succeeds" "$atomicdir" prune --keep 0 app
is "$("$atomicdir" list app | wc -l)" 1 "prune --keep 0 leaves only the live generation"
mkdir real; echo r >real/r
ok "fill refuses a real directory at LINK, with status 1" status 1 fill real -- true
ok "adopt takes a real directory over" "$atomicdir" adopt real
is "$(cat real/r)" r "an adopted directory has its content"
ok "fill --no-wait ends with status 5 while another writer has the lock" sh -c "'$atomicdir' fill busy -- sh -c '\"$atomicdir\" fill --no-wait $work/busy -- true; test \$? = 5'"
ok "a LINK may have spaces, newlines and stars in its name" fill 'a *
b' -- touch x
long=$(printf '%0255d' 7)
ok "a LINK may have a name of 255 bytes" fill "$long" -- touch x
ok "a push through a pipe is published" sh -c "tar -C src -c . | '$atomicdir' fill pushed -- tar -x"
head -c 100000 /dev/zero >src/big
ok "a pipe cut in the middle publishes nothing" sh -c "tar -C src -c . | head -c 20000 | '$atomicdir' fill pushed -- tar -x; test \$? = 1 && test -L pushed/l"
"$atomicdir" fill killed -- sh -c 'echo started >&2; exec sleep 60' 2>started & pid=$!
while ! grep -q started started; do sleep 0.05; done
kill -TERM $pid; wait $pid; code=$?
is "$code $(ls .killed.atomicdir)" "1 lock" "SIGTERM ends COMMAND, removes the stage, status 1"
finish
