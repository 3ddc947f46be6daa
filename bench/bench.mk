# SPDX-License-Identifier: ISC

$(B)/bench: bench/bench.c bench/ways.c bench/ways.h $(B)/libatomicdir.a
	$(LINK) -Iinclude -o $@ bench/bench.c bench/ways.c $(B)/libatomicdir.a

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

#: bench            how long a publication and a fetch take, beside the least that each needs
bench: all $(B)/bench $(B)/batches
	@bench/run.sh
	@bench/fetch.sh

.PHONY: bench bench-watch bench-fleet
