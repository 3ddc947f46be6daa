#!/bin/sh
# SPDX-License-Identifier: ISC
# The order of a publication, from one trace: what no kill and no failing call would show.
. "$(dirname "$0")/tap.sh"

# The leak checker needs ptrace for itself, which strace has.
export ASAN_OPTIONS=detect_leaks=0
claim="one barrier, the swap, one barrier, and only then the first removal"
if ! strace -o /dev/null true 2>/dev/null; then skip "$claim" "strace cannot trace here"; finish; fi
for value in 1 2 1; do "$atomicdir" fill -q --grace 0s app -- sh -c "echo $value >a"; done
strace -o trace -e trace=syncfs,fsync,renameat,unlinkat "$atomicdir" fill -q --grace 0s --sync fs app -- sh -c 'echo 2 >a'
order=$(sed -n 's/^syncfs.*/B/p; s/^fsync.*/B/p; s/^renameat([0-9]*, "next".*/S/p; s/^unlinkat(.*"00000[12]\.info".*/R/p' trace | tr -d '\n')
ok "$claim" [ "$order" = BSBR ]
finish
