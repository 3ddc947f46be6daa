#!/bin/sh
# SPDX-License-Identifier: ISC
# The command line's edges: malformed options, hostile surroundings, signals, hooks, what COMMAND inherits, cut pipes.
. "$(dirname "$0")/../tap.sh"

fill() { "$atomicdir" fill "$@"; }
# refused STATUS COMMAND...: this status, one line on standard error, none on standard output, and nothing made in an empty directory.
refused() {
	wanted=$1; shift; rm -rf empty; mkdir empty
	(cd empty && "$@" >../said 2>../complained); got=$?
	[ "$got" = "$wanted" ] && [ ! -s said ] && [ "$(wc -l <complained)" = 1 ] && [ -z "$(ls -A empty)" ] ||
		{ echo "status $got, not $wanted"; cat said complained; ls -A empty; return 1; }
}
# started FILE: waits until it is there.
started() { n=0; while [ ! -e "$1" ]; do sleep 0.02; n=$((n + 1)); [ $n -lt 500 ] || return 1; done; }
limited() { timeout -s KILL 20 "$@"; }

# Malformed command lines.
for bad in '--keep x' '--keep -1' '--keep 1.5' '--keep 99999999999999999999' '--keep=' '--grace 5' '--grace s' '--grace -1s' '--grace 1w' \
	'--grace 99999999999999999d' '--file-mode 8' '--file-mode rw' '--file-mode 17777' '--file-mode 0' '--dir-mode -1' '--owner :' \
	'--owner no-such-user' '--owner root:no-such-group' '--owner 4294967295' '--owner 987654:' '--sync maybe' '--wait soon' \
	'--if-generation one' '--if-generation -2' '--hook-timeout 1' '--json=1' '--no-wait=1' '--edit=yes' '--nonsense' '-x' '-qq' \
	'--layout links' '--layout volume --visible-store' '--layout files --visible-store' '--layout files --keep 1' '--signal HUP' '--from=x --edit' '--dereference'; do
	ok "fill $bad is refused" refused 2 "$atomicdir" fill $bad app -- true
done
ok "an empty --check is refused" refused 2 "$atomicdir" fill --check '' app -- true
ok "an empty --from is refused" refused 2 "$atomicdir" fill --from '' app
ok "an option without its value is refused" refused 2 "$atomicdir" fill app --keep
ok "a value is not taken from behind --" refused 2 "$atomicdir" fill app --on-change= -- true
ok "two LINKs are refused" refused 2 "$atomicdir" fill a b -- true
ok "fill without COMMAND or --from is refused" refused 2 "$atomicdir" fill app
ok "fill with both COMMAND and --from is refused" refused 2 "$atomicdir" fill app --from / -- true
ok "an empty COMMAND is refused" refused 2 "$atomicdir" fill app --
for command in list show prune adopt diff rollback; do
	ok "$command without LINK is refused" refused 2 "$atomicdir" $command
	ok "$command with a COMMAND is refused" refused 2 "$atomicdir" $command app -- true
done
for link in '' . .. / ./ a/.. a/.; do
	ok "'$link' is no LINK for fill" refused 2 "$atomicdir" fill "$link" -- true
	ok "'$link' is no LINK for adopt" refused 2 "$atomicdir" adopt "$link"
	ok "'$link' is no LINK for prune" refused 2 "$atomicdir" prune "$link"
done
for number in x -1 1x '' 99999999999999999999; do
	ok "'$number' is no generation" refused 2 "$atomicdir" rollback app "$number"
