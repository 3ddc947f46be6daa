# SPDX-License-Identifier: ISC
# Sourced after start.sh: what the server was asked for, and what is said of a failure.

# asked N OPERATION ...: this often, and nothing else was asked.
asked() {
	sum=0
	while [ $# -gt 0 ]; do
		got=$(control requests --count "$2"); sum=$((sum + got))
		[ "$got" = "$1" ] || { echo "$2: $got times, not $1"; return 1; }
		shift 2
	done
	[ "$(control requests --count)" = $sum ] || { echo "asked for more than that"; return 1; }
}
# says N TEXT... COMMAND WORDS: this status, one line on standard error that has the texts, and nothing is made. The texts end with "--".
says() {
	wanted=$1; shift; : >texts
	while [ "$1" != -- ]; do printf '%s\n' "$1" >>texts; shift; done
	shift
	"$@" >says.out 2>says.err; got=$?
	cat says.err
	[ $got = "$wanted" ] && [ "$(wc -l <says.err)" = 1 ] && [ ! -L new ] || return 1
	while read -r text; do grep -qF -- "$text" says.err || { echo "no '$text'"; return 1; }; done <texts
}
