#!/bin/sh
# SPDX-License-Identifier: ISC
# What COMMAND or DIR made is published as it was made: times, modes, ACLs, capabilities, attributes, holes, hard links, owners.
. "$(dirname "$0")/../tap.sh"

fill() { "$atomicdir" fill -q --grace 0s "$@" 2>&1; }
mode() { stat -c %a "$@" | tr '\n' ' ' | sed 's/ $//'; }
root() { [ "$(id -u)" = 0 ]; }
# acl FILE: its entries, without what is no ACL.
acl() { getfacl -cpEn "$1" 2>/dev/null | tr '\n' ' ' | sed 's/ *$//'; }

# ---- Times ----
fill times -- sh -c 'echo 1 >code; echo x >same; touch -d 2020-01-01 same'
fill times -- sh -c 'echo 2 >code; echo x >same; touch -d 2021-01-01 same'
is "$(stat -c %Y times/same)" "$(date -d 2021-01-01 +%s)" "an unchanged file has the time that COMMAND gave it"
fill times -- sh -c 'echo 2 >code; echo x >same; touch -d 2022-01-01 same'
is "$(readlink times)" .times.atomicdir/000002 "times alone are no change"
fill --keep-times times -- sh -c 'echo 3 >code; echo x >same; touch -d 2023-01-01 same'
is "$(stat -c %Y times/same)" "$(date -d 2021-01-01 +%s)" "with --keep-times an unchanged file has the time that it has in the live generation"
mkdir dated; echo x >dated/f; touch -d 2019-05-05 dated/f; ln -s f dated/l; touch -hd 2018-05-05 dated/l; mkdir dated/d; touch -d 2017-05-05 dated/d dated
fill from --from dated
is "$(stat -c %Y from/f from/l from/d from/.)" "$(stat -c %Y dated/f dated/l dated/d dated)" "--from keeps every time, the top directory's too"

# ---- The top directory's mode ----
top() { fill "$@" >/dev/null; }
top a -- touch f; is "$(mode a/.)" 755 "the top directory is 0755 by default"
(umask 027; top b -- touch f); is "$(mode b/.)" 750 "the umask takes read and search from it: 027"
(umask 077; top c -- touch f); is "$(mode c/.)" 700 "077"
(umask 0777; top d -- true); is "$(mode d/.)" 700 "a umask never takes the owner's rights: 0777"
(umask 0; top e -- touch f); is "$(mode e/.)" 755 "a umask of 0 adds no rights"
top f -- sh -c 'touch f; chmod 0711 .'; is "$(mode f/.)" 711 "COMMAND's own mode counts"
top g -- sh -c 'chmod 1777 .'; is "$(mode g/.)" 1777 "a top directory that all may write in keeps a sticky bit of its own"
top h -- sh -c 'chmod go+rX .'; is "$(mode h/.)" 755 "a mode that COMMAND added to has no sticky bit"
mkdir -m 0700 private; touch private/key
top i --from private; is "$(mode i/.)" 700 "--from: DIR's"
top --dereference i2 --from private; is "$(mode i2/.)" 700 "--from --dereference: the top directory's mode is DIR's"
top --edit i -- touch more; is "$(mode i/.)" 700 "--edit: the live one's"
top --edit i -- chmod 0750 .; is "$(mode i/.)" 750 "unless COMMAND sets one"
top --top-mode 0711 i --from private; is "$(mode i/.)" 711 "--top-mode is exact"
top --dir-mode 0750 j -- mkdir d; is "$(mode j/. j/d)" "750 750" "--dir-mode is exact for the top directory"
top --edit j -- touch x; is "$(mode j/.)" 750 "--edit keeps the top directory's mode"

# ---- Holes and hard links ----
mkdir sparse; truncate -s 64M sparse/img; printf data | dd of=sparse/img bs=1 seek=1000000 conv=notrunc 2>/dev/null
fill sparse1 --from sparse
ok "holes stay holes" test "$(du -k sparse1/img | cut -f1)" -lt 8000
ok "the data between holes is copied" cmp sparse/img sparse1/img
mkdir hard; echo x >hard/a; ln hard/a hard/b; mkdir hard/d; ln hard/a hard/d/c; ln -s a hard/l
fill hard1 --from hard
is "$(stat -c %h hard1/a) $(stat -c %i hard1/a hard1/b hard1/d/c | sort -u | wc -l)" "3 1" "--from: names of one file are names of one file"
fill --edit hard1 -- touch more
is "$(stat -c %h hard1/a) $(stat -c %i hard1/a hard1/b hard1/d/c | sort -u | wc -l)" "3 1" "--edit likewise"
ok "the source's files are not among them" test "$(stat -c %h hard/a)" = 3

