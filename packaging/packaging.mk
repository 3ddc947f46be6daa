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

# ---- A release ----

DIST ?= $(B)/dist
#: dist             the release's tarball and its checksum, in build/dist; the same commit gives the same bytes
dist:
	@tools/dist.sh atomicdir-$(VERSION) $(DIST)

#: distcheck        makes the tarball, unpacks it, builds, runs a share of the tests, installs and uninstalls
distcheck:
	@unset MAKEFLAGS MAKELEVEL; $(PROVE) --jobs 1 tests/distribution/dist.sh

# ---- Static programs, and an image of them ----

# musl's compiler does not look where Linux' headers are: they belong to no C library.
MUSL_CC ?= musl-gcc
MUSL_LINUX = $(B)/static/linux
$(MUSL_LINUX):
	@command -v $(MUSL_CC) >/dev/null 2>&1 || { echo "make: $(MUSL_CC) is not installed (Debian: musl-tools)" >&2; exit 1; }
	@mkdir -p $@
	for directory in linux asm asm-generic; do \
		for place in /usr/include /usr/include/$$(gcc -print-multiarch); do \
			[ ! -d $$place/$$directory ] || ln -sfn $$place/$$directory $@/$$directory; \
		done; \
	done
STATIC_FLAGS = CC='$(MUSL_CC)' B=$(B)/static SAN= LDFLAGS='-static -s' \
	CFLAGS='-O2 -ffunction-sections -fdata-sections -Wl,--gc-sections -ffile-prefix-map=$(CURDIR)=. -idirafter $(CURDIR)/$(MUSL_LINUX)'

#: static           atomicdir and secretdir that need no shared library, with musl, in build/static
static: $(MUSL_LINUX)
	$(MAKE) $(STATIC_FLAGS) LIBEXECDIR=/usr/libexec $(B)/static/atomicdir $(B)/static/secretdir

# The helpers keep their shared libraries, which go into the image with them.
IMAGE_FLAGS = B=$(B)/image-build SAN= PREFIX=/usr CFLAGS='-O2 -ffile-prefix-map=$(CURDIR)=.' LDFLAGS=-s
#: image            an image for containers (OCI) of the static programs and their helpers, and what is in it (SPDX), in build/image
image: static
	$(MAKE) $(IMAGE_FLAGS) helpers
	packaging/container/image.py --version $(VERSION) --epoch "$$(tools/epoch.sh)" --programs $(B)/static \
		--libc "$$(echo 'int main(void) { return 0; }' | $(MUSL_CC) -static -Wl,--trace -x c -o /dev/null - | grep -m 1 'libc\.a$$')" \
		--helpers $(B)/image-build/libexec/atomicdir --output $(B)/image

#: check-image      builds the image twice, compares the bytes, and runs what is in it
check-image:
	@unset MAKEFLAGS MAKELEVEL; $(PROVE) --jobs 1 tests/distribution/image.sh

#: check-ports      the core with musl, on 32 bits, on arm64 and on s390x, as compilers and qemu-user are here; PORTS="musl ..." only those
check-ports: export PORTS := $(PORTS)
check-ports: all
	@unset MAKEFLAGS MAKELEVEL; $(PROVE) --jobs 1 tests/distribution/ports.sh

.PHONY: check-ports deb check-packages dist distcheck static image check-image
