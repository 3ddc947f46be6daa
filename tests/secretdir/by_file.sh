#!/bin/sh
# SPDX-License-Identifier: ISC
# secretdir with the layout files: secrets in a directory that holds files of others, too.
. "$(dirname "$0")/../tap.sh"
export ASAN_OPTIONS=detect_leaks=0
secretdir=$here/build/secretdir
source() { printf '{"a":"%s","b":"same","sub/c":"%s"}' "$1" "$1" >source.json; }
sync() { "$secretdir" sync -q --source file:source.json "$@" L a b sub/c; }
# What the note says of each file, and what the files are like: size, inode, time of change.
noted() { grep -aoE '^[0-9]+ [0-9]+ [0-9]+\.[0-9]+$' L/..atomicdir/*.note | sort; }
are() { for file in a b sub/c; do stat -c '%s %i %.9Z' "L/$file"; done | sort; }

mkdir L; echo mine >L/mine; source 1
ok "secrets are published beside files of others" sync --layout files
is "$(cat L/a L/mine) $(stat -c %a L/a L/sub/c | tr '\n' ' ')" "1mine 400 400 " "each in a file"
inode=$(stat -c %i L/b); source 2
ok "a secret that moved" sync
is "$(cat L/a L/b L/sub/c) $(stat -c %i L/b)" "2same2 $inode" "is replaced, and no other"
ok "the next round finds them unchanged" sync
is "$(noted)" "$(are)" "and notes what they are like in their place, so that later rounds go by the versions"
ok "what somebody edited" sh -c 'chmod 600 L/a; echo edited >L/a'
sync; is "$(cat L/a) $(stat -c %a L/a)" "2 400" "is put back"
"$secretdir" plan --source file:source.json L a >plan 2>&1
is "$(cut -d' ' -f1,2 plan)" "$(printf '= a\nD b\nD sub/c')" "plan tells what would go, and nothing of others' files"
source 3; "$secretdir" sync -q --source file:source.json L a
is "$(cat L/a) $(ls L | tr '\n' ' ')" "3 a mine " "what is no longer asked for goes"
ok "status says that it is well" "$secretdir" status L
is "$(grep -c '^state: ok' out)" 1 "(it does)"
source 4
timeout 20 "$secretdir" run -q --interval 1h --source file:source.json L a -- sh -c 'cat L/a >seen'
is "$(cat seen)" 4 "run starts its program when they are there"
ok "what needs an older generation is wrong usage" status 2 "$secretdir" sync --source file:source.json --rollback-on-failure --on-change true L a
is "$(grep -c 'has the layout files, in which each file is replaced by itself' err)" 1 "and the text says why"
printf '{"up":"x"}' >source.json
ok "a secret whose name is in somebody's way" sh -c "printf '{\"mine\":\"x\"}' >source.json; ! '$secretdir' sync --source file:source.json L mine"
is "$(cat L/mine)" mine "is refused, and his file stays"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 30 -subj /CN=x 2>/dev/null &&
	python3 -c 'import json; json.dump({"a": open("cert").read()}, open("source.json", "w"))'
timeout 20 "$secretdir" run -q --interval 1h --metrics metrics.prom --source file:source.json L a -- true
is "$(grep -c '^secretdir_certificate_not_after' metrics.prom)" 1 "metrics know when a certificate ends"
finish