done
# said WORDS COMMAND...: the error has these words.
said() { words=$1; shift; "$@" 2>&1 | grep -qF -- "$words"; }
ok "who mistypes a command is told which he may have meant" said "unknown command 'rolback' (did you mean 'rollback'?); see 'atomicdir help'" "$atomicdir" rolback app
ok "who mistypes an option too" said "unknown option '--form' (did you mean '--from'?); see 'atomicdir help fill'" "$atomicdir" fill app --form x
ok "where nothing is close nothing is guessed" said "unknown option '--nonsense'; see 'atomicdir help fill'" "$atomicdir" fill app --nonsense
ok "an option of one letter is not guessed" said "unknown option '-x'; see 'atomicdir help fill'" "$atomicdir" fill app -x
ok "an operand too many is named" said "unexpected argument 'more'; usage" "$atomicdir" list app more
ok "who leaves out -- is told of it" said "unexpected argument 'true'; COMMAND must follow '--'" "$atomicdir" fill app true
ok "so is who does that with exec" said "unexpected argument 'true'; COMMAND must follow '--'" "$atomicdir" exec app true
ok "fill with both COMMAND and --from is told that both is wrong" said "--from DIR and -- COMMAND cannot be used together" "$atomicdir" fill app --from / -- true
ok "a relative path of COMMAND is said to start in the new directory" said "COMMAND runs in the new directory: give its absolute path" "$atomicdir" fill relative -- ./build.sh
ok "a COMMAND without a path is not" sh -c "! '$atomicdir' fill relative -- no-such-program 2>&1 | grep -q absolute"
mkdir nested; "$atomicdir" fill -q nested/l -- touch f; "$atomicdir" fill -q --layout volume nested/v -- touch f
for part in .l.atomicdir .l.atomicdir/ .l.atomicdir/000001 v/..atomicdir v/..atomicdir/000001 v/..data; do
	ok "$part, a part of another LINK, is refused as LINK" status 2 "$atomicdir" adopt nested/$part
	ok "fill does not recommend to adopt $part" sh -c "! '$atomicdir' fill nested/$part -- true 2>&1 | grep adopt"
done
ok "those two LINKs are as they were" test -L nested/l -a -e nested/l/f -a -e nested/v/f -a ! -L nested/.l.atomicdir -a "$(find nested -name '*atomicdir' | wc -l)" = 2
ok "a LINK in a published generation is refused" status 2 "$atomicdir" fill nested/l/new -- touch f
is "$(cat err) $(ls -A nested/l/ | tr '\n' ' ')" "atomicdir: 'nested/l/new' cannot be used as LINK: it would be in a published generation of another LINK; 'nested/l/new' is unchanged f " "and nothing is made there"
ok "in one that is being filled it is not" sh -c "'$atomicdir' fill -q nested/outer -- '$atomicdir' fill -q inner -- touch f && test -e nested/outer/inner/f"
mkdir named.atomicdir
ok "a directory with a store's name that is none can be adopted" "$atomicdir" adopt -q named.atomicdir
ok "who names another layout than LINK has is told which it has" said "'nested/l' has the layout link; leave the layout out" "$atomicdir" fill --layout volume nested/l -- true
ok "rollback of a LINK that does not exist says that nothing is published there" said "'nested/none' has no live generation: nothing is published there" "$atomicdir" rollback nested/none
ok "exec without COMMAND ends with status 125" refused 125 "$atomicdir" exec app
ok "exec with an unknown option ends with status 125" refused 125 "$atomicdir" exec --json app -- true
ok "exec of a LINK with nothing live ends with status 125" refused 125 "$atomicdir" exec app -- true
ok "atomicdir without a command is refused" refused 2 "$atomicdir"
ok "help for an unknown command is refused" refused 2 "$atomicdir" help nonsense
is "$("$atomicdir" list nothing 2>&1)" "" "list of a LINK that does not exist prints nothing"
ok "rollback of a LINK with nothing live ends with status 7" refused 7 "$atomicdir" rollback app
ok "show of a LINK with nothing live ends with status 7" refused 7 "$atomicdir" show app
for command in fill list show rollback prune diff exec adopt; do
	ok "help $command is printed on standard output and fits 80 columns" sh -c "'$atomicdir' help $command 2>complained | awk 'length > 80 { exit 1 } END { exit !NR }' && test ! -s complained"
	ok "$command --help prints the same, also after an operand" sh -c "test \"\$('$atomicdir' $command LINK --help)\" = \"\$('$atomicdir' help $command)\""
done

# Options that hold.
ok "options may follow LINK, and their values may follow a space or '='" fill app --keep=5 --grace 0s -- touch a
ok "every argument after -- belongs to COMMAND" sh -c "'$atomicdir' fill app --grace 0s -- sh -c 'test \"\$1\" = --keep && touch b' sh --keep"
ok "--if-generation 0 publishes only where nothing is live" status 7 fill --if-generation 0 app -- true
if [ "$(id -u)" = 0 ]; then
	ok "--owner takes a number for the user and a name for the group" fill --owner 12:root app -- touch owned
	is "$(stat -c %u:%g app/owned)" 12:0 "is what is published"
	ok "--owner USER: means the user's own group too, as for chown" fill --owner nobody: app -- touch owned
	is "$(stat -c %g app/owned)" "$(id -g nobody)" "is what is published"
	ok "--owner :GROUP does not change the user" fill --owner :12 app -- touch owned
	is "$(stat -c %u:%g app/owned)" "$(id -u):12" "is what is published"
