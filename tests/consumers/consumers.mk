# SPDX-License-Identifier: ISC
# `make check` gives each program a few swaps, `make check-consumers` ten.

#: check-consumers  ten swaps of each layout in front of each program that is installed, and the README's table of them; READERS="NAME ..." only those
check-consumers: export CONSUMER_SWAPS = 10
check-consumers: all
	@tests/consumers/consumers.sh
.PHONY: check-consumers
