# SPDX-License-Identifier: ISC
# The harness of power cuts; and the program that can be broken on purpose (src/base/broken.h), which the harness must catch.

POWER_CFLAGS := $(shell pkg-config --cflags fuse3 2>/dev/null)
POWER_LIBS := $(shell pkg-config --libs fuse3 2>/dev/null)
POWER = $(B)/power/power $(B)/broken/power

$(B)/power/harness.o: $(wildcard tests/power/*.[ch] tests/support/tree.[ch]) include/atomicdir.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude -Itests $(POWER_CFLAGS) -r -nostdlib -o $@ $(filter %.c,$^)

$(B)/power/power: $(B)/power/harness.o $(B)/libatomicdir.a
	$(LINK) -o $@ $^ $(POWER_LIBS)

broken_objects_of = $(patsubst $(B)/objects/%,$(B)/broken/objects/%,$(1))
$(B)/broken/libatomicdir.a: $(call broken_objects_of,$(OBJECTS))
	$(CC) -r -nostdlib -o $(@D)/libatomicdir.o $^
	$(OBJCOPY) --localize-hidden $(@D)/libatomicdir.o
	rm -f $@
	$(AR) rcs $@ $(@D)/libatomicdir.o

# The judge's own calls are broken with it, so that recovery is as wrong after the cut as before.
$(B)/broken/power: $(B)/power/harness.o $(B)/broken/libatomicdir.a
	$(LINK) -o $@ $^ $(POWER_LIBS)

$(B)/broken/atomicdir: $(call broken_objects_of,$(PROGRAM_OBJECTS)) $(B)/broken/libatomicdir.a
	$(LINK) -o $@ $^

# What is missed where entries are held against the live generation has nothing to do with power, but with these points.
$(B)/broken/held_test: tests/library/held_test.c tests/tap.h $(B)/broken/libatomicdir.a
	$(LINK) -Iinclude -Itests -o $@ tests/library/held_test.c $(B)/broken/libatomicdir.a

# Without libfuse3 the rules of durability still need the broken program.
$(B)/broken/publish: tests/support/publish.c tests/support/tree.c tests/support/tree.h $(B)/broken/libatomicdir.a
	$(LINK) -Iinclude -o $@ tests/support/publish.c tests/support/tree.c $(B)/broken/libatomicdir.a

power: all $(B)/publish $(B)/broken/publish $(B)/broken/atomicdir $(B)/broken/held_test $(if $(POWER_LIBS),$(POWER))

PREPARE_power = power

#: check-power      power cuts: 100,000 states and more; MOST=N states of each scenario, 0: all
check-power: power
	@tests/power/run.sh $(MOST)

.PHONY: power check-power
