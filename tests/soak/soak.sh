#!/bin/sh
# SPDX-License-Identifier: ISC
# Rounds by the thousand, with mishaps at random: soak.py says which. `make check-watch` has ten thousand of them; SEED=N repeats its choices.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
export PYTHONDONTWRITEBYTECODE=1 ASAN_OPTIONS=detect_leaks=0
umask 022

start_server
: >violations
if [ "$SOAK_ROUNDS" ]; then seconds=; else seconds=${SOAK_SECONDS:-20}; fi
soak() { SOAK_SECONDS=$seconds python3 "$here/tests/soak/soak.py" "$here/build" "$work/server"; }
ok "watch and run outlive every mishap, and no promise is broken" soak
grep '^#' out
legal() { ! grep "^bad $1 " violations; }
ok "no reader of a pinned directory misses a file" legal missing
ok "none sees files of two versions" legal mixed
ok "what is in the source is published" legal published
ok "each change once, and in order" legal once
ok "the hook, and the COMMAND of run, are told of what is live, and never of what is not yet" legal told
ok "each round is followed by the next, whatever was killed, and each end has the status that it should" legal goes-on
ok "between rounds no child is left, and in the end none at all" legal child
ok "what was replaced stays for --grace" legal early
ok "nothing is left in the store but what is live" legal left
if [ "$(id -u)" != 0 ]; then
	skip "a supervisor has as much memory of its own as at the beginning, within 16 KiB" "only root may look there"
	skip "and the same descriptors" "only root may look there"
else
	case $(cat "$here/build/flags") in
	*fsanitize*) skip "a supervisor has as much memory of its own as at the beginning, within 16 KiB" "only without sanitizers" ;;
	*) ok "a supervisor has as much memory of its own as at the beginning, within 16 KiB" legal memory ;;
	esac
	ok "and the same descriptors" legal descriptor
fi
stop_server
finish
