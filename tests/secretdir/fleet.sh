#!/bin/sh
# SPDX-License-Identifier: ISC
# What fleets of hosts ask of AWS, simulated with the schedule's own functions: the goals, and the tables of docs/fleet.md.
. "$(dirname "$0")/../tap.sh"

table() { sed -n "/^<!-- fleet: $1 -->\$/,/^\$/p" "$2" | sed '/^$/d'; }
# at_most LIMIT TABLE COLUMN HOSTS [MORE-HOSTS]: in the rows of so many hosts, of which there are some.
at_most() {
	table "$2" tables | awk -F '|' -v limit="$1" -v column="$3" -v hosts="^ ($4|${5:-$4}) \$" '
		$2 ~ hosts { rows++; if ($(column + 1) + 0 > limit) { print; is_over = 1 } }
		END { exit is_over || !rows }'
}

"$here/build/fleet" >tables; code=$?
is "$code" 0 "the simulation finds each goal reached"
for moment in during after; do
	column=$([ $moment = during ] && echo 3 || echo 4)
	ok "$moment an outage of a minute or of hours 10,000 hosts and more ask at most 1.2 times the mean in any 10 s" \
		at_most 1.2 outage "$column" 10000 100000
	ok "and 1,000 hosts at most 2.5 times" at_most 2.5 outage "$column" 1000
done
ok "so do hosts that were started in the same second, ten minutes after they could fetch" at_most 1.2 boot 9 10000 100000
ok "STS is asked for keys at most 2 times the mean in any 60 s, also where all got theirs in the same second" at_most 2 keys 5 10000 100000
ok "a secret that moves reaches 100,000 hosts that were told within 20 s, at a splay of 15 s" \
	sh -c "grep -E '^\\| 100000 \\| a queue, splay 15s ' tables | awk -F '|' '{ exit !(\$9 > 0 && \$9 < 20) }'"
for name in quiet outage boot moved keys prefix; do
	is "$(table $name "$here/docs/fleet.md")" "$(table $name tables)" "docs/fleet.md has the table '$name' as build/fleet prints it"
done
finish
