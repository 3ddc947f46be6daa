# SPDX-License-Identifier: ISC
# `make check` runs the soak for some seconds, `make check-watch` whole.

# How many rounds it has.
ROUNDS ?=
check-watch: export SOAK_ROUNDS = $(or $(ROUNDS),10000)

#: check-watch      ROUNDS (10000) rounds of secretdir watch and run, with mishaps at random and readers that look; SEED=N repeats
check-watch: all
	@$(PROVE) --jobs 1 tests/soak/soak.sh
.PHONY: check-watch
