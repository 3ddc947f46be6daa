# SPDX-License-Identifier: ISC
# The tests of concurrency; `make check-race` runs the stress for five minutes.

# How long the stress takes.
SECONDS ?=
check: export RACE_SECONDS = $(or $(SECONDS),60)
check-race: export RACE_SECONDS = $(or $(SECONDS),300)

$(B)/race/witness: $(wildcard tests/race/*.[ch] tests/support/*.[ch]) $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -Itests -o $@ tests/race/witness.c tests/race/token.c tests/support/tree.c $(B)/libatomicdir.a

# And with the library that can be broken on purpose, which it must notice.
$(B)/race/names: tests/race/names.c $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -o $@ $^ -pthread
$(B)/race/readers: tests/race/readers.c $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -o $@ $^ -pthread
$(B)/broken/names: tests/race/names.c $(B)/broken/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -o $@ $^ -pthread

# The library from source, with each compiler that has a thread sanitizer; no other sanitizer goes with it.
RACE_TSAN_SOURCES = $(wildcard src/base/*.c src/dir/*.c)
$(B)/tsan/%/threads: tests/race/threads.c $(RACE_TSAN_SOURCES) $(wildcard src/base/*.h src/dir/*.h) include/atomicdir.h | $(B)/layers/dir
	@mkdir -p $(@D)
	$* -std=gnu11 -D_GNU_SOURCE -O1 -g $(WARNINGS) -fsanitize=thread -fPIC -Iinclude -I$(B)/layers/dir -include src/dir/export.h \
		-DVERSION='"$(VERSION)"' -o $@ tests/race/threads.c $(RACE_TSAN_SOURCES) -pthread

# Only the tests ask which compilers have one, since asking takes a moment.
ifneq ($(filter check check-race,$(MAKECMDGOALS)),)
RACE_TSAN := $(shell mkdir -p $(B)/tsan; echo 'int main(void) { return 0; }' > $(B)/tsan/probe.c; for compiler in gcc clang; do \
	$$compiler -fsanitize=thread -o $(B)/tsan/probe $(B)/tsan/probe.c 2>/dev/null && echo $(B)/tsan/$$compiler/threads; done)
endif
PREPARE_race = $(B)/race/witness $(B)/race/readers $(B)/race/names $(B)/broken/names $(RACE_TSAN)

#: check-race       threads under the thread sanitizer, and random processes for SECONDS (300), killed at random; SEED=N repeats
check-race: all $(B)/tests/fork_test $(PREPARE_race)
	@$(PROVE) --jobs 1 $(B)/tests/fork_test tests/race/race.sh

#: check-names      readers by name of volumes in which names come and go: SWAPS (100,000) with the default grace
SWAPS ?= 100000
check-names: $(B)/race/names
	@directory=$$(mktemp -d) && cd $$directory && $(abspath $(B))/race/names $(SWAPS) 100 -1; code=$$?; rm -rf $$directory; exit $$code

#: check-readers    10,000,000 looks (LOOKS) of readers with a pin, on ext4, tmpfs and overlayfs, while LINK is replaced as fast as can be
check: export READERS_LOOKS = 20000
check-readers: export READERS_LOOKS = $(or $(LOOKS),10000000)
check-readers: all $(B)/race/readers
	@$(PROVE) --jobs 1 tests/race/readers.sh
.PHONY: check-race check-names check-readers
