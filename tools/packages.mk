# SPDX-License-Identifier: ISC
# The libraries that the helpers link: from pkg-config, and where that does not know one, by the name that it has everywhere.

PKG_CONFIG ?= pkg-config
AR ?= ar
OBJCOPY ?= objcopy

libs_of = $(or $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null),$(2))
CURL_LIBS := $(call libs_of,libcurl,-lcurl)
YAJL_LIBS := $(call libs_of,yajl,-lyajl)
YAML_LIBS := $(call libs_of,yaml-0.1,-lyaml)
EXPAT_LIBS := $(call libs_of,expat,-lexpat)
CRYPTO_LIBS := $(call libs_of,libcrypto,-lcrypto)
SECCOMP_LIBS := $(call libs_of,libseccomp,-lseccomp)
PACKAGES_CFLAGS := $(foreach package,libcurl yajl yaml-0.1 expat libcrypto libseccomp,$(shell $(PKG_CONFIG) --cflags $(package) 2>/dev/null))

# What the compiler must find; where it does not, the package is named.
NEEDS = curl/curl.h:libcurl4-openssl-dev yajl/yajl_parse.h:libyajl-dev yaml.h:libyaml-dev \
	expat.h:libexpat1-dev openssl/x509.h:libssl-dev seccomp.h:libseccomp-dev
$(B)/needs: $(B)/flags
	@command -v $(PKG_CONFIG) >/dev/null 2>&1 || \
		echo "make: $(PKG_CONFIG) is not installed: libraries are searched only where the compiler looks by itself" >&2
	@missing=; for need in $(NEEDS); do \
		echo "#include <$${need%%:*}>" | $(CC) $(CFLAGS) $(PACKAGES_CFLAGS) -E - >/dev/null 2>&1 || missing="$$missing $${need#*:}"; \
	done; \
	[ -z "$$missing" ] || { echo "make: missing:$$missing (Debian's and Ubuntu's names; ./check installs them)" >&2; exit 1; }
	@touch $@
