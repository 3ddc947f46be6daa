# SPDX-License-Identifier: ISC
#
# `make help` lists the targets. What builds the product is here; what tests it, installs it and looks after its form is in the
# files that are included below. Nothing here installs a package: ./check does.

VERSION = 0.1.0
B = build

#: all              the library, the commands and their helpers, in build/ (the default)
all:

# `make install` takes what it is not told from the build before it, so that it installs what was built and builds nothing anew.
ifneq ($(filter install uninstall,$(MAKECMDGOALS)),)
-include $(wildcard $(B)/settings.mk)
endif
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
CFLAGS ?= -O2 -g
LDFLAGS ?=
SAN ?=
WERROR ?=
include tools/packages.mk

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef \
	-Wformat=2 -Wvla $(if $(WERROR),-Werror)
HARDENING = -fstack-protector-strong $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
# Times after 2038 and large files, also where a word has 32 bits.
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(HARDENING)
LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS)
LINK_PROGRAM = $(LINK) -Wl,-z,relro,-z,now

# ---- Layers ----

# A layer sees the public header, itself, and what is below it: each has its own root of includes.
LAYERS = base dir process command atomicdir secretdir json sandbox aws identity fetch listen spec certificate
SEES_base = base
SEES_dir = base dir
SEES_process = base process
SEES_command = base process command
SEES_atomicdir = base process command atomicdir
SEES_secretdir = base process command secretdir
SEES_json = base json
SEES_sandbox = base sandbox
SEES_aws = base json sandbox aws
SEES_identity = base process json sandbox aws identity
SEES_fetch = base process json sandbox aws fetch
SEES_listen = base process json sandbox aws listen
SEES_spec = base json sandbox spec
SEES_certificate = base sandbox certificate
ROOTS = $(LAYERS:%=$(B)/layers/%)

