# SPDX-License-Identifier: ISC

# What this build was told, for `make install`. Written only where it differs, since a newer one would be another build.
SETTINGS = PREFIX BINDIR LIBDIR LIBEXECDIR INCLUDEDIR MANDIR DATADIR CFLAGS LDFLAGS SAN WERROR
$(B)/settings.mk: FORCE
	@mkdir -p $(B)
	@{ printf '%s\n' 'ifeq ($$(origin CC),default)' 'CC = $(CC)' endif; \
		printf '%s ?= %s\n' $(foreach name,$(SETTINGS),$(name) '$(value $(name))'); } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(B)/atomicdir.pc: $(B)/settings.mk
	printf '%s\n' 'Name: atomicdir' 'Description: fill a directory atomically' 'Version: $(VERSION)' \
		'Cflags: -I$(INCLUDEDIR)' 'Libs: -L$(LIBDIR) -latomicdir' > $@

# Completion for shells: each program answers what can be typed next, and a script for each shell asks it.
BASH_COMPLETIONS ?= $(DATADIR)/bash-completion/completions
ZSH_COMPLETIONS ?= $(DATADIR)/zsh/site-functions
FISH_COMPLETIONS ?= $(DATADIR)/fish/vendor_completions.d
COMPLETED = atomicdir secretdir
COMPLETIONS = $(foreach name,$(COMPLETED),$(B)/completion/bash/$(name) $(B)/completion/zsh/_$(name) $(B)/completion/fish/$(name).fish)
all: $(COMPLETIONS)
# completion FILE,PROGRAM,SHELL
define completion
$(B)/completion/$(1): tools/completion/$(3).in
	@mkdir -p $$(@D)
	sed 's/@PROGRAM@/$(2)/g' $$< >$$@
endef
$(foreach name,$(COMPLETED),$(eval $(call completion,bash/$(name),$(name),bash)))
$(foreach name,$(COMPLETED),$(eval $(call completion,zsh/_$(name),$(name),zsh)))
$(foreach name,$(COMPLETED),$(eval $(call completion,fish/$(name).fish,$(name),fish)))

MANUAL_SECTIONS = 1 3 5 7
manuals_in = $(patsubst man/%,$(MANDIR)/man$(1)/%,$(wildcard man/*.$(1)))

#: install          to $(DESTDIR)$(PREFIX); after `make PREFIX=...` it builds nothing and needs no PREFIX
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBEXECDIR)/atomicdir $(DESTDIR)$(INCLUDEDIR) \
		$(MANUAL_SECTIONS:%=$(DESTDIR)$(MANDIR)/man%) $(DESTDIR)$(BASH_COMPLETIONS) $(DESTDIR)$(ZSH_COMPLETIONS) $(DESTDIR)$(FISH_COMPLETIONS)
	install -m 755 $(B)/atomicdir $(DESTDIR)$(BINDIR)
	install -m 711 $(B)/secretdir $(DESTDIR)$(BINDIR)
	install -m 711 $(HELPERS) $(DESTDIR)$(LIBEXECDIR)/atomicdir
	install -m 644 include/atomicdir.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(B)/libatomicdir.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(B)/libatomicdir.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libatomicdir.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libatomicdir.so.0
	ln -sf libatomicdir.so.0 $(DESTDIR)$(LIBDIR)/libatomicdir.so
	install -m 644 $(B)/atomicdir.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	for section in $(MANUAL_SECTIONS); do install -m 644 man/*.$$section $(DESTDIR)$(MANDIR)/man$$section || exit 1; done
	install -m 644 $(COMPLETED:%=$(B)/completion/bash/%) $(DESTDIR)$(BASH_COMPLETIONS)
	install -m 644 $(COMPLETED:%=$(B)/completion/zsh/_%) $(DESTDIR)$(ZSH_COMPLETIONS)
	install -m 644 $(COMPLETED:%=$(B)/completion/fish/%.fish) $(DESTDIR)$(FISH_COMPLETIONS)

#: uninstall        removes what install put there
INSTALLED = $(addprefix $(BINDIR)/,atomicdir secretdir) $(HELPERS:$(B)/libexec/%=$(LIBEXECDIR)/%) $(INCLUDEDIR)/atomicdir.h \
	$(addprefix $(LIBDIR)/,libatomicdir.a libatomicdir.so libatomicdir.so.0 libatomicdir.so.$(VERSION) pkgconfig/atomicdir.pc) \
	$(foreach section,$(MANUAL_SECTIONS),$(call manuals_in,$(section))) $(COMPLETED:%=$(BASH_COMPLETIONS)/%) \
	$(COMPLETED:%=$(ZSH_COMPLETIONS)/_%) $(COMPLETED:%=$(FISH_COMPLETIONS)/%.fish)
uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))

.PHONY: install uninstall
