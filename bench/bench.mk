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
	@BUILD=$(B) bench/run.py

.PHONY: bench bench-watch bench-fleet
