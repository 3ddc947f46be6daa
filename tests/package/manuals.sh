#!/bin/sh
# SPDX-License-Identifier: ISC
# The manuals: their form, their options against the option tables, their references.
. "$(dirname "$0")/../tap.sh"
set -- "$here"/man/*.[1-9]

# What mandoc says of manuals that are not installed here is left out; references to our own are checked below.
lint() { mandoc -T lint "$@" 2>/dev/null | grep -v 'referenced manual not found'; }
claim="mandoc has nothing to say about any manual"
if command -v mandoc >/dev/null; then is "$(lint "$@")" "" "$claim"
else skip "$claim" "mandoc is not installed"; fi

own() { sed -n 's/^\.Xr \([a-z-]*\) \([0-9]\).*/\1.\2/p' "$@" | grep -E '^(lib)?(atomic|secret)dir' | sort -u; }
lost() { own "$@" | while read -r page; do [ -e "$here/man/$page" ] || echo "$page"; done; }
is "$(lost "$@")" "" "each manual of ours that another one refers to exists"
unreferred() { for page in "$@"; do echo "${page##*/}"; done | grep -vxF "$(own "$@")"; }
is "$(unreferred "$@")" "" "each manual is named by another one"

# The options that the help of each command lists, which is printed from the option tables.
commands() { "$here/build/$1" help | sed -nE "s/^(usage:| {6}) $1 ([a-z]+) .*/\\2/p"; }
options() { commands "$1" | while read -r command; do "$here/build/$1" help "$command"; done | sed -nE 's/^  (--?[a-z][a-z-]*).*/\1/p' | sort -u; }
# Those that manuals name: `Fl -keep` is --keep, `Fl q` is -q.
named() { grep -ohE '\bFl -?[a-z][a-z-]*' "$@" | sed 's/^Fl /-/' | sort -u; }
unnamed() { options "$1" | grep -vxF -e "$(named "$here/man/$1.1")"; }
for program in atomicdir secretdir; do
	ok "$program has options" test "$(options $program | wc -l)" -gt 20
	is "$(unnamed $program)" "" "$program(1) names each option of $program"
	is "$(commands $program | while read -r command; do grep -q "^\.It Cm $command\$" "$here/man/$program.1" || echo "$command"; done)" "" "and describes each command"
done
unknown() { named "$@" | grep -vxF -e "$(options atomicdir; options secretdir)"; }
is "$(unknown "$@")" "" "no manual names an option that does not exist"

# Prototypes, as one line each without the names of functions being different: TYPE NAME ARGUMENT, ARGUMENT...
declared() {
	cpp -P -E -I"$here/include" "$here/include/atomicdir.h" | tr '\n' ' ' | tr ';' '\n' | sed -nE 's/^.*[ *](atomicdir_[a-z_]+)\((.*)\) *$/\1(\2)/p' | tr -d ' ' | sort
}
described() {
	sed -nE 's/^\.Fn (atomicdir_[a-z_]+) "(.*)"$/\1(\2)/p' "$here/man/libatomicdir.3" | sed 's/" "/,/g' | tr -d ' ' | sort
}
is "$(described)" "$(declared)" "libatomicdir(3) has each call of the header, with its parameters"
finish