else skip "--owner" "not root"; fi
for mask in 0 077 0777; do
	ok "a fill with --file-mode and --dir-mode succeeds with umask $mask" sh -c "umask $mask; '$atomicdir' fill --file-mode 0640 --dir-mode 0751 u$mask -- sh -c 'mkdir d && chmod 700 d && : >d/f'"
	is "$(stat -c %a u$mask/. u$mask/d u$mask/d/f | tr '\n' ' ')" "751 751 640 " "the modes are exactly those of the options, with umask $mask"
done
ok "-q prints no result line on standard error" sh -c "test -z \"\$('$atomicdir' fill -q app -- touch quiet 2>&1)\""
mkdir -p quiet
ok "with -q standard output has the same as without" sh -c "'$atomicdir' fill -q app --from quiet | grep -q '^published' && '$atomicdir' list -q app | grep -q live && '$atomicdir' rollback -q --json app | grep -q generation"
ok "-v lists what differs on standard error" sh -c "'$atomicdir' fill -v app -- touch loud 2>&1 >said | grep -qx 'atomicdir: A loud' && test ! -s said"
"$atomicdir" fill --grace 0s busy -- sh -c 'touch '"$work"'/holding; while [ -e '"$work"'/holding ]; do sleep 0.02; done' 2>err.busy & pid=$!
started holding
ok "a --wait that expires ends with status 5" status 5 fill --wait 100ms busy -- true
ok "prune --no-wait ends with status 5 while another writer has the lock" status 5 "$atomicdir" prune --no-wait busy
rm holding; wait $pid

