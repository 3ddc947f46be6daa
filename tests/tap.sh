# SPDX-License-Identifier: ISC
# Sourced by the tests: TAP, and a directory of the test's own that goes at the end. $atomicdir is the program.
here=$(cd "$(dirname "$0")/.." && pwd)
atomicdir=$here/build/atomicdir
work=$(mktemp -d)
count=0 failed=0
trap 'cd /; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
# Whoever runs this may have another one.
umask 022

# ok CLAIM COMMAND...: the claim holds if the command ends with 0.
ok() {
	claim=$1; shift; count=$((count + 1))
	if "$@" >out 2>err; then echo "ok $count - $claim"
	else failed=1; echo "not ok $count - $claim"; sed 's/^/# /' out err; fi
}
# status N COMMAND...: it ends with just this status.
status() { wanted=$1; shift; "$@"; got=$?; [ "$got" = "$wanted" ] || { echo "status $got, not $wanted"; return 1; }; }
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
finish() { echo "1..$count"; exit $failed; }
