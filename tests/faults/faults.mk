# SPDX-License-Identifier: ISC
# The fault harness: tests/faults.sh runs a share of it with `make check`, `make check-faults` all of it.

# A sanitizer has its own allocator.
FAULTS = $(B)/faults/matrix $(B)/faults/attacker $(if $(SAN),,$(B)/faults/leaks $(B)/faults/allocation.so)
FAULTS_SOURCES = $(wildcard tests/faults/*.c tests/faults/*.h)

$(B)/faults/matrix: $(FAULTS_SOURCES) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $(addprefix tests/faults/,matrix.c tracer.c errnos.c scenario.c world.c)

$(B)/faults/attacker: tests/faults/attacker.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $<

$(B)/faults/leaks: tests/faults/leaks.c tests/faults/allocation.c tests/faults/allocation.h tests/library/tap.h $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude -o $@ tests/faults/leaks.c tests/faults/allocation.c $(B)/libatomicdir.a

$(B)/faults/allocation.so: tests/faults/allocation.c tests/faults/allocation.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) -fPIC -shared -o $@ $<

check: $(FAULTS)

check-faults: all $(FAULTS)
	@SAN='$(SAN)' FAULTS_SHARE=1 ATTACKS=1000 prove --verbose --exec '' tests/faults.sh tests/attackers.sh tests/scarcity.sh

.PHONY: check-faults
