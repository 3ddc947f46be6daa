# SPDX-License-Identifier: ISC
# A target is NAME_fuzz.c with its seeds in corpus/NAME, and NAME.dict if there are words that it should know. With clang's
# libFuzzer it explores; without, the ordinary compiler builds the same targets, which then only replay their corpora.

FUZZ_CLANG ?= clang
FUZZ_NAMES = $(patsubst fuzz/%_fuzz.c,%,$(wildcard fuzz/*_fuzz.c))
TARGETS ?= $(FUZZ_NAMES)

# Asked once, and only where something of this is built.
explores = $(eval explores := $(shell echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	$(FUZZ_CLANG) -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2>/dev/null && echo yes))$(explores)
FUZZ_CC = $(if $(explores),$(FUZZ_CLANG),$(CC))
FUZZ_SANITIZERS = $(if $(explores),fuzzer-no-link$(comma))address,undefined
FUZZ_CFLAGS = -std=gnu11 -D_GNU_SOURCE -O1 -g $(WARNINGS) -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=$(FUZZ_SANITIZERS)
FUZZ_DRIVER = $(if $(explores),-fsanitize=fuzzer,$(B)/fuzz/replay.o)
FUZZ_LIBS = $(sort $(foreach program,$(notdir $(HELPERS)),$(LIBS_$(program)))) -pthread
comma := ,

fuzz_objects_of = $(patsubst src/%.c,$(B)/fuzz/objects/%.o,$(filter-out src/$1/main%,$(wildcard src/$1/*.c)))
FUZZ_OBJECTS = $(foreach layer,$(LAYERS),$(call fuzz_objects_of,$(layer)))
FUZZ_SUPPORT = $(patsubst fuzz/support/%.c,$(B)/fuzz/support/%.o,$(wildcard fuzz/support/*.c))
.SECONDARY: $(FUZZ_NAMES:%=$(B)/fuzz/%_fuzz.o)

$(B)/fuzz/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(FUZZ_CC) $(FUZZ_CFLAGS)' | cmp -s - $@ || echo '$(FUZZ_CC) $(FUZZ_CFLAGS)' > $@

define fuzz_layer
$(B)/fuzz/objects/$(1)/%.o: src/$(1)/%.c $(B)/fuzz/flags | $(B)/layers/$(1)
	@mkdir -p $$(@D)
	$$(FUZZ_CC) $$(FUZZ_CFLAGS) -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -Iinclude -I$(B)/layers/$(1) $$(PACKAGES_CFLAGS) \
		-MMD -MP -c -o $$@ $$<
endef
$(foreach name,$(LAYERS),$(eval $(call fuzz_layer,$(name))))
$(foreach layer,json sandbox aws $(HELPER_LAYERS),$(call fuzz_objects_of,$(layer))): $(B)/needs

# A target sees every layer: it stands where the outside stands.
$(B)/fuzz/%.o: fuzz/%.c $(B)/fuzz/flags
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(PACKAGES_CFLAGS) -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -Iinclude -Isrc -Ifuzz -MMD -MP -c -o $@ $<

$(B)/fuzz/libproduct.a: $(FUZZ_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $(FUZZ_OBJECTS)

$(B)/fuzz/libsupport.a: $(FUZZ_SUPPORT)
	rm -f $@
	$(AR) rcs $@ $(FUZZ_SUPPORT)

FUZZERS = $(FUZZ_NAMES:%=$(B)/fuzz/%)
$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/%_fuzz.o $(B)/fuzz/replay.o $(B)/fuzz/libsupport.a $(B)/fuzz/libproduct.a
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(LDFLAGS) -o $@ $< $(FUZZ_DRIVER) $(B)/fuzz/libsupport.a $(B)/fuzz/libproduct.a $(FUZZ_LIBS)

PREPARE_fuzz = $(FUZZERS)

#: fuzz             TARGETS (all) go on from their corpora for SECONDS (60) each
fuzz: $(TARGETS:%=$(B)/fuzz/%)
	@fuzz/run.sh explore $(or $(SECONDS),60) $(TARGETS)

#: fuzz-merge       what is worth keeping of what they found goes into their corpora
fuzz-merge: $(TARGETS:%=$(B)/fuzz/%)
	@fuzz/run.sh merge $(TARGETS)

.PHONY: fuzz fuzz-merge
-include $(wildcard $(B)/fuzz/*.d $(B)/fuzz/support/*.d $(B)/fuzz/objects/*/*.d)