# JSON.
ok "each command with --json prints valid JSON" sh -c "for c in 'fill --from .busy.atomicdir/000001 j' 'list app' 'show app' 'prune --dry-run app' 'diff app' 'fill --dry-run --from .busy.atomicdir/000001 j' 'rollback --dry-run app' 'rollback app' 'adopt app'; do '$atomicdir' \$c --json | python3 -m json.tool >/dev/null || exit 1; done"
ok "--json prints valid JSON for a LINK with quotes, newlines and bytes that are not UTF-8" sh -c "'$atomicdir' fill --json \"\$(printf 'a\"\\n\\377')\" -- true | python3 -c 'import json, sys; assert json.load(sys.stdin)[\"files\"] == 0'"
ok "fill --json says what was published" sh -c "'$atomicdir' fill --json new -- sh -c 'printf 12345 >f' | python3 -c 'import json, sys
o = json.load(sys.stdin)
assert (o[\"changed\"], o[\"generation\"], o[\"previous\"], o[\"files\"], o[\"bytes\"]) == (True, 1, None, 1, 5), o'"

# What COMMAND gets, and what becomes of its end.
is "$(echo in | fill io -- sh -c 'cat >f; echo out')" out "COMMAND inherits standard input and output"
is "$(cat io/f)" in "what COMMAND reads from standard input can be published"
ok "COMMAND gets ATOMICDIR_LINK, ATOMICDIR_STAGE and ATOMICDIR_LIVE" fill io -- sh -c 'test "$ATOMICDIR_LINK" = '"$work"'/io && test "$ATOMICDIR_STAGE" = "$PWD" && test "$(cat "$ATOMICDIR_LIVE/f")" = in && touch g'
ok "ATOMICDIR_LIVE is empty where nothing is live" fill fresh -- sh -c 'test -z "$ATOMICDIR_LIVE" && touch g'
ok "COMMAND gets no descriptor beyond the standard ones" fill io -- sh -c 'test ! -e /proc/self/fd/8 && touch none' 8</dev/null
ok "a check gets no descriptor beyond the standard ones" fill --check 'test ! -e /proc/self/fd/8' io -- touch check 8</dev/null
ok "a hook gets no descriptor beyond the standard ones" fill --on-change 'test ! -e /proc/self/fd/8' io -- touch hook 8</dev/null
ok "a check and a hook each get their own ATOMICDIR_ variables and not the other's" fill --check 'test -n "$ATOMICDIR_STAGE" && test -z "${ATOMICDIR_LIVE+set}"' \
	--on-change 'test -n "$ATOMICDIR_NEW" && test -z "${ATOMICDIR_STAGE+set}"' io -- touch seen
ok "a COMMAND that does not exist is an error that says so" sh -c "'$atomicdir' fill io -- ./none 2>&1 | grep -q 'No such file'"
printf 'x' >plain
ok "a COMMAND that cannot be executed is an error that says why" sh -c "'$atomicdir' fill io -- '$work/plain' 2>&1 | grep -q 'Permission denied'"
ok "a COMMAND that exits with 127 itself is reported as that" sh -c "'$atomicdir' fill io -- sh -c 'exit 127' 2>&1 | grep -q 'status 127'"
ok "a COMMAND that dies of a signal says which" sh -c "'$atomicdir' fill io -- sh -c 'kill -SEGV \$\$' 2>&1 | grep -q 'signal 11'"
ok "a COMMAND over RLIMIT_FSIZE publishes nothing" sh -c "ulimit -f 1; '$atomicdir' fill io -- sh -c 'head -c 100000 /dev/zero >big'; test \$? = 1"
ok "a copy over RLIMIT_FSIZE publishes nothing, and the error says why" sh -c "head -c 100000 /dev/zero >$work/busy-big; mkdir -p bigs; mv busy-big bigs; ulimit -f 1; '$atomicdir' fill io --from bigs 2>&1 | grep -q 'too large'"
ok "exec does not leave a signal ignored for COMMAND" sh -c "test \"\$('$atomicdir' exec io -- grep SigIgn /proc/self/status)\" = \"\$(grep SigIgn /proc/self/status)\""
ok "fill does not leave a signal ignored for COMMAND" sh -c "test \"\$('$atomicdir' fill io -- sh -c 'touch g; grep SigIgn /proc/self/status')\" = \"\$(grep SigIgn /proc/self/status)\""
ok "exec tells COMMAND the generation and its path" "$atomicdir" exec io -- sh -c 'test "$ATOMICDIR_LINK" = '"$work"'/io && test "$ATOMICDIR_LIVE" = "$PWD" && test "$ATOMICDIR_GENERATION" -gt 0'
ok "exec ends with status 126 where COMMAND cannot be executed" status 126 "$atomicdir" exec io -- "$work/plain"
"$atomicdir" exec io -- sh -c 'touch '"$work"'/pinning; exec sleep 30' & pid=$!
started pinning
fill io -- touch later 2>err.io
ok "list says which process pins a generation" sh -c "'$atomicdir' list io | grep -q 'pinned by $pid (sleep)'"
ok "prune keeps a pinned generation" sh -c "'$atomicdir' prune --keep 0 io; '$atomicdir' list io | grep -q pinned"
kill $pid; wait $pid
ok "prune removes it once the process has ended" sh -c "'$atomicdir' prune --keep 0 io; ! '$atomicdir' list io | grep -q pinned"

# Signals.
for signal in TERM INT HUP; do
	rm -f here
	# Whoever runs this may ignore it, as nohup does; and what a shell starts with & ignores SIGINT.
	python3 -c 'import os, signal, sys
for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$atomicdir" fill sig -- sh -c 'touch '"$work"'/here; exec sleep 60' 2>said & pid=$!
	started here; kill -$signal $pid; wait $pid; code=$?
	is "$code $(ls .sig.atomicdir) $(wc -l <said)" "1 lock 1" "SIG$signal ends COMMAND, removes the stage, status 1 and one line"
done
rm -f here
"$atomicdir" fill sig --check "touch $work/here; sleep 60" -- touch x 2>said & pid=$!
started here; kill -TERM $pid; wait $pid; code=$?
is "$code $(ls .sig.atomicdir) $(wc -l <said)" "1 lock 1" "a signal during the check ends it, and nothing is published"
rm -f here
(trap '' HUP; exec "$atomicdir" fill nohup -- sh -c 'touch '"$work"'/here; sleep 0.5; touch done') 2>said & pid=$!
started here; kill -HUP $pid; wait $pid; code=$?
is "$code $(ls nohup/)" "0 done" "a SIGHUP that is ignored, as nohup has it, ends nothing"
rm -f here
"$atomicdir" fill hooked --on-change "touch $work/here; sleep 0.5; touch $work/hook-ended" -- touch x 2>said & pid=$!
started here; kill -TERM $pid; wait $pid; code=$?
ok "a hook that is running is waited for" test "$code" = 0 -a -e hook-ended
ok "fill ends also if its parent ignores SIGCHLD" limited python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$atomicdir" fill child -- touch x

# Hooks.
ok "a check that times out has failed, even if it then exits with 0" status 4 limited "$atomicdir" fill --hook-timeout 200ms --check 'trap "exit 0" TERM; while :; do sleep 0.05; done' late -- touch x
ok "after a check that timed out nothing is published" test ! -e late
ok "a check sees what would be published" fill --check 'test -e x && test "$ATOMICDIR_STAGE" = "$PWD"' late -- touch x
ok "a check may change the stage" fill --check 'touch stamp' late -- touch y
ok "what a check has changed is published" test -e late/stamp
ok "an unchanged fill succeeds without its check" fill --check 'touch '"$work"'/checked; false' late -- touch y stamp
ok "the check did not run for an unchanged fill" test ! -e checked
is "$(fill --check 'echo noise' late -- touch z)" "" "a check's standard output goes to standard error"
i=0; while [ $i -lt 3 ]; do i=$((i + 1)); fill --keep 3 --grace 0s old -- sh -c "echo $i >f" 2>err.old; done
ok "the old generation exists while the hook runs, also with --keep 0" fill --keep 0 --grace 0s --if-generation 3 --on-change 'test "$(cat "$ATOMICDIR_OLD/f")" = 3' old -- sh -c 'echo 4 >f'
is "$("$atomicdir" list old | wc -l)" 1 "the old generation is removed after the hook"
fill --keep 2 --grace 0s old -- sh -c 'echo 5 >f' 2>err.old
"$atomicdir" rollback old >err.old
ok "rollback: the old generation exists while the hook runs, also with --keep 0" "$atomicdir" rollback --keep 0 --grace 0s --on-change 'test "$(cat "$ATOMICDIR_OLD/f")" = 4' old 5
is "$("$atomicdir" list old | wc -l)" 1 "the old generation is removed after the hook"
ok "list says that a failed hook is due" sh -c "'$atomicdir' fill --on-change false old -- touch due; '$atomicdir' list old | grep -q 'hook due'"
ok "a due hook of a generation that is no longer live does not stop the next fill" fill --on-change 'test -e "$ATOMICDIR_NEW/next"' old -- touch next
ok "after a hook that succeeded the live generation has no mark" test ! -e "$("$atomicdir" show old).hook"
ok "rollback with a --check that fails ends with status 4 and does not change LINK" sh -c "before=\$(readlink old); '$atomicdir' rollback --check false old; test \$? = 4 && test \"\$(readlink old)\" = \"\$before\""
mkdir real; touch real/r
ok "adopt with a --check that fails ends with status 4" status 4 "$atomicdir" adopt --check false real
ok "the directory is not adopted then" test ! -L real -a -e real/r
ok "adopt --on-change succeeds" "$atomicdir" adopt --on-change 'touch '"$work"'/adopted; test -e "$ATOMICDIR_NEW/r"' real
ok "adopt --on-change has run the hook" test -e adopted
ok "adopt of what a publication made ends with status 0 and runs no check" "$atomicdir" adopt --check false real

# Standard descriptors.
ok "with standard output closed a fill publishes, and its error says that the result could not be printed" sh -c "mkdir -p one; echo 1 >one/f; '$atomicdir' fill --from one closed >&- 2>said; test \$? = 0 && grep -q 'standard output' said && test -e closed/f"
ok "with all standard descriptors closed no message is written into the store's files" sh -c "'$atomicdir' fill -v closed -- sh -c 'echo 2 >g' <&- >&- 2>&-; grep -qx '[0-9]*' .closed.atomicdir/lock && test \"\$(cat closed/g)\" = 2"
ok "show with standard output closed ends with status 1" sh -c "'$atomicdir' show closed >&-; test \$? = 1"
ok "list to a full disk ends with status 1" sh -c "'$atomicdir' list closed >/dev/full; test \$? = 1"
ok "list to a closed pipe ends with status 1" python3 -c 'import os, subprocess, sys
r, w = os.pipe(); os.close(r)
sys.exit(subprocess.run(sys.argv[1:], stdout=w).returncode != 1)' "$atomicdir" list closed

# --from --dereference.
mkdir -p tree/sub; echo d >tree/sub/f; ln -s sub tree/again; touch -d 2020-01-01 tree/sub
ok "--dereference copies directories behind symlinks" fill --from tree --dereference deep
is "$(stat -c %Y deep/again)" "$(date -d 2020-01-01 +%s)" "directories behind symlinks keep their times"
ln -s .. tree/sub/up
ok "--dereference refuses a symlink that leads back to a parent directory" status 1 limited "$atomicdir" fill --from tree --dereference deep
ok "LINK is unchanged after that" test -f deep/again/f
mkdir selfish; touch selfish/f
ok "--dereference refuses a directory that holds LINK's own store, with status 2" sh -c "cd selfish && timeout -s KILL 20 '$atomicdir' fill --from . --dereference app; test \$? = 2 && test ! -L app"
ln -s nowhere tree/sub/dangling; rm tree/sub/up
ok "--dereference refuses a dangling symlink" status 1 fill --from tree --dereference deep
ok "--from refuses a regular file" status 1 fill --from plain --dereference deep

# Pushes.
mkdir -p push; head -c 300000 /dev/urandom >push/big; echo 1 >push/small
if command -v rsync >/dev/null 2>&1; then
	printf '#!/bin/sh\nshift\nexec sh -c "$*"\n' >remote; chmod +x remote
	ok "rsync pushes through fill --edit" rsync -a --delete -e "$work/remote" --rsync-path="$atomicdir fill --edit $work/site -- rsync" push/ host:.
	ok "what rsync pushed is published" diff -r push site/
	ok "a second push of the same is unchanged" sh -c "before=\$(readlink site); rsync -a --delete -e '$work/remote' --rsync-path='$atomicdir fill --edit $work/site -- rsync' push/ host:. && test \"\$(readlink site)\" = \"\$before\""
	rm push/small; head -c 300000 /dev/urandom >push/more
	cat >cut <<'END'
#!/usr/bin/env python3
# The connection ends after 100,000 bytes.
import os, subprocess, sys
server = subprocess.Popen(['sh', '-c', ' '.join(sys.argv[2:])], stdin=subprocess.PIPE)
left = 100000
while left and (some := os.read(0, left)):
    os.write(server.stdin.fileno(), some)
    left -= len(some)
server.stdin.close()
sys.exit(server.wait())
END
	chmod +x cut
	ok "a push whose connection is cut fails" sh -c "! timeout 20 rsync -a --delete -e '$work/cut' --rsync-path='$atomicdir fill --edit $work/site -- rsync' push/ host:."
	ok "a push that was cut publishes nothing" test -e site/small -a ! -e site/more
	is "$(ls -A .site.atomicdir | tr '\n' ' ')" "000001 000001.info lock " "a push that was cut leaves nothing in the store"
else
	skip "rsync pushes through fill --edit" "no rsync"
fi

# A terminal.
if command -v script >/dev/null 2>&1; then
	rm -f holding; ok "a wait of more than a second says so on a terminal" sh -c "
		'$atomicdir' fill tty -- sh -c 'touch $work/holding; sleep 2.5' 2>err.tty & while [ ! -e $work/holding ]; do sleep 0.02; done
		script -qec \"'$atomicdir' fill tty --from one\" /dev/null </dev/null >seen; wait; grep -q 'waiting for another writer, 1 s' seen"
	ok "the progress line is erased at the end" sh -c "tail -n 1 seen | tr -d '\\r' | grep -q '\\[Kpublished 2'"
	ok "without a terminal no progress line is printed" sh -c "test \"\$('$atomicdir' fill tty -- sh -c 'sleep 1.2; touch q' 2>&1)\" = 'published 3 (1 file, 0 B)'"
else
	skip "a wait of more than a second says so on a terminal" "no script"
fi
finish
