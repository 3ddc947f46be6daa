# SPDX-License-Identifier: ISC
# The fault harness: tests/faults/faults.sh runs a share of it with `make check`, `make check-faults` all of it.

# A sanitizer has its own allocator.
FAULTS = $(B)/publish $(B)/faults/matrix $(B)/faults/attacker $(if $(SAN),,$(B)/faults/leaks $(B)/faults/allocation.so)
FAULTS_SOURCES = $(wildcard tests/faults/*.[ch] tests/support/*.[ch])

$(B)/faults/matrix: $(FAULTS_SOURCES) $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -Itests -o $@ $(addprefix tests/faults/,matrix.c tracer.c errnos.c scenario.c world.c) tests/support/tree.c

$(B)/faults/attacker: tests/faults/attacker.c $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $<

$(B)/faults/leaks: tests/faults/leaks.c tests/faults/allocation.c tests/faults/allocation.h tests/tap.h $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -o $@ tests/faults/leaks.c tests/faults/allocation.c $(B)/libatomicdir.a

$(B)/faults/allocation.so: tests/faults/allocation.c tests/faults/allocation.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -fPIC -shared -o $@ $<

PREPARE_faults = $(FAULTS)

#: check-faults     every fault: 38,000 system calls and 18,000 allocations that fail; check runs a share of them
check-faults: all $(FAULTS)
	@FAULTS_SHARE=1 FAULTS_WHOLE=1 ATTACKS=1000 $(PROVE) --jobs 1 tests/faults/faults.sh tests/faults/attackers.sh tests/faults/scarcity.sh

.PHONY: check-faults
