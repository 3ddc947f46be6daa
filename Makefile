# SPDX-License-Identifier: ISC
#
# make                     the library, the commands and their fetchers, at build/
# make check               every test; WERROR=1 makes warnings errors, SAN=address,undefined builds with sanitizers
# make check-faults        every fault: 31,000 system calls and 18,000 allocations that fail; make check takes a share
# make check-power         power cuts: 100,000 states and more; MOST=n states of each scenario, 0: all
# make install             to $(DESTDIR)$(PREFIX); uninstall likewise
# Nothing here installs a package: ./check does.

VERSION = 0.1.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
CC ?= cc
CFLAGS ?= -O2 -g
SAN ?=
WERROR ?=

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef \
	-Wformat=2 -Wvla $(if $(WERROR),-Werror)
HARDENING = -fstack-protector-strong $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) $(HARDENING)
B = build

# A layer sees the public header, itself, and what is below it: each has its own root of includes.
LAYERS = base dir process command atomicdir secretdir json aws identity fetch spec
SEES_base = base
SEES_dir = base dir
SEES_process = base process
SEES_command = base process command
SEES_atomicdir = base process command atomicdir
SEES_secretdir = base process command secretdir
SEES_json = base json
SEES_aws = base json aws
SEES_identity = base process json aws identity
SEES_fetch = base process json aws fetch
SEES_spec = base json spec
ROOTS = $(LAYERS:%=$(B)/layers/%)

