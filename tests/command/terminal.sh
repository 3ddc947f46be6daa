#!/bin/sh
# SPDX-License-Identifier: ISC
# Manners on a terminal: progress of what takes more than a second, colour, tables that line up; and none of the first two elsewhere.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
export TERM=xterm
unset NO_COLOR
escape=$(printf '\033')
terminal() { python3 "$here/tests/support/terminal.py" "$@" >seen 2>&1; }
# seen TEXT: it was on the terminal.
seen() { grep -qF "$1" seen || { cat -v seen; return 1; }; }
unseen() { ! grep -qF "$1" seen || { cat -v seen; return 1; }; }

mkdir tree tree/sub; for i in 1 2 3 4 5 6; do head -c 100000 /dev/zero >tree/f$i; done; cp tree/f1 tree/sub/g
if command -v strace >/dev/null && [ -z "${SAN:-}" ]; then
	# Each copy of a file takes 0.4 s.
	slow_fill() { terminal strace -o trace -e trace=copy_file_range -e inject=copy_file_range:delay_enter=400000 "$@"; }
	ok "a copy of more than a second succeeds on a terminal" slow_fill "$atomicdir" fill site --from tree
	if grep -q copy_file_range trace; then
		ok "it shows for how long, and how many files" sh -c "grep -qE 'atomicdir: copying, 1 s: [2-4] files, [0-9.]+ kB, [0-9.]+ kB/s' seen || { cat -v seen; exit 1; }"
		ok "the line is erased at the end" sh -c "tr '\\r' '\\n' <seen | grep -v '^\$' | tail -n 1 | grep -q '^$escape\[Kpublished 1\|^published 1'"
		slow_fill "$atomicdir" fill -q other --from tree
		ok "with -q nothing of it is shown" unseen copying
		ok "where there is no terminal nothing is shown" sh -c 'strace -o trace -e trace=copy_file_range -e inject=copy_file_range:delay_enter=400000 "$1" fill third --from tree >seen 2>&1'  - "$atomicdir"
		ok "and nothing is there to erase" sh -c "! grep -q '$escape' seen && ! grep -q copying seen"
	else
		skip "it shows for how long, and how many files" "files are copied in another way on this file system"
	fi
else
	skip "it shows for how long, and how many files" "no strace, or a sanitizer, which it does not get along with"
fi
# The secrets come once the terminal has shown the text, or after 30 s.
late_secrets() { tries=300; until grep -qsF "$1" seen || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done; echo '{"a": "1", "b": "2"}'; }
: >seen
late_secrets "secretdir: fetching 2 secrets, 1 s" | terminal "$secretdir" sync --source file:- app a b
ok "secrets that come late are published" seen "published 1 (2 files, 2 B)"
ok "the terminal has shown how many were waited for" seen "secretdir: fetching 2 secrets, 1 s"
: >seen
late_secrets "secretdir: fetching 1 secret, 1 s" | terminal "$secretdir" plan --source file:- app a
ok "so does secretdir plan" seen "secretdir: fetching 1 secret, 1 s"

terminal "$atomicdir" show none
ok "an error is coloured on a terminal" seen "$escape[31matomicdir:$escape[0m "
NO_COLOR=1 terminal "$atomicdir" show none
ok "with NO_COLOR it is not" unseen "$escape"
NO_COLOR='' terminal "$atomicdir" show none
ok "an empty NO_COLOR is none" seen "$escape[31m"
TERM=dumb terminal "$atomicdir" show none
ok "on a terminal without colours it is not" unseen "$escape"
"$atomicdir" show none >seen 2>&1
ok "in a file it is not" unseen "$escape"

mkdir few many; echo 1 >few/f; i=0; while [ $i -lt 12 ]; do echo $i >many/f$i; i=$((i + 1)); done
i=0; while [ $i -lt 11 ]; do if [ $((i % 2)) = 0 ]; then from=few; else from=many; fi; "$atomicdir" fill -q --keep 20 listed --from $from >published; i=$((i + 1)); done
terminal "$atomicdir" list listed
ok "the live generation is coloured on a terminal" seen "  $escape[32mlive$escape[0m"
NO_COLOR=1 terminal "$atomicdir" list listed
ok "with NO_COLOR it is not" unseen "$escape"
"$atomicdir" list listed >table
is "$(wc -l <table)" 11 "the list has each generation"
is "$(awk '{ print index($0, " file") }' table | sort -u | wc -l)" 1 "the columns line up, whatever the numbers are"
is "$(sed 's/  live$//' table | awk '{ print length($0) }' | sort -u | wc -l)" 1 "all lines end where they should"
finish
