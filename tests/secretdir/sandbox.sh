#!/bin/sh
# SPDX-License-Identifier: ISC
# The programs that read what strangers wrote are confined, and work all the same: by name, over IPv6, through a proxy, with a hashed
# directory of CAs, over HTTP/2, and on kernels that lack what confines them. tests/unit/sandbox_test.c tries what they are kept from.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
. "$here/tests/aws/asked.sh"
secretdir=$here/build/secretdir libexec=$here/build/libexec/atomicdir without=$here/build/without

start_server --leave-certificate
control put text --string value >/dev/null; control role app
port=${AWS_ENDPOINT_URL##*:}
cat >config <<'END'
[profile role]
role_arn = arn:aws:iam::123456789012:role/app
credential_source = Environment
region = us-east-1
END
sync() { "$secretdir" sync -q "$@"; }
# What this kernel cannot confine, or nothing.
lacking() { "$@" "$secretdir" sync -v said text >said.out 2>said.err || cat said.err; grep -o "[a-z-]* cannot be confined.*" said.err; }
has() { ! printf '%s\n' "$missing" | grep -q "its $1"; }
missing=$(lacking)

# ---- Each is confined before it reads ----

# confined PID CAPABILITIES: two filters, no new privilege, and of the capabilities no more than these (32: to read).
confined() {
	for i in $(seq 200); do ! grep -q '^Seccomp:	0' "/proc/$1/status" || { sleep 0.05; continue; }; break; done
	grep -E '^(Seccomp|NoNewPrivs|Cap)' "/proc/$1/status"
	grep -q '^Seccomp:	2' "/proc/$1/status" && grep -q '^NoNewPrivs:	1' "/proc/$1/status" || return 1
	for set in CapInh CapPrm CapEff; do
		value=$(sed -n "s/^$set:	0*//p" "/proc/$1/status")
		[ $((0x${value:-0} & ~$2)) = 0 ] || return 1
	done
}
# named NAME PID: the process of that name among those that this one has started, and they in turn.
named() {
	for child in $(cat /proc/"$2"/task/*/children); do
		if [ "$(cat "/proc/$child/comm")" = "$1" ]; then echo "$child"; else named "$1" "$child"; fi
	done
}
# waiting NAME N COMMAND...: the program of that name is confined while COMMAND waits for its answer, the Nth of the server.
waiting() {
	name=$1 wanted=$2; shift 2
	control clear requests; control fault delay --seconds 20 --forever
	"$@" & pid=$!
	for i in $(seq 200); do [ "$(control requests --count)" -lt "$wanted" ] || break; sleep 0.05; done
	confined "$(named "$name" $pid)" 4; ended=$?
	kill -TERM $pid; wait $pid; control clear
	return $ended
}
if has "system calls"; then
	ok "fetch-aws is confined while it waits for an answer" waiting fetch-aws 1 "$secretdir" sync -q new text
	ok "identity-net is" waiting identity-net 1 env AWS_CONFIG_FILE=config "$secretdir" sync -q new --profile role text
	mkfifo pipe
	spec_waits() { "$libexec/spec-yaml" <pipe & pid=$!; exec 9>pipe; confined $pid 0; ended=$?; exec 9>&-; wait $pid; return $ended; }
	ok "spec-yaml is before it reads" spec_waits
	file_waits() {
		"$secretdir" sync -q new --source "file:$work/pipe" text & pid=$!
		exec 9>pipe
		for i in $(seq 200); do file=$(named fetch-file $pid); [ -z "$file" ] || break; sleep 0.05; done
		confined "$file" 0; ended=$?
		echo '{"text": "value"}' >&9; exec 9>&-; wait $pid && return $ended
	}
	ok "fetch-file is before it reads, and publishes then" file_waits
else
	skip "each is confined before it reads" "$missing"
fi

# ---- And works ----

fetched=0
fetches() {
	fetched=$((fetched + 1)); control clear requests
	"$@" "$secretdir" sync -q fresh-$fetched text && [ "$(cat fresh-$fetched/text)" = value ] && asked 1 GetSecretValue
}
# Names of the files of certificates are those of their hashes, and here links to elsewhere.
mkdir -p elsewhere linked
cp server/ca-path/* elsewhere
for file in elsewhere/*; do ln -s "$work/$file" "linked/${file##*/}"; done
ok "a host is found by its name" fetches env AWS_ENDPOINT_URL="https://localhost:$port"
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
	ok "or by an address of IPv6" fetches env AWS_ENDPOINT_URL="https://[::1]:$port"
else
	skip "or by an address of IPv6" "there is no IPv6 here"
fi
ok "a hashed directory of CAs is read" fetches env AWS_CA_BUNDLE="$work/server/ca-path"
ok "one of links to elsewhere is, too" fetches env AWS_CA_BUNDLE="$work/linked"
ok "and one by a relative path" fetches env AWS_CA_BUNDLE=server/ca-path
cat >proxy.py <<'END'
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
def pass_on(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)
def serve(client):
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(65536)
    host, port = request.split()[1].decode().rsplit(":", 1)
    print(host, port, file=open("proxied", "a"))
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pass_on, args=(server, client)).start()
    pass_on(client, server)
open("port.new", "w").write(str(listener.getsockname()[1]))
__import__("os").rename("port.new", "port")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
END
python3 proxy.py 2>/dev/null & proxy=$!
while [ ! -e port ]; do sleep 0.05; done
ok "a proxy is connected to" fetches env https_proxy="http://127.0.0.1:$(cat port)"
ok "without a scheme, too" fetches env HTTPS_PROXY="user:p%40ss@127.0.0.1:$(cat port)"
is "$(sort proxied | uniq -c | sed 's/^ *//')" "2 127.0.0.1 $port" "which connects both to the server"
kill $proxy; wait $proxy 2>/dev/null
# Another port than that of the question before.
imds_then_role() {
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE=instance.config AWS_EC2_METADATA_DISABLED=false \
		AWS_EC2_METADATA_SERVICE_ENDPOINT="$imds" "$secretdir" sync -q chained --profile role text
}
sed 's/Environment/Ec2InstanceMetadata/' config >instance.config
ok "keys of the instance, and with them a role, are asked for at two ports" imds_then_role
if has_front; then
	plain_url=$AWS_ENDPOINT_URL
	over_http2() { start_front; fetches env; ended=$?; stop_front; grep -q ' h2 200' front.log && return $ended; }
	ok "HTTP/2 is spoken" over_http2
	AWS_ENDPOINT_URL=$plain_url
else
	skip "HTTP/2 is spoken" "no nghttpx (package nghttp2-proxy)"
fi

# In a namespace with a file of hosts and a DNS server of the test's own: libcurl asks nobody for localhost.
cat >dns.py <<'END'
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.2", 53)) # the C library would ask 127.0.0.1 of itself
while True:
    query, client = server.recvfrom(512)
    name = query[12:query.index(b"\0", 12) + 1]
    question = query[12:12 + len(name) + 4]
    is_a = question[-4:-2] == b"\0\1"
    answer = b"\xc0\x0c" + question[-4:] + b"\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
    print(name, file=open("looked-up", "a"))
    server.sendto(query[:2] + b"\x81\x80\0\1\0" + bytes([is_a]) + b"\0\0\0\0" + question + answer, client)
END
echo "127.0.0.1 by-file.test $(uname -n)" >hosts; echo 'nameserver 127.0.0.2' >resolv.conf
by_names() {
	ip link set lo up && mount --bind hosts /etc/hosts && mount --bind resolv.conf /etc/resolv.conf || return 1
	python3 dns.py & dns=$!
	start_server; control put text --string value >/dev/null
	plain=$(cat server/address.http) ended=0
	for host in by-file by-dns; do
		AWS_ENDPOINT_URL=http://$host.test:${plain##*:} "$secretdir" sync -q $host text && [ "$(cat $host/text)" = value ] || ended=1
	done
	kill $dns; stop_server; return $ended
}
if unshare --net --mount --map-root-user sh -c 'ip link set lo up && mount --bind hosts /etc/hosts && mount --bind resolv.conf /etc/resolv.conf' 2>/dev/null; then
	{ echo '. "$here/tests/aws/start.sh"'; sed -n '/^by_names() {/,/^}/p' "$here/tests/secretdir/sandbox.sh"; echo by_names; } >namespace.sh
	mkdir named; cp hosts resolv.conf dns.py namespace.sh named
	ok "a host is found in /etc/hosts, and by DNS" sh -c 'cd named && work=$PWD here=$1 secretdir=$2 exec unshare --net --mount --map-root-user sh namespace.sh' sh "$here" "$secretdir"
	is "$(sort -u named/looked-up)" "b'\x06by-dns\x04test\x00'" "DNS is asked for the other one alone"
else
	skip "a host is found in /etc/hosts, and by DNS" "no network or mount namespace, or no ip"
fi

# ---- What a kernel lacks ----

says_nothing() { fetches "$@" 2>quiet.err && [ ! -s quiet.err ]; }
# lacks CLAIM LINES -- COMMAND...: below COMMAND a secret is fetched; with -v these lines are said, and without it nothing.
lacks() {
	claim=$1 lines=$2; shift 3
	is "$(lacking "$@" | sort)" "$lines" "$claim: -v says what cannot be confined"
	ok "$claim: nothing else is different" says_nothing "$@"
}
aws="fetch-aws cannot be confined to its" needed="Linux 5.13 with Landlock is needed"
if "$without" 38 landlock_create_ruleset -- true 2>/dev/null && has "system calls"; then
	lacks "a kernel without Landlock" "$aws files here: $needed
$aws ports here: $needed" -- "$without" 38 landlock_create_ruleset landlock_add_rule landlock_restrict_self --
	lacks "one that has it turned off" "$aws files here: Landlock is not among the security modules that the kernel was started with (lsm=)
$aws ports here: Landlock is not among the security modules that the kernel was started with (lsm=)" -- "$without" 95 landlock_create_ruleset --
	lacks "a container that refuses it" "$aws files here: Landlock is refused, perhaps by the filter of a container
$aws ports here: Landlock is refused, perhaps by the filter of a container" -- "$without" 1 landlock_create_ruleset --
	# To what is missing by itself.
	with_missing() { printf '%s\n' "$missing" "$1" | sed '/^$/d' | sort; }
	lacks "a kernel that refuses filters" "$(with_missing "$aws system calls here: a seccomp filter is refused (Invalid argument)")" \
		-- "$without" 22 seccomp prctl:22 --
	lacks "a container that refuses all of it" "$aws files here: Landlock is refused, perhaps by the filter of a container
$aws ports here: Landlock is refused, perhaps by the filter of a container
$aws system calls here: a seccomp filter is refused (Operation not permitted)" -- "$without" 1 seccomp prctl:22 landlock_create_ruleset --
	echo '- text' >spec.yaml
	of_spec() { "$@" "$secretdir" sync -v spec --spec spec.yaml 2>&1 | grep -o 'spec-yaml cannot.*'; }
	is "$(of_spec "$without" 1 landlock_create_ruleset --)" "" "spec-yaml is confined by the filter alone"
	is "$(of_spec "$without" 1 seccomp prctl:22 -- | sort)" \
		"$(with_missing "$aws system calls here: a seccomp filter is refused (Operation not permitted)" | sed 's/^fetch-aws/spec-yaml/')" "and says where it cannot be"
	ok "without Landlock the filter refuses what it knows" "$without" 38 landlock_create_ruleset -- "$here/build/unit/sandbox_test"
	ok "without a filter Landlock does" "$without" 1 seccomp prctl:22 -- "$here/build/unit/sandbox_test"
	policy_lacks() { "$without" 38 landlock_create_ruleset -- "$secretdir" policy -v text 2>&1 >policy | grep -c "fetch-aws cannot be confined"; }
	is "$(policy_lacks)" 2 "a policy says it with -v"
	"$without" 38 landlock_create_ruleset -- "$secretdir" watch -v --interval 1s watched text >watched.out 2>&1 & watcher=$!
	described() { [ "$(grep -c DescribeSecret server/requests.log)" -ge 3 ]; }
	for try in $(seq 200); do described && break; sleep 0.05; done
	kill $watcher; wait $watcher
	ok "a watcher that cannot be confined says so in its first round" grep -q "fetch-aws cannot be confined" watched.out
	is "$(grep "cannot be confined" watched.out | sort | uniq -d)" "" "and in no other"
else
	skip "kernels without Landlock, or filters" "a filter is refused here"
fi
# Linux 5.13 to 6.6 have Landlock for files.
abi_3() { ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=landlock_create_ruleset -e inject=landlock_create_ruleset:retval=3:when=1 "$@"; }
if strace -o /dev/null true 2>/dev/null && has files; then
	lacks "a kernel of before 6.7" "$aws ports here: Linux 6.7 is needed" -- abi_3
	ok "a kernel of before 6.7: all else is refused" abi_3 "$here/build/unit/sandbox_test"
else
	skip "a kernel of before 6.7" "no tracing is allowed here, or there is no Landlock"
fi
stop_server
finish
