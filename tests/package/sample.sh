#!/bin/sh
# SPDX-License-Identifier: ISC
# What a stranger does with the library: the README's program, C++, Python, an installation.
. "$(dirname "$0")/../tap.sh"
san=${SAN:+-fsanitize=$SAN}

sed -n '/^```c$/,/^```$/p' "$here/README.md" | grep -v '^```' >sample.c
ok "the README's program compiles" ${CC:-cc} $san -I"$here/include" -o sample sample.c "$here/build/libatomicdir.a"
ok "and runs" ./sample
ok "and publishes" test "$(cat db/user db/password)" = appsecret
cat >caller.cc <<'CC'
#include <atomicdir.h>
#include <cstdio>
int main()
{
	atomicdir_options options = ATOMICDIR_OPTIONS_INIT;
	atomicdir_error error;
	auto populate = [](atomicdir_stage *stage, void *, atomicdir_error *why) { return atomicdir_write(stage, "f", "c++", 3, 0644, why); };
	options.keep = 0;
	int result = atomicdir_fill("cc", populate, nullptr, &options, &error);
	if (result < 0)
		std::puts(error.text);
	return result != 1;
}
CC
ok "C++ compiles against it" g++ $san -std=c++17 -I"$here/include" -o caller caller.cc "$here/build/libatomicdir.a"
ok "and calls it" ./caller
declared=$(grep -oE '\batomicdir_[a-z_]+\(' "$here/include/atomicdir.h" | tr -d '(' | sort -u | grep -vE '_fn$')
exported=$(nm -D --defined-only "$here/build/libatomicdir.so" | sed -n 's/.* T \(atomicdir_[a-z_]*\).*/\1/p' | sort -u)
ok "the library exports just what the header declares" test "$declared" = "$exported"
ok "the archive too" sh -c "! nm -g --defined-only '$here/build/libatomicdir.a' | grep ' [TDB] ' | grep -v ' atomicdir_' | grep -vE 'asan|ubsan|odr'"
echo '#include "dir/store.h"' >lower.c
ok "a lower layer that includes a higher one does not compile" sh -c "! ${CC:-cc} -I'$here/include' -I'$here/build/layers/base' -fsyntax-only lower.c && ${CC:-cc} -I'$here/include' -I'$here/build/layers/dir' -fsyntax-only lower.c"
ok "and none goes round that by a path" sh -c "! grep -rnE '#include \"[^\"]*\\.\\.' '$here/src'"
is "$(grep -rlE '\b(statx|renameat2|close_range|sigabbrev_np|group_member)\([^0-9]|, (RENAME|STATX|CLOSE_RANGE)_[A-Z]+\b' "$here/src" "$here/tests/unit" --include='*.c' |
	xargs grep -L '"base/libc.h"')" "" \
	"what other C libraries lack is taken from base/libc.h"
if [ -n "$san" ]; then skip "secretdir links libc alone" "the sanitizers link more"
else ok "secretdir links libc alone" sh -c "! ldd '$here/build/secretdir' | grep -vE 'libc\\.so|ld-linux|vdso'"; fi
ok "fetch-file has no network" sh -c "! ldd '$here/build/libexec/atomicdir/fetch-file' | grep -E 'curl|ssl'"
if [ -n "$san" ]; then skip "Python calls it" "a sanitized library cannot be loaded into Python"
else ok "Python calls it" python3 -c "
import ctypes
library = ctypes.CDLL('$here/build/libatomicdir.so')
library.atomicdir_pin.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64), ctypes.c_void_p]
number = ctypes.c_int64()
assert library.atomicdir_pin(b'db', ctypes.byref(number), None) >= 0 and number.value == 1
"; fi
ok "make names the packages that are missing" sh -c "! make -s -C '$here' B='$work/lacking' NEEDS=none/such.h:libnone-dev all >lacking.log 2>&1 && grep -q 'missing: libnone-dev' lacking.log"
# Where nothing is installed, and nobody may install it.
mkdir bare; ln -s "$(command -v dirname)" bare; printf '#!/bin/sh\necho 1000\n' >bare/id; chmod +x bare/id
ok "./check without sudo says what root is to run" sh -c "! PATH='$work/bare' '$here/check' 2>said && grep -q '/check: as root, run: apt-get update && apt-get install .* clang ' said"
ok "and a shell takes it" sh -c "sed 's/.*run: //' said | sh -n"
# Settings of this user's for AWS and a proxy lead away from a server on loopback.
away="AWS_PROFILE=none AWS_ENDPOINT_URL_SECRETS_MANAGER=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1"
ok "the tests ask their own server" env $away sh "$here/tests/secretdir/plan.sh"
sed -n '/^    tests\/aws\/server.py/,/^    build\/secretdir/s/^    //p' "$here/tests/aws/README.md" >start
ok "the test server starts as its README says, and secretdir asks it" env -i PATH="$PATH" sh -c "cd '$here' && DIR='$work/own' sh '$work/start' | grep -x 'A db/user .*'"
finish
