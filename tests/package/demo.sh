#!/bin/sh
# SPDX-License-Identifier: ISC
# The demo, shortened: its table has the rows that the README shows, and pinned readers see nothing torn and nothing missing.
. "$(dirname "$0")/../tap.sh"
torn=$here/build/torn

# The names of a table's rows, which end where two blanks and a number begin.
row_names() { sed -nE 's/^ *([a-z][a-z, ]*[a-z])  +[0-9]+ .*/\1/p'; }
# cell NAME COLUMN: of a row, counted from the end of its name, without percentages.
cell() { sed -nE "s/^$1  +//p" table | sed 's/ [0-9.e-]* %//' | awk -v column="$2" '{ print $column }'; }

ok "the demo shows each way of replacing two files" "$torn" 0.5
mv out table
is "$(row_names <table)" "$(sed -n '/^`.\/demo`/,/^## /p' "$here/README.md" | row_names)" "its rows are those of the README's table"
ok "a reader of files that are copied in place sees torn pairs" test "$(cell 'each file copied in place' 3)" -gt 0
ok "a reader of files that are renamed sees torn pairs" test "$(cell 'each file renamed' 3)" -gt 0
row_names <table | grep 'pinned$' >pinned
ok "there are rows of pinned readers" test -s pinned
while read -r name; do
	is "$(cell "$name" 3) torn, $(cell "$name" 4) missing" "0 torn, 0 missing" "$name: nothing is torn, and nothing is missing"
	ok "$name: the reader has read and the writer has replaced" test "$(cell "$name" 1)" -gt 0 -a "$(cell "$name" 2)" -gt 0
done <pinned
is "$(row_names <table | grep 'read by path$' | while read -r name; do cell "$name" 4; done | sort -u)" 0 "no reader by path misses a file"
ok "the counts are to be had as JSON" "$torn" --json 0.1
mv out json
ok "with the same rows" python3 -c 'import json, sys
assert [row["way"] for row in json.load(open("json"))] == sys.argv[1].splitlines()' "$(row_names <table)"
ok "progress is shown on a terminal" python3 -c 'import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["torn", "0.3"])
text = b""
try:
    while piece := os.read(fd, 4096):
        text += piece
except OSError:
    pass
assert b"each file renamed: 0.2 s" in text, text' "$torn"
ok "and nowhere else" sh -c "'$torn' 0.1 2>&1 >table | cmp - /dev/null && ! grep -q '$(printf '\r')' table"
ok "nothing is left behind" env TMPDIR="$work/empty" sh -c 'mkdir empty && "$1" 0.1 && rmdir empty' - "$torn"
ok "wrong usage is refused" status 2 "$torn" none
# Settings of this user's for AWS and a proxy lead away from a server on loopback.
away="AWS_PROFILE=none AWS_ENDPOINT_URL_SECRETS_MANAGER=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1"
ok "the demo of secrets asks its own server" env $away BUILD="$here/build" ROTATIONS=1 sh "$here/examples/demo.sh"
finish
