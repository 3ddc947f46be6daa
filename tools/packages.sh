# SPDX-License-Identifier: ISC
# Sourced by ./check and ./demo: installs what the distribution's packages lack here, and says so. need COMMAND-OR-FILE PACKAGE
# Packages, as a shell reads them: what is asked for is pasted into one.
missing=
need() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac || missing="$missing $2"
}
# As need, where the distribution has such a package; what it has is not known before the first apt-get update.
may_need() {
	if command -v "$1" >/dev/null 2>&1; then return; fi
	if [ -n "$missing" ] || apt-cache show "$2" >/dev/null 2>&1; then missing="$missing '?exact-name($2)'"; fi
}
# A header may stand in /usr/include or in a directory of the machine's architecture.
need_header() {
	for header in /usr/include/"$1" /usr/include/*/"$1"; do
		[ ! -e "$header" ] || return 0
	done
	missing="$missing $2"
}
install_missing() {
	[ -n "$missing" ] || return 0
	root=
	if [ "$(id -u)" != 0 ]; then
		root=sudo
		command -v sudo >/dev/null 2>&1 || {
			echo "$0: as root, run: apt-get update && apt-get install --no-install-recommends$missing" >&2
			exit 1
		}
	fi
	echo "$0: installing$missing"
	$root apt-get update -qq
	eval "$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing" >/dev/null
}
need make make
need pkg-config pkg-config
need gcc gcc
need objcopy binutils
need python3 python3
need openssl openssl
need /etc/ssl/certs/ca-certificates.crt ca-certificates
need_header errno.h libc6-dev
need_header curl/curl.h libcurl4-openssl-dev
need_header yajl/yajl_parse.h libyajl-dev
need_header yaml.h libyaml-dev
need_header expat.h libexpat1-dev
need_header openssl/x509.h libssl-dev
need_header seccomp.h libseccomp-dev