objects_of = $(patsubst src/%.c,$(B)/objects/%.o,$(wildcard $(1:%=src/%/*.c)))
OBJECTS = $(call objects_of,base dir)
PROCESS_OBJECTS = $(call objects_of,base process)
PROGRAM_OBJECTS = $(call objects_of,base process command atomicdir)
SECRETDIR_OBJECTS = $(call objects_of,base process command secretdir)
# The programs that secretdir starts: src/LAYER/main_NAME.c is LAYER-NAME. All else that the layer sees is an archive, from which
# each takes what it uses.
HELPER_LAYERS = identity fetch listen spec certificate
HELPER_MAINS = $(wildcard $(HELPER_LAYERS:%=src/%/main_*.c))
HELPERS = $(foreach main,$(HELPER_MAINS),$(B)/libexec/atomicdir/$(patsubst src/%,%,$(subst /main_,-,$(main:.c=))))
.SECONDARY: $(HELPER_MAINS:src/%.c=$(B)/objects/%.o)
LIBS_identity-aws = $(YAJL_LIBS)
LIBS_identity-net = $(YAJL_LIBS) $(CURL_LIBS) $(EXPAT_LIBS) $(SECCOMP_LIBS)
LIBS_fetch-file = $(YAJL_LIBS) $(SECCOMP_LIBS)
LIBS_fetch-aws = $(YAJL_LIBS) $(CURL_LIBS) $(SECCOMP_LIBS)
LIBS_listen-aws = $(YAJL_LIBS) $(CURL_LIBS) $(SECCOMP_LIBS)
LIBS_spec-yaml = $(YAML_LIBS) $(SECCOMP_LIBS)
LIBS_certificate-dates = $(CRYPTO_LIBS) $(SECCOMP_LIBS)

all: $(B)/libatomicdir.a $(B)/libatomicdir.so $(B)/atomicdir.pc $(B)/atomicdir $(B)/secretdir $(HELPERS) $(B)/settings.mk

# The layers that see a header of a package; the others need libc alone, and its compiler may be another one.
PACKAGED_LAYERS = json sandbox aws identity fetch listen spec certificate
$(call objects_of,$(PACKAGED_LAYERS)): $(B)/needs

helpers: $(HELPERS)

$(ROOTS): $(B)/layers/%: Makefile
	rm -rf $@
	mkdir -p $@
	for layer in $(SEES_$*); do ln -sfn "$(CURDIR)/src/$$layer" $@/$$layer; done

# Another compiler or other flags are another build.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(LINK) $(PACKAGES_CFLAGS) $(LIBEXECDIR)' | cmp -s - $@ || echo '$(LINK) $(PACKAGES_CFLAGS) $(LIBEXECDIR)' > $@

# layer NAME,OBJECTS,FLAGS
define layer
$(2)/$(1)/%.o: src/$(1)/%.c $(B)/flags | $(B)/layers/$(1)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $(3) -fPIC -fvisibility=hidden -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' -Iinclude \
		-include src/dir/export.h -I$(B)/layers/$(1) $(if $(filter $(1),$(PACKAGED_LAYERS)),$$(PACKAGES_CFLAGS)) -MMD -MP -c -o $$@ $$<
endef
$(foreach name,$(LAYERS),$(eval $(call layer,$(name),$(B)/objects,)))
$(foreach name,$(LAYERS),$(eval $(call layer,$(name),$(B)/broken/objects,-DATOMICDIR_BROKEN_POINTS)))

# ---- The library and the programs ----

# One object in which everything but the public calls is local: programs may use the same names. On i386 the compiler makes functions
# of its own, of which a program has one for all objects, unless the groups that they are in end here.
$(B)/libatomicdir.a: $(OBJECTS)
	$(CC) -r -nostdlib -Wl,--force-group-allocation -o $(B)/libatomicdir.o $(OBJECTS)
	$(OBJCOPY) --localize-hidden $(B)/libatomicdir.o
	rm -f $@
	$(AR) rcs $@ $(B)/libatomicdir.o

$(B)/libatomicdir.so: $(OBJECTS) src/dir/libatomicdir.map
	$(LINK) -shared -Wl,-soname,libatomicdir.so.0 -Wl,--version-script,src/dir/libatomicdir.map \
		-Wl,-z,relro,-z,now $(if $(SAN),,-Wl,-z,defs) -o $(B)/libatomicdir.so.$(VERSION) $(OBJECTS)
	ln -sf libatomicdir.so.$(VERSION) $(B)/libatomicdir.so.0
	ln -sf libatomicdir.so.0 $@

$(B)/atomicdir: $(PROGRAM_OBJECTS) $(B)/libatomicdir.a
	$(LINK_PROGRAM) -o $@ $(PROGRAM_OBJECTS) $(B)/libatomicdir.a

# The kernel keeps a program that its user may run and not read out of /proc and of debuggers from its first instruction on; what
# it does itself comes too late for who watches.
UNREADABLE = chmod 0711

$(B)/secretdir: $(SECRETDIR_OBJECTS) $(B)/libatomicdir.a
	$(LINK_PROGRAM) -o $@ $(SECRETDIR_OBJECTS) $(B)/libatomicdir.a
	$(UNREADABLE) $@

# helper_layer NAME
define helper_layer
$(B)/lib$(1).a: $(filter-out $(B)/objects/$(1)/main_%,$(call objects_of,$(SEES_$(1))))
	rm -f $$@
	$$(AR) rcs $$@ $$^
$(B)/libexec/atomicdir/$(1)-%: $(B)/objects/$(1)/main_%.o $(B)/lib$(1).a
	@mkdir -p $$(@D)
	$$(LINK_PROGRAM) -o $$@ $$^ $$(LIBS_$(1)-$$*)
	$$(UNREADABLE) $$@
endef
$(foreach name,$(HELPER_LAYERS),$(eval $(call helper_layer,$(name))))

# ---- All else ----

include tools/install.mk
include tools/form.mk
include packaging/packaging.mk
include examples/examples.mk
include bench/bench.mk
include tests/race/race.mk
include tests/soak/soak.mk
include tests/consumers/consumers.mk
include tests/power/power.mk
include tests/faults/faults.mk
include fuzz/fuzz.mk
include tests/tests.mk

#: helpers          the programs that secretdir starts, alone
#: clean            removes build/
clean:
	rm -rf $(B)

#: help             this list
help:
	@echo 'make TARGET [VARIABLE=VALUE...]'
	@sed -n 's/^#: /    /p' $(filter-out %.d %/settings.mk,$(MAKEFILE_LIST)) | sort
	@echo 'CC, AR, CFLAGS, LDFLAGS, PKG_CONFIG; PREFIX, BINDIR, LIBDIR, LIBEXECDIR, INCLUDEDIR, MANDIR, DATADIR, DESTDIR;'
	@echo 'WERROR=1: a warning is an error; SAN=address,undefined: with these sanitizers.'

FORCE:

.PHONY: all helpers clean help FORCE
-include $(wildcard $(B)/objects/*/*.d $(B)/broken/objects/*/*.d)
