# SPDX-License-Identifier: ISC
# What others install: packages. packaging/README.md says what is in this directory.

#: deb              Debian packages, in build/deb; needs debhelper
deb:
	@packaging/deb.sh $(B)/deb

# Where fresh roots are kept from one run to the next.
CACHE ?= $(CURDIR)/$(B)/cache

#: check-packages   builds the packages twice; installs, runs, upgrades and removes them in a fresh root; SUITE=bookworm or another
check-packages: export SUITE := $(or $(SUITE),bookworm)
check-packages: export CACHE := $(CACHE)
check-packages:
	@unset MAKEFLAGS MAKELEVEL; $(PROVE) tests/distribution/packages.sh

.PHONY: deb check-packages
