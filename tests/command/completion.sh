#!/bin/sh
# SPDX-License-Identifier: ISC
# What shells complete, and how wide the help is.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir

# complete PROGRAM WORD...: the candidates without what they mean.
complete() { program=$here/build/$1; shift; "$program" __complete "$@" | cut -f1; }
listed() { "$here/build/$1" help | sed -nE "s/^(usage:| {6}) $1 ([a-z]+) .*/\2/p" | sort; }
listed_options() { "$here/build/$1" help "$2" | sed -nE 's/^  (--?[a-z][a-z-]*).*/\1/p' | sort -u; }

# ---- The tables ----
for program in atomicdir secretdir; do
	is "$(complete $program "" | grep -v '^help$\|^-' | sort)" "$(listed $program)" "$program: the first word is one of its commands"
	differ=
	for command in $(listed $program); do
		[ "$(complete $program "$command" - | grep -v '^--help$' | sort -u)" = "$(listed_options $program "$command")" ] || differ="$differ $command"
	done
	is "$differ" "" "$program: an option is one that the help of its command lists"
done

mkdir one two; echo 1 >one/f; echo 2 >two/f
"$atomicdir" fill -q site --from one; "$atomicdir" fill -q site --from two
is "$(complete atomicdir rollback site "" | paste -sd ' ')" "2 1" "a generation is one of those that are kept"
is "$(complete atomicdir fill --if-generation "")" "" "where there is no LINK yet, none is known"
is "$(complete atomicdir diff site 1 "" | paste -sd ' ')" "2 1" "also the second one of diff"
is "$(complete atomicdir wait site --since= | paste -sd ' ')" "--since=2 --since=1" "and one in the same word as its option"
is "$(complete atomicdir fill --sync "" | paste -sd ' ')" "auto files fs none" "a value that is one of a few words is one of them"
refused() { "$atomicdir" fill "$1" x site -- true 2>&1 | sed 's/.*is not //; s/,//g; s/ or / /'; }
is "$(complete atomicdir fill --layout "" | paste -sd ' ')" "$(refused --layout)" "the words are those that the error names"
is "$(complete atomicdir fill --from "")" ":directories" "a directory is found by the shell"
is "$(complete secretdir sync --spec "")" ":files" "and so is a spec"
is "$(complete atomicdir fill site -- t)" ":command 4" "what follows -- is a command of its own"
is "$(complete secretdir run app a=b -- a b)" ":command 5" "for run too"
is "$(complete secretdir sync app -- a)" "" "but entries of sync are not"
is "$(complete atomicdir nothing "")$(complete atomicdir show site "")" "" "where nothing can follow, nothing is offered"
ok "and that is no error" "$atomicdir" __complete

# ---- Help ----
wide() { for program in atomicdir secretdir; do for command in "" $(listed $program); do "$here/build/$program" help $command; done; done | awk 'length > 80'; }
is "$(wide)" "" "all help fits in 80 columns"
ok "help goes to standard output" sh -c "'$atomicdir' fill --help >help.out 2>help.err && test -s help.out && test ! -s help.err"
is "$("$atomicdir" --version | head -n 1)" "atomicdir $(sed -n 's/^VERSION = //p' "$here/Makefile")" "--version says which version this is"
ok "and what it was built with" sh -c "'$atomicdir' --version | grep -E '^libatomicdir [0-9.]+, (gcc|clang) [0-9.]+'"
ok "secretdir says which libraries its programs run with" sh -c "'$secretdir' --version | grep -E '^fetch-aws [0-9.]+ with libcurl/[0-9.]+ OpenSSL/' && '$secretdir' --version | grep -E '^spec-yaml .*libyaml/[0-9]'"

# ---- Shells ----
PATH=$here/build:$PATH HOME=$work
export PATH HOME
mkdir -p zsh fish/fish/completions
# typed NAME SHELL...: types these lines, and leaves what the commands print in NAME.*.
typed() {
	name=$1; shift
	{
		echo "$setup"
		echo "atomicdir sho<TAB>site >$name.command"
		echo "atomicdir show --js<TAB>site >$name.option"
		echo "atomicdir fill $name.site --sync=no<TAB>--fr<TAB>on<TAB> >$name.value"
		echo "atomicdir diff --json site 1 2<TAB>>$name.generation"
		echo "atomicdir exec site -- atomicdir sho<TAB>'$work/site' >$name.nested"
		echo "atomicdir exec site -- cat $work/one/<TAB>>$name.file"
	} | "$here/tests/command/typed.py" "$@" >"$name.terminal"
}
# Where the package bash-completion is not installed, bash completes the command itself and then names of files.
nests() { [ "$1" != bash ] || [ -e /usr/share/bash-completion/bash_completion ]; }
completes() {
	ok "$1 completes a command" test "$(cat "$1.command")" = "$("$atomicdir" show site)"
	ok "an option" test "$(cat "$1.option")" = "$("$atomicdir" show --json site)"
	ok "a value in the same word, and a directory" test "$(cat "$1.site/f")" = 1
	ok "a generation" grep -q '"path":"f"' "$1.generation"
	if nests "$1"; then ok "and a command after --, with its own arguments" test "$(cat "$1.nested")" = "$("$atomicdir" show site)"
	else skip "and a command after --, with its own arguments" "bash-completion is not installed"; fi
	ok "a file after a command after --" test "$(cat "$1.file")" = 1
}
if command -v bash >/dev/null; then
	setup="for part in /usr/share/bash-completion/bash_completion '$here/build/completion/bash/atomicdir'; do [ ! -e \$part ] || . \$part; done"
	ok "bash is asked" typed bash bash --norc --noprofile -i; completes bash
else skip "bash completes" "bash is not installed"; fi
if command -v zsh >/dev/null; then
	setup="fpath=('$here/build/completion/zsh' \$fpath); autoload -Uz compinit; compinit -u -D"
	ok "zsh is asked" typed zsh zsh -f -i; completes zsh
else skip "zsh completes" "zsh is not installed"; fi
if command -v fish >/dev/null; then
	setup="source '$here/build/completion/fish/atomicdir.fish'"
	ok "fish is asked" typed fish fish --no-config -i; completes fish
else skip "fish completes" "fish is not installed"; fi
finish
