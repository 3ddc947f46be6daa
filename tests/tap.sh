# SPDX-License-Identifier: ISC
# Sourced by the tests: TAP, and a temporary directory of the test's own, which is the working directory. $here is the source tree,
# $atomicdir the program, or that which ATOMICDIR names.
#
#   ok CLAIM COMMAND...      the claim holds if the command exits with 0; its output is in the files out and err
#   is GOT WANTED CLAIM      the claim holds if the two texts are the same
#   skip CLAIM REASON        the claim cannot be tried here
#   status N COMMAND...      exits with 0 if the command exits with N: ok CLAIM status N COMMAND...
#   finish                   ends the test
#
# Where a claim does not hold, got and wanted are printed, or the command, its exit status and its output.
here=$(cd "$(dirname "$0")" && pwd)
until [ -e "$here/include/atomicdir.h" ]; do here=${here%/*}; done
atomicdir=${ATOMICDIR:-$here/build/atomicdir}
work=$(mktemp -d)
count=0 failed=0
trap 'cd /; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
# Whoever runs this may have another one.
umask 022

ok() {
	claim=$1; shift; count=$((count + 1))
	"$@" >out 2>err; tap_status=$?
	if [ $tap_status = 0 ]; then echo "ok $count - $claim"
	else failed=1; echo "not ok $count - $claim"; tap_explain "$@"; fi
}
is() {
	count=$((count + 1))
	if [ "$1" = "$2" ]; then echo "ok $count - $3"
	else failed=1; echo "not ok $count - $3"; tap_differ "$1" "$2"; fi
}
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
status() { wanted=$1; shift; "$@"; got=$?; [ "$got" = "$wanted" ] || { echo "got status $got, wanted $wanted"; return 1; }; }
finish() { echo "1..$count"; exit $failed; }

tap_differ() {
	printf '%s\n' "$1" | sed '1s/^/#    got: /; 2,$s/^/#         /'
	printf '%s\n' "$2" | sed '1s/^/# wanted: /; 2,$s/^/#         /'
}
# tap_explain COMMAND...: which has just exited with $tap_status.
tap_explain() {
	case $1,$#,${3:-} in
	'test,4,=' | '[,5,=') tap_differ "$2" "$4" ;;
	*) { printf '%s' "exit status $tap_status of:"; printf " '%s'" "$@"; echo; cat out err; } | sed 's/^/# /' ;;
	esac
}
