# SPDX-License-Identifier: ISC
# The harness of power cuts, and it again with a product in which one thing is wrong: that it must catch.

POWER_CFLAGS := $(shell pkg-config --cflags fuse3 2>/dev/null)
POWER_LIBS := $(shell pkg-config --libs fuse3 2>/dev/null)
POWER = $(B)/power/power
BROKEN = $(patsubst tests/power/broken/%.sed,$(B)/power/broken/%/power,$(wildcard tests/power/broken/*.sed))

$(B)/power/harness.o: $(wildcard tests/power/*.[ch]) include/atomicdir.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude $(POWER_CFLAGS) -r -nostdlib -o $@ $(filter %.c,$^)

$(POWER): $(B)/power/harness.o $(B)/libatomicdir.a
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(POWER_LIBS)

# One source, as the script makes it wrong, in place of the right one; what does not change it is an error.
broken_source = $(shell sed -n '1s/^\# in src\/\([a-z/]*\)\.c:.*/\1/p' $(1))
$(B)/power/broken/%/power: tests/power/broken/%.sed $(B)/power/harness.o $(PROGRAM_OBJECTS) $(OBJECTS)
	@mkdir -p $(@D)
	sed -f $< src/$(call broken_source,$<).c > $(@D)/broken.c
	! cmp -s src/$(call broken_source,$<).c $(@D)/broken.c
	$(CC) $(ALL_CFLAGS) -w -Iinclude -I$(B)/layers/dir -c -o $(@D)/broken.o $(@D)/broken.c
	$(CC) $(ALL_CFLAGS) -o $(@D)/atomicdir $(filter-out $(B)/objects/$(call broken_source,$<).o,$(sort $(PROGRAM_OBJECTS) $(OBJECTS))) $(@D)/broken.o
	$(CC) $(ALL_CFLAGS) -o $@ $(B)/power/harness.o $(filter-out $(B)/objects/$(call broken_source,$<).o,$(OBJECTS)) $(@D)/broken.o $(POWER_LIBS)

power: all $(POWER) $(BROKEN)

check-power: power
	@tests/power/run.sh $(MOST)

.PHONY: power check-power
