# SPDX-License-Identifier: ISC
# bench/README.md says what is measured.

JOB = bench/peers/job.c bench/peers/job.h
$(B)/bench/ours: bench/peers/ours.c $(JOB) $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -o $@ bench/peers/ours.c bench/peers/job.c $(B)/libatomicdir.a

$(B)/bench/bare: bench/peers/bare.c $(JOB) $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ bench/peers/bare.c bench/peers/job.c

$(B)/bench/spawn: bench/peers/spawn.c $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -static -o $@ $<

# The peers in Go, where there is Go: else the rows that need them say so.
GO ?= go
$(B)/bench/seed $(B)/bench/kubelet: $(B)/bench/%: bench/peers/%.go bench/peers/job.go
	@mkdir -p $(@D)
	@if command -v $(GO) >/dev/null; then GOCACHE=$(abspath $(B))/go GO111MODULE=off $(GO) build -o $@ $^; fi

BENCH_PROGRAMS = $(addprefix $(B)/bench/,ours bare spawn seed kubelet) $(B)/torn

$(B)/batches: bench/batches.c $(B)/libfetch.a
	$(LINK) -Iinclude -I$(B)/layers/fetch -o $@ bench/batches.c $(B)/libfetch.a $(LIBS_fetch-aws)

$(B)/fleet: bench/fleet.c bench/fleet_main.c bench/fleet.h $(B)/objects/secretdir/schedule.o
	$(LINK) -I$(B)/layers/secretdir -o $@ bench/fleet.c bench/fleet_main.c $(B)/objects/secretdir/schedule.o

#: bench-fleet      what fleets of hosts ask of AWS, simulated with the schedule's own functions
bench-fleet: $(B)/fleet
	@$(B)/fleet

#: bench-watch      memory, wake-ups and CPU of secretdir watch, beside loops around the AWS CLI and boto3
bench-watch: all
	@bench/watch.sh

#: bench            how long publications and fetches take beside their peers: writes bench/results.json and the README's pictures
bench: all $(BENCH_PROGRAMS) $(B)/batches
	@BUILD=$(B) PYTHONDONTWRITEBYTECODE=1 bench/run.py

COUNTED = all $(B)/bench/ours $(B)/bench/bare
PREPARE_bench = $(B)/bench/ours $(B)/bench/bare $(B)/bench/spawn
#: bench-check      system calls, bytes written and barriers beside bench/figures.tsv; a part of check
bench-check: $(COUNTED)
	@BUILD=$(B) PYTHONDONTWRITEBYTECODE=1 bench/check.py

#: bench-figures    writes bench/figures.tsv and bench/calls.md anew, as root
bench-figures: $(COUNTED)
	@BUILD=$(B) PYTHONDONTWRITEBYTECODE=1 bench/check.py --update

#: bench-instructions instructions of the same publications, counted by callgrind, beside bench/instructions.tsv; UPDATE=1 writes that anew
bench-instructions: $(COUNTED)
	@BUILD=$(B) PYTHONDONTWRITEBYTECODE=1 bench/instructions.py $(if $(UPDATE),--update)

.PHONY: bench bench-watch bench-fleet bench-check bench-figures bench-instructions
