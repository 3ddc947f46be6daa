# SPDX-License-Identifier: ISC
# tests/README.md says what is where.

LIBRARY_TESTS = $(patsubst tests/library/%.c,$(B)/tests/%,$(wildcard tests/library/*_test.c))
UNIT_TESTS = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))
# What the other scripts are parts of, and what has a target of its own.
TEST_PARTS = tests/aws/% tests/distribution/% tests/power/run.sh tests/packaging/boot.sh tests/packaging/init.sh
TEST_SCRIPTS = tests/aws/selftest.py fuzz/fuzz.sh $(filter-out $(TEST_PARTS),$(wildcard tests/*/*.sh))
# Several run at once, the longest first, so that none of them is left to run alone at the end.
LONG_TESTS = tests/power/power.sh tests/race/race.sh tests/secretdir/fetching.sh tests/model/model.sh tests/secretdir/credentials.sh tests/soak/soak.sh \
	tests/faults/faults.sh tests/secretdir/secretdir.sh tests/consumers/consumers.sh
ALL_TESTS = $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(LIBRARY_TESTS) $(UNIT_TESTS) $(TEST_SCRIPTS))
# One more than there are processors, since most of them wait most of the time.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

$(B)/tests/%: tests/library/%.c tests/tap.h $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -Itests -o $@ $< $(B)/libatomicdir.a -pthread

# Publishes by the library's calls, for harnesses that start programs.
$(B)/publish: tests/support/publish.c tests/support/tree.c tests/support/tree.h $(B)/libatomicdir.a
	$(LINK) -Iinclude -o $@ tests/support/publish.c tests/support/tree.c $(B)/libatomicdir.a

# A unit test sees every layer, and takes what it calls from an archive of all that is no main.
INSIDE_LAYERS = $(LAYERS)
INSIDE_OBJECTS = $(filter-out %/main.o $(HELPER_MAINS:src/%.c=$(B)/objects/%.o),$(call objects_of,$(INSIDE_LAYERS)))
$(B)/unit/libinside.a: $(INSIDE_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	$(AR) qcs $@ $(INSIDE_OBJECTS)

$(B)/unit/%: tests/unit/%.c tests/tap.h $(B)/unit/libinside.a
	@mkdir -p $(@D)
	$(LINK) -Iinclude -Isrc -Itests -o $@ $< $(B)/unit/libinside.a $(UNIT_LIBS)
$(B)/unit/sandbox_test: UNIT_LIBS = $(SECCOMP_LIBS) -pthread

# A test has a NAME, that of its file, and a SUBJECT, that of its directory. What is built for a subject is in PREPARE_SUBJECT.
subject_of = $(patsubst tests,library,$(notdir $(patsubst %/,%,$(dir $(1)))))
names_of = $(basename $(notdir $(1))) $(call subject_of,$(1))/
TESTS ?= %
CHOSEN = $(strip $(foreach test,$(ALL_TESTS),\
	$(if $(filter $(TESTS),$(call names_of,$(test))),$(test))))
# A program that runs others where system calls are missing.
$(B)/without: tests/secretdir/without.c $(B)/needs
	$(LINK) $(PACKAGES_CFLAGS) -o $@ $< $(SECCOMP_LIBS)
$(B)/rounds: tests/secretdir/rounds.c $(B)/unit/libinside.a
	$(LINK) -Iinclude -Isrc -o $@ $< $(B)/unit/libinside.a
# listener_test is also a supervisor that only hears.
PREPARE_secretdir = $(B)/without $(B)/rounds $(B)/unit/sandbox_test $(B)/unit/listener_test $(B)/fleet
# order.sh runs it.
PREPARE_model = $(B)/publish
PREPARE_package = $(B)/torn $(B)/rotation
PREPARED = $(filter $(B)/%,$(CHOSEN)) $(foreach subject,$(sort $(foreach test,$(CHOSEN),$(call subject_of,$(test)))),$(PREPARE_$(subject)))
# Seconds after which a test counts as hanging and is ended, with status 124; all that it started ends, also when prove is interrupted.
LIMIT ?= 780
# Each test's output is printed as a whole when it ends.
PROVE = CC='$(CC)' SAN='$(SAN)' prove --formatter TAP::Formatter::File --verbose --timer --jobs $(JOBS) \
	--exec 'setpriv --pdeathsig TERM timeout --kill-after 10 $(LIMIT)'

ifneq ($(filter check,$(MAKECMDGOALS)),)
UNKNOWN = $(strip $(foreach word,$(TESTS),$(if $(filter $(word),$(foreach test,$(ALL_TESTS),$(call names_of,$(test)))),,$(word))))
$(if $(UNKNOWN),$(error no test has the name or the SUBJECT/ "$(UNKNOWN)"; see tests/README.md))
endif

#: check            every test, JOBS=N at once (one more than there are processors); TESTS="NAME SUBJECT/ ..." only those; LIMIT=SECONDS for each
check: all $(PREPARED)
	@unset MAKEFLAGS MAKELEVEL; $(PROVE) $(CHOSEN)

#: check-wait       a million swaps against a waiter, of which check makes 20,000; SWAPS=N others
check-wait: export WAIT_SWAPS = $(or $(SWAPS),1000000)
check-wait: $(B)/tests/wait_test
	@$(PROVE) --jobs 1 $(B)/tests/wait_test

#: check-abi        the symbols, structs and constants that programs rely on are those of tests/package/abi.tsv; make abi adds new ones
check-abi: all
	@$(PROVE) --jobs 1 tests/package/abi.sh

#: abi              adds what is new in atomicdir.h to tests/package/abi.tsv
abi:
	@CC='$(CC)' tests/package/abi.sh --add

.PHONY: check check-wait check-abi abi
