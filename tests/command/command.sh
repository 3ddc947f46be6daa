#!/bin/sh
# SPDX-License-Identifier: ISC
# The command line: what it publishes, what it says, and its exit statuses.
. "$(dirname "$0")/../tap.sh"

fill() { "$atomicdir" fill "$@"; }
one_line() { [ "$(wc -l <"$1")" = 1 ] || { cat "$1"; return 1; }; }

ok "COMMAND fills the fresh directory, and it is published" fill app -- sh -c 'echo 1 >f; mkdir d; echo 2 >d/g'
is "$(readlink app)" .app.atomicdir/000001 "through a relative link"
ok "the same again says unchanged" sh -c "'$atomicdir' fill app -- sh -c 'echo 1 >f; mkdir d; echo 2 >d/g' 2>&1 | grep -qx 'unchanged 1'"
is "$("$atomicdir" show app)" "$work/.app.atomicdir/000001" "show prints the live one's path"
ok "a failing COMMAND publishes nothing, status 1" status 1 fill app -- sh -c 'echo 3 >f; exit 9'
fill app -- sh -c "exit 9" 2>said
ok "in one line" one_line said
is "$(cat app/f)" 1 "and LINK is as it was"
ok "no such COMMAND, status 1" status 1 fill app -- ./none
ok "no COMMAND is a usage error, status 2" status 2 fill app
ok "an unknown option, status 2" status 2 fill --nonsense app -- true
ok "a bad duration, status 2" status 2 fill --grace 5 app -- true
ok "0 is a duration" fill --grace 0 zero -- true
ok "a bad mode, status 2" status 2 fill --file-mode 0888 app -- true
ok "a bad LINK, status 2" status 2 fill .. -- true
ok "an unknown command, status 2" status 2 "$atomicdir" nonsense
ok "help ends with 0" "$atomicdir" help
ok "and fits 80 columns" sh -c "! '$atomicdir' help | grep -q '.\{81\}'"
ok "a missing parent is an error" status 1 fill none/app -- true
ok "one in which nothing can be made is named" sh -c "'$atomicdir' fill /proc/app -- true 2>&1 | grep -q 'cannot make the store .\.app\.atomicdir. in ./proc.: '"
ok "--edit starts from what is live" fill --edit app -- sh -c 'echo more >h'
is "$(cat app/f app/h | tr '\n' ' ')" "1 more " "so what is not touched stays"
ok "--if-generation that does not hold, status 7" status 7 fill --if-generation 99 app -- true
ok "--check that says no, status 4" status 4 fill --check 'test -e wanted' app -- touch other
is "$(cat app/h)" more "and LINK is as it was then"
ok "--on-change runs with what it needs" fill --on-change 'echo "$ATOMICDIR_GENERATION $(cat "$ATOMICDIR_NEW/n") $(cat "$ATOMICDIR_OLD/h")" >'"$work/hooked" app -- sh -c 'echo new >n'
is "$(cut -d' ' -f2- hooked)" "new more" "so it was told"
ok "a hook that fails, status 3" status 3 fill --on-change false app -- sh -c 'echo newer >n'
ok "and is run again by the next call, though unchanged" fill --on-change "touch '$work/again'" app -- sh -c 'echo newer >n'
ok "so it ran" test -e again
rm -f again
ok "but only once" fill --on-change "touch '$work/again'" app -- sh -c 'echo newer >n'
ok "so it did not run" test ! -e again
ok "a hook's time is limited" status 3 fill --hook-timeout 100ms --on-change 'sleep 60' app -- sh -c 'echo slow >n'
ok "no AWS_ variable reaches a hook" env AWS_SECRET_ACCESS_KEY=canary "$atomicdir" fill --on-change '! env | grep -q ^AWS_' app -- sh -c 'echo env >n'
ok "rollback --check looks at what would be live, status 4" status 4 "$atomicdir" rollback --check 'grep -q env n' app
ok "rollback leads back" "$atomicdir" rollback app
is "$(cat app/n)" newer "over what never ended well, to the newest good one before"
ok "a generation that is not there, status 7" status 7 "$atomicdir" rollback app 12345
ok "list prints JSON" sh -c "'$atomicdir' list --json app | python3 -m json.tool"
ok "a fill prints JSON, and COMMAND's output goes elsewhere" sh -c "'$atomicdir' fill --json app -- sh -c 'echo noise; echo j >n' | python3 -m json.tool"
mkdir src; echo s >src/s; chmod 640 src/s; ln -s s src/l; touch -d 2020-01-01 src/s
ok "--from publishes a copy" fill --from src app
is "$(stat -c '%a %Y' app/s) $(readlink app/l)" "640 $(date -d 2020-01-01 +%s) s" "with modes, links and times"
ln -s /etc/hostname src/h
ok "--dereference follows links" fill --from src --dereference app
ok "so they are files" test -f app/l -a ! -L app/l
ok "a directory that holds LINK's own store is refused, status 2" status 2 fill --from . app
ok "--owner and --file-mode are of all that is published" fill --file-mode 0600 --dir-mode 0700 app -- sh -c 'mkdir x; echo y >x/y'
is "$(stat -c %a app/. app/x app/x/y | tr '\n' ' ')" "700 700 600 " "exactly"
is "$("$atomicdir" exec app -- cat x/y)" y "exec runs in the live generation"
ok "and has COMMAND's status" status 9 "$atomicdir" exec app -- sh -c 'exit 9'
ok "127 where there is none" status 127 "$atomicdir" exec app -- ./none
ok "125 where nothing is published" status 125 "$atomicdir" exec nothing -- true
ok "prune removes old ones now" "$atomicdir" prune --keep 0 app
is "$("$atomicdir" list app | wc -l)" 1 "so one is left"
mkdir real; echo r >real/r
ok "a real directory is refused, status 1" status 1 fill real -- true
ok "adopt makes it ours" "$atomicdir" adopt real
is "$(cat real/r)" r "with what is in it"
ok "a second writer may not wait, status 5" sh -c "'$atomicdir' fill busy -- sh -c '\"$atomicdir\" fill --no-wait $work/busy -- true; test \$? = 5'"
ok "names with spaces, newlines and stars are names" fill 'a *
b' -- touch x
long=$(printf '%0255d' 7)
ok "a name of 255 bytes is a name" fill "$long" -- touch x
ok "a push through a pipe is published" sh -c "tar -C src -c . | '$atomicdir' fill pushed -- tar -x"
head -c 100000 /dev/zero >src/big
ok "a pipe cut in the middle publishes nothing" sh -c "tar -C src -c . | head -c 20000 | '$atomicdir' fill pushed -- tar -x; test \$? = 1 && test -L pushed/l"
"$atomicdir" fill killed -- sh -c 'echo started >&2; exec sleep 60' 2>started & pid=$!
while ! grep -q started started; do sleep 0.05; done
kill -TERM $pid; wait $pid; code=$?
is "$code $(ls .killed.atomicdir)" "1 lock" "SIGTERM ends COMMAND, removes the stage, status 1"
finish