# ---- ACLs, capabilities, attributes ----
if touch acl.try && setfacl -m u:65534:r acl.try 2>/dev/null; then
	mkdir acl; echo x >acl/key; chmod 600 acl/key; setfacl -m u:65534:r acl/key; mkdir acl/d; setfacl -d -m u:65534:rx acl/d
	fill acl1 --from acl
	is "$(acl acl1/key)" "$(acl acl/key)" "--from keeps a file's ACL"
	is "$(acl acl1/d)" "$(acl acl/d)" "--from keeps a directory's default ACL"
	fill --edit acl1 -- touch more
	is "$(acl acl1/key) $(acl acl1/d)" "$(acl acl/key) $(acl acl/d)" "--edit keeps both"
	setfacl -m u:65534:rx acl; fill --dereference acl3 --from acl
	is "$(acl acl3/key) $(acl acl3/d) $(acl acl3/.)" "$(acl acl/key) $(acl acl/d) $(acl acl/.)" "--dereference keeps them as well"
	is "$(fill --edit acl1 -- touch more)" "" "the same ACLs again are no change"
	before=$(readlink acl1); fill --edit acl1 -- setfacl -m u:65534:rw key
	ok "another ACL alone is a change" test "$before" != "$(readlink acl1)"
	fill --file-mode 0640 acl2 --from acl
	is "$(acl acl2/key)" "user::rw- group::r-- other::---" "what has a stated mode has no ACL"
	mkdir handed; setfacl -d -m u:65534:rX handed
	(umask 027; fill handed/site -- sh -c 'echo x >f; mkdir d'; mkdir handed/plain; echo x >handed/plain/f)
	is "$(acl handed/site/f)" "$(acl handed/plain/f)" "files inherit the default ACL of LINK's directory, as in a directory that mkdir made there"
	is "$(acl handed/site/d)" "$(mkdir handed/plain/d; acl handed/plain/d)" "directories too"
	is "$(acl handed/site/.)" "user::rwx user:65534:r-x group::r-x mask::r-x other::r-x default:user::rwx default:user:65534:r-x default:group::r-x default:mask::r-x default:other::r-x" "the top directory inherits the default ACL"
	cp acl.try plain; mkdir few; echo x >few/f; chmod 600 few/f
	fill handed/copy --from few
	is "$(mode handed/copy/f)" 600 "a copy there has the mode of what it is copied from"
	is "$(getfattr --absolute-names -d -m - .acl1.atomicdir 2>/dev/null)" "" "the store has no ACL"
else skip "ACLs are kept" "setfacl or the file system knows none"
fi
if touch cap.try && setfattr -n user.note -v kept cap.try 2>/dev/null; then
	mkdir attr; echo x >attr/f; setfattr -n user.note -v kept attr/f
	fill attr1 --from attr
	is "$(getfattr --only-values -n user.note attr1/f 2>/dev/null)" kept "--from keeps user attributes"
	before=$(readlink attr1); fill --edit attr1 -- setfattr -n user.note -v other f
	ok "another value alone is a change" test "$before" != "$(readlink attr1)"
else skip "user attributes are kept" "setfattr or the file system knows none"
fi
if root && cp /bin/true cap && setcap cap_net_bind_service+ep cap 2>/dev/null; then
	mkdir caps; cp cap caps/srv; setcap cap_net_bind_service+ep caps/srv
	fill caps1 --from caps
	is "$(getcap caps1/srv | sed 's/.* //')" cap_net_bind_service=ep "--from keeps a file's capabilities"
	fill --owner 65534:65534 caps1 --from caps
	is "$(getcap caps1/srv | sed 's/.* //') $(stat -c %u caps1/srv)" "cap_net_bind_service=ep 65534" "--owner does not take them"
	mkdir owned; touch owned/f; chown 65534:65533 owned owned/f
	fill owned1 --from owned
	is "$(stat -c %u:%g owned1/. owned1/f | tr '\n' ' ')" "65534:65533 65534:65533 " "root copies owners, the top directory's too"
	mkdir setgid; chgrp 65533 setgid; chmod 2755 setgid
	fill setgid/s -- mkdir d
	is "$(stat -c '%g %a' setgid/s/d setgid/s/. | tr '\n' ' ')" "65533 2755 65533 2755 " "a setgid bit is handed down with its group"
	mkdir -p other/d; chgrp -R 65532 other; fill setgid/t --from other
	is "$(stat -c '%g %a' setgid/t/d)" "65532 755" "an inherited setgid bit is dropped where the group changes"
