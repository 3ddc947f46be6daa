#!/bin/sh
# SPDX-License-Identifier: ISC
# first-stores.sh: makes in the working directory what the first version left there: `site`, three generations published by atomicdir,
# without `line` and `before` in their records; `secrets`, published by secretdir from a file, whose note is a line of JSON; and `older`,
# whose note stands in the record itself.
set -eu
umask 077
boot=46fd022d-2abf-4411-b346-337e315378ec
# record PREVIOUS FILES BYTES TOP-MODE KEEP
record() {
	printf '%s\n' 'created_ms 1795975701010' "previous $1" "files $2" "bytes $3" 'synced 1' "top_mode $4" "keep $5" 'grace_ms 1000' "boot $boot"
}
store() {
	mkdir ".$1.atomicdir"
	chmod 711 ".$1.atomicdir"
	printf '%06d\n' "$2" >".$1.atomicdir/lock"
	ln -s ".$1.atomicdir/$(printf %06d "$2")" "$1"
}

store site 3
for number in 1 2 3; do
	generation=.site.atomicdir/00000$number
	mkdir -p $generation/sub
	echo $number >$generation/page
	echo x$number >$generation/sub/file
	chmod -R u=rwX,go=rX $generation
	record $((number - 1)) 2 5 0755 5 >$generation.info
done
echo 'replaced 1 614444' | tee -a .site.atomicdir/000003.info >>.site.atomicdir/000002.info
echo 'replaced 2 614454' >>.site.atomicdir/000003.info

# secret LINK: one generation with db/user, and its record.
secret() {
	store "$1" 1
	mkdir -p ".$1.atomicdir/000001/db"
	printf app >".$1.atomicdir/000001/db/user"
	chmod 400 ".$1.atomicdir/000001/db/user"
	chmod 500 ".$1.atomicdir/000001/db" ".$1.atomicdir/000001"
	record 0 1 3 0500 2 >".$1.atomicdir/000001.info"
}
note='{"entries":[{"path":"db/user","source":"db","version":""}]}'
secret secrets
printf '%s' "$note" >.secrets.atomicdir/000001.note
secret older
echo "note $note" >>.older.atomicdir/000001.info