objects_of = $(patsubst src/%.c,$(B)/objects/%.o,$(wildcard $(1:%=src/%/*.c)))
OBJECTS = $(call objects_of,base dir)
PROCESS_OBJECTS = $(call objects_of,base process)
PROGRAM_OBJECTS = $(call objects_of,base command atomicdir)
SECRETDIR_OBJECTS = $(call objects_of,base command secretdir)
# The programs that secretdir starts: src/LAYER/main_NAME.c is LAYER-NAME. All else that the layer sees is an archive, from which
# each takes what it uses.
HELPER_LAYERS = identity fetch spec
HELPER_MAINS = $(wildcard $(HELPER_LAYERS:%=src/%/main_*.c))
HELPERS = $(foreach main,$(HELPER_MAINS),$(B)/libexec/atomicdir/$(patsubst src/%,%,$(subst /main_,-,$(main:.c=))))
HELPER_OBJECTS = $(call objects_of,$(sort $(foreach layer,$(HELPER_LAYERS),$(SEES_$(layer)))))
.SECONDARY: $(HELPER_MAINS:src/%.c=$(B)/objects/%.o)
LIBS_identity-aws = -lyajl
LIBS_identity-net = -lyajl -lcurl -lexpat
LIBS_fetch-file = -lyajl
LIBS_fetch-aws = -lyajl -lcurl
LIBS_spec-yaml = -lyaml

all: $(B)/libatomicdir.a $(B)/libatomicdir.so $(B)/atomicdir.pc $(B)/atomicdir $(B)/secretdir $(HELPERS)

# What the compiler must find; named by package where it does not.
NEEDS = curl/curl.h:libcurl4-openssl-dev yajl/yajl_parse.h:libyajl-dev yaml.h:libyaml-dev \
	expat.h:libexpat1-dev openssl/evp.h:libssl-dev
$(B)/needs: $(B)/flags
	@missing=; for need in $(NEEDS); do \
		echo "#include <$${need%%:*}>" | $(CC) -E - >/dev/null 2>&1 || missing="$$missing $${need#*:}"; done; \
	[ -z "$$missing" ] || { echo "make: missing:$$missing (Debian's and Ubuntu's names; ./check installs them)" >&2; exit 1; }
	@touch $@
$(filter-out $(call objects_of,base process),$(HELPER_OBJECTS)): $(B)/needs

$(ROOTS): $(B)/layers/%: Makefile
	rm -rf $@ && mkdir -p $@
	for layer in $(SEES_$*); do ln -sfn "$(CURDIR)/src/$$layer" $@/$$layer; done

# Another compiler or other flags are another build.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(ALL_CFLAGS) $(LIBEXECDIR)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(LIBEXECDIR)' > $@

# layer NAME,OBJECTS,FLAGS
define layer
$(2)/$(1)/%.o: src/$(1)/%.c $(B)/flags | $(B)/layers/$(1)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $(3) -fPIC -fvisibility=hidden -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -Iinclude \
		-include src/dir/export.h -I$(B)/layers/$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach name,$(LAYERS),$(eval $(call layer,$(name),$(B)/objects,)))
$(foreach name,$(LAYERS),$(eval $(call layer,$(name),$(B)/broken/objects,-DATOMICDIR_BROKEN_POINTS)))

# One object in which everything but the public calls is local: programs may use the same names.
$(B)/libatomicdir.a: $(OBJECTS)
	$(CC) -r -nostdlib -o $(B)/libatomicdir.o $(OBJECTS)
	objcopy --localize-hidden $(B)/libatomicdir.o
	rm -f $@
	ar rcs $@ $(B)/libatomicdir.o

$(B)/libatomicdir.so: $(OBJECTS) src/dir/libatomicdir.map
	$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libatomicdir.so.0 -Wl,--version-script,src/dir/libatomicdir.map \
		-Wl,-z,relro,-z,now $(if $(SAN),,-Wl,-z,defs) -o $(B)/libatomicdir.so.$(VERSION) $(OBJECTS)
	ln -sf libatomicdir.so.$(VERSION) $(B)/libatomicdir.so.0
	ln -sf libatomicdir.so.0 $@

$(B)/atomicdir: $(PROGRAM_OBJECTS) $(B)/libatomicdir.a
	$(CC) $(ALL_CFLAGS) -Wl,-z,relro,-z,now -o $@ $(PROGRAM_OBJECTS) $(B)/libatomicdir.a

$(B)/secretdir: $(SECRETDIR_OBJECTS) $(B)/libatomicdir.a
	$(CC) $(ALL_CFLAGS) -Wl,-z,relro,-z,now -o $@ $(SECRETDIR_OBJECTS) $(B)/libatomicdir.a

define helper_layer
$(B)/lib$(1).a: $(filter-out $(B)/objects/$(1)/main_%,$(call objects_of,$(SEES_$(1))))
	rm -f $$@
	ar rcs $$@ $$^
$(B)/libexec/atomicdir/$(1)-%: $(B)/objects/$(1)/main_%.o $(B)/lib$(1).a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) -Wl,-z,relro,-z,now -o $$@ $$^ $$(LIBS_$(1)-$$*)
endef
$(foreach name,$(HELPER_LAYERS),$(eval $(call helper_layer,$(name))))

# Made anew each time: PREFIX may differ between a build and its installation.
$(B)/atomicdir.pc: FORCE
	@mkdir -p $(B)
	printf '%s\n' 'Name: atomicdir' 'Description: fill a directory atomically' 'Version: $(VERSION)' \
		'Cflags: -I$(INCLUDEDIR)' 'Libs: -L$(LIBDIR) -latomicdir' > $@

TESTS = $(patsubst tests/library/%.c,$(B)/tests/%,$(wildcard tests/library/*_test.c)) \
	$(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))

$(B)/tests/%: tests/library/%.c tests/library/tap.h $(B)/libatomicdir.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude -o $@ $< $(B)/libatomicdir.a -pthread

include tests/race/race.mk

# What is inside: with the objects themselves, since the archive shows the public calls only.
$(B)/unit/%: tests/unit/%.c tests/library/tap.h $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude -I$(B)/layers/dir -Itests/library -o $@ $< $(OBJECTS)

$(B)/unit/process_test: tests/unit/process_test.c tests/library/tap.h $(PROCESS_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iinclude -I$(B)/layers/process -Itests/library -o $@ $< $(PROCESS_OBJECTS)

$(B)/torn: examples/torn.c $(B)/libatomicdir.a
	$(CC) $(ALL_CFLAGS) -Iinclude -o $@ $< $(B)/libatomicdir.a -pthread

$(B)/rotation: examples/rotation.c
	$(CC) $(ALL_CFLAGS) -o $@ $<

demo: all $(B)/torn $(B)/rotation
	@$(B)/torn
	@sh examples/demo.sh

$(B)/bench: bench/bench.c bench/ways.c bench/ways.h $(B)/libatomicdir.a
	$(CC) $(ALL_CFLAGS) -Iinclude -o $@ bench/bench.c bench/ways.c $(B)/libatomicdir.a

$(B)/batches: bench/batches.c $(B)/libfetch.a
	$(CC) $(ALL_CFLAGS) -Iinclude -I$(B)/layers/fetch -o $@ bench/batches.c $(B)/libfetch.a $(LIBS_fetch-aws)

bench: all $(B)/bench $(B)/batches
	@bench/run.sh
	@bench/fetch.sh

include tests/power/power.mk
include tests/faults/faults.mk

check: all $(TESTS) $(B)/torn $(B)/rotation
	@CC='$(CC)' SAN='$(SAN)' prove --verbose --exec '' $(TESTS) tests/aws/selftest.py $(filter-out tests/tap.sh,$(wildcard tests/*.sh))

install: all
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 man/atomicdir.1 man/secretdir.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/libatomicdir.3 $(DESTDIR)$(PREFIX)/share/man/man3
	install -d $(DESTDIR)$(LIBEXECDIR)/atomicdir
	install -m 755 $(B)/atomicdir $(B)/secretdir $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(HELPERS) $(DESTDIR)$(LIBEXECDIR)/atomicdir
	install -m 644 include/atomicdir.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(B)/libatomicdir.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(B)/libatomicdir.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libatomicdir.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libatomicdir.so.0
	ln -sf libatomicdir.so.0 $(DESTDIR)$(LIBDIR)/libatomicdir.so
	install -m 644 $(B)/atomicdir.pc $(DESTDIR)$(LIBDIR)/pkgconfig

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/atomicdir $(DESTDIR)$(PREFIX)/bin/secretdir \
		$(HELPERS:$(B)/libexec/%=$(DESTDIR)$(LIBEXECDIR)/%) $(DESTDIR)$(PREFIX)/share/man/man1/atomicdir.1 $(DESTDIR)$(PREFIX)/share/man/man1/secretdir.1 $(DESTDIR)$(PREFIX)/share/man/man3/libatomicdir.3 $(DESTDIR)$(INCLUDEDIR)/atomicdir.h $(DESTDIR)$(LIBDIR)/pkgconfig/atomicdir.pc $(DESTDIR)$(LIBDIR)/libatomicdir.a \
		$(DESTDIR)$(LIBDIR)/libatomicdir.so $(DESTDIR)$(LIBDIR)/libatomicdir.so.0 $(DESTDIR)$(LIBDIR)/libatomicdir.so.$(VERSION)

clean:
	rm -rf $(B)

FORCE:

.PHONY: all check demo bench install uninstall clean FORCE
include fuzz/fuzz.mk
-include $(wildcard $(B)/broken/objects/*/*.d)
-include $(sort $(OBJECTS:.o=.d) $(PROGRAM_OBJECTS:.o=.d) $(SECRETDIR_OBJECTS:.o=.d) \
	$(HELPER_OBJECTS:.o=.d))