else skip "capabilities and owners are kept" "needs root, setcap, and a file system that knows them"
fi

# ---- Links ----
mkdir -p app/shared/log; echo shared >app/shared/log/f
ok "COMMAND's relative link may leave the tree" fill app/current -- ln -s ../../shared/log log
is "$(cat app/current/log/f)" shared "COMMAND's relative symlink leads from LINK where it led in the stage"
ok "a link into another generation is refused" status 1 fill app/current -- ln -s ../000001/x x
is "$(fill app/current -- ln -s ../000001/x x | grep -o "'x' is a symlink into another generation")" "'x' is a symlink into another generation" "the error names the symlink into another generation"
ok "an absolute symlink through another generation is refused" status 1 fill app/current -- sh -c 'ln -s "$ATOMICDIR_LIVE/log" x'
ok "one to the store" status 1 fill app/current -- ln -s .. x
ok "one to itself" status 1 fill app/current -- ln -s x x
ok "one to itself through LINK" status 1 fill app/current -- ln -s ../../current/x x
ok "a link through LINK is one into the stage" fill app/current -- sh -c 'echo f >f; ln -s ../../current/f x; ln -s ../../shared/log log'
is "$(cat app/current/x)" f "a symlink through LINK leads into the live generation"
mkdir -p src/in; echo out >outside; ln -s ../outside src/up; ok "--from refuses a relative link that leaves DIR" status 1 fill left --from src
rm src/up; ln -s "$work/src/in" src/abs; ok "--from refuses an absolute symlink into DIR" status 1 fill left --from src
rm src/abs; ln -s /etc/hostname src/abs; ok "--from accepts an absolute symlink that leads elsewhere" fill left --from src
mkdir -p dep/releases/1 dep/shared; ln -s ../../shared dep/releases/1/shared; ln -s releases/1 dep/current
ok "a tree with a link to a shared directory is adopted" "$atomicdir" adopt dep/current
is "$(stat -Lc %i dep/current/shared)" "$(stat -c %i dep/shared)" "an adopted tree's symlink leads to the same shared directory"
mkdir -p dep2/releases/1 dep2/shared; ln -s ../shared dep2/releases/1/shared; mkdir dep2/releases/shared; ln -s releases/1 dep2/current
ok "one that would lead to another directory is refused" status 1 "$atomicdir" adopt dep2/current
fill edit -- sh -c 'mkdir storage; echo up >storage/f; ln -s "$PWD/storage" public; ln -s ../000001/storage rel'
fill --edit edit -- touch one; fill --edit edit -- touch two
is "$(cat edit/public/f)" up "--edit: a link into the live generation's own place leads into the new one"
ok "the same again is unchanged" sh -c "'$atomicdir' fill --edit edit -- true 2>&1 | grep -q unchanged"
fill script -- sh -c 'printf "#!%s/sh\n" "$PWD" >run; cp /bin/sh sh; chmod +x run'
ok "--edit refuses a script whose interpreter is in an older generation" status 1 fill --edit script -- touch x
ok "the error names the script and its interpreter" sh -c "'$atomicdir' fill --edit script -- touch x 2>&1 | grep -q \"'run' runs '.*/000001/sh'\""

# ---- The store's name ----
ok "--visible-store" fill --visible-store seen -- touch f
is "$(readlink seen)" seen.atomicdir/000001 "makes a store whose name has no dot"
ok "later calls find it" fill seen -- touch g
is "$(readlink seen)" seen.atomicdir/000002 "by LINK"
rm seen; ok "a visible store is found where LINK does not exist" fill seen -- touch h
is "$(ls -d .seen.atomicdir 2>/dev/null)" "" "no second store is made beside a visible one"
mkdir -m 0711 .seen.atomicdir; rm seen; ok "two stores and no LINK are refused" status 1 fill seen -- touch i
rmdir .seen.atomicdir

# ---- Sources that move ----
fill moving -- sh -c 'mkdir a; touch a/1 a/2'
ok "a LINK of ours can be copied" fill copied --from moving
is "$(ls copied/a | wc -l)" 2 "a copy of a LINK has all that is in it"
ok "--dereference copies a LINK too" fill --dereference copied2 --from moving/a
is "$(ls copied2 | wc -l)" 2 "a directory below a LINK can be copied"
finish
