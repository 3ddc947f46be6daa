#!/bin/sh
# SPDX-License-Identifier: ISC
# The programs that secretdir starts have what they need and no more: files, other programs, the network, variables, and the keys.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir libexec=$here/build/libexec/atomicdir

start_server --region us-east-1
control put text --string value >/dev/null
control key ID canary-key-3f9a/+=; control key SESSION canary-key-77c1/+= --session-token canary-token-51bd/+=
control role app
control container /keys --role reader
mkdir -p home/.aws lie/libexec/atomicdir
cat >home/.aws/config <<END
[default]
region = us-east-1
aws_access_key_id = ID
aws_secret_access_key = canary-key-3f9a/+=
[profile role]
role_arn = arn:aws:iam::123456789012:role/app
source_profile = default
region = us-east-1
[profile process]
credential_process = $work/process.sh
END
cat >process.sh <<'END'
#!/bin/sh
env >process.env
echo '{"Version": 1, "AccessKeyId": "SESSION", "SecretAccessKey": "canary-key-77c1/+=", "SessionToken": "canary-token-51bd/+="}'
END
chmod +x process.sh
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
export HOME="$work/home" AWS_REGION=us-east-1

# ---- What they are linked with ----

links() { ldd "$libexec/$1" | grep -qE "$2"; }
lacks() { ! links "$@"; }
ok "identity-aws has no network" lacks identity-aws 'curl|ssl|crypto'
ok "nor have fetch-file" lacks fetch-file 'curl|ssl|crypto'
ok "and spec-yaml" lacks spec-yaml 'curl|ssl|crypto|yajl'
# The sanitizers bring libraries, and look at their own process as a debugger does.
is_sanitized() { grep -q fsanitize "$here/build/flags"; }
if is_sanitized; then skip "secretdir has libc alone" "this is a build with sanitizers"
else ok "secretdir has libc alone" sh -c "ldd '$secretdir' | grep -vE 'linux-vdso|libc\\.so|ld-linux' | wc -l | grep -qx 0"; fi
for program in fetch-aws fetch-file listen-aws identity-net spec-yaml; do ok "$program calls nothing that starts a program" sh -c "! nm -D --undefined-only '$libexec/$program' | grep -E ' (exec[a-z]*|posix_spawn[a-z]*|system|popen|v?fork)(@|\$)'"; done

# ---- What they do, call by call ----

# traced NAME COMMAND...: its calls, those of each program in NAME.PROGRAM, what its threads do included.
traced() {
	name=$1; shift
	ASAN_OPTIONS=detect_leaks=0 strace -ff -v -s 65536 -o "$name.trace" "$@" >/dev/null 2>"$name.err" || { cat "$name.err"; return 1; }
	python3 - "$name" <<'PYTHON'
import glob, os, re, sys
name = sys.argv[1]
programs, threads, calls = {}, {}, {}
for path in glob.glob(name + ".trace.*"):
    pid = path.rpartition(".")[2]
    calls[pid] = open(path, errors="replace").readlines()
    for call in calls[pid]:
        executed = re.match(r'execve\("([^"]*)".*= 0$', call)
        started = re.match(r"clone3?\(.*CLONE_THREAD.*= ([0-9]+)$", call)
        if executed:
            programs[pid] = os.path.basename(executed[1])
        if started:
            threads[started[1]] = pid
for pid, lines in calls.items():
    # What a child does before it is another program, it does as that one.
    with open("%s.%s" % (name, programs.get(threads.get(pid, pid), "child")), "a") as to:
        to.writelines(lines)
PYTHON
}
opens() { grep -hE '^(open|openat|openat2|creat)\(' "$@" | grep -F .aws; }
no() { ! "$@"; }
has() { [ -s "$1" ] || { echo "no $1"; ls; return 1; }; }
if strace -o /dev/null true 2>/dev/null; then
	ok "a secret with the keys of a file" traced file "$secretdir" sync -q file text
	ok "which identity-aws reads" opens file.identity-aws
	ok "and fetch-aws does not" sh -c 'test -s file.fetch-aws && ! grep -F .aws file.fetch-aws | grep -qE "^(open|stat|access|newfstatat|readlink)"'
	ok "identity-net is not started where nobody has to be asked" test ! -e file.identity-net
	ok "a secret with the keys of a role" traced role "$secretdir" sync -q --profile role role text
	ok "which identity-net asks for, and sees no file of ~/.aws" sh -c 'test -s role.identity-net && ! grep -E "^(open|stat|access|newfstatat|readlink)" role.identity-net | grep -qF .aws'
	ok "identity-aws connects to nobody" sh -c "! grep -qE '^(socket|connect)\\(' role.identity-aws"
	for program in fetch-aws identity-net; do
		ok "$program executes nothing" sh -c "grep -c '^execve' role.$program | grep -qx 1"
		ok "$program writes no file" sh -c "! grep -E '^(open|openat|openat2)\\(' role.$program | grep -E 'O_WRONLY|O_RDWR|O_CREAT' | grep -v '\"/dev/null\"'"
	done
	for program in secretdir identity-aws identity-net fetch-aws; do
		is_sanitized && { skip "$program cannot be looked into" "this is a build with sanitizers"; continue; }
		ok "$program cannot be looked into" grep -qE '^prctl\(PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)' role.$program
		ok "$program opens nothing before that" sh -c "sed '/PR_SET_DUMPABLE/q' role.$program | grep -E '^open' | grep -vE '\"(/etc/ld\\.so\\.|/lib|/usr/lib|/usr/local/lib|/proc/self/|/sys/devices|/etc/ssl/openssl\\.cnf|/proc/sys|/dev/urandom)' | wc -l | grep -qx 0"
	done
	ok "secretdir reads no key" sh -c "! grep -hE '^(read|pread64|readv|mmap|recv)' file.secretdir role.secretdir | grep -F canary-key"
	ok "and writes none" sh -c "! grep -hE '^(write|pwrite64|writev|send)' file.secretdir role.secretdir | grep -F canary-key"
	ok "it overwrites them, before it closes them" sh -c "grep -E '^(pwrite64|ftruncate)' role.secretdir | tail -2 | head -1 | grep -qE '^pwrite64\\([0-9]+, \"(\\\\0)+\"'"
	ok "no key is in an argument" sh -c "! grep -h '^execve' role.* file.* | grep -F canary-"
else
	skip "what each of them opens, executes and reads" "no tracing is allowed here"
fi

# ---- Their environments ----

# Stand in for the programs, and say what they were started with.
cp "$secretdir" lie/
for program in fetch-file fetch-other spec-yaml identity-aws fetch-aws; do
	printf '#!/bin/sh\ntr "\\0" "\\n" </proc/$$/environ | sort >"%s/%s.env"; ls /proc/$$/fd >"%s/%s.fds"\ncat >/dev/null & printf "error 4\\n1 no\\n"\n' "$work" $program "$work" $program >"lie/libexec/atomicdir/$program"
	chmod +x "lie/libexec/atomicdir/$program"
done
lie() {
	env -i PATH="$PATH" HOME="$HOME" LANG=C LC_TIME=C TZ=UTC https_proxy= NO_PROXY=x SSL_CERT_DIR=/c SSL_CERT_FILE=/f RES_OPTIONS=debug OTHER=thing \
		AWS_ACCESS_KEY_ID=ID AWS_SECRET_ACCESS_KEY=canary-key-3f9a/+= AWS_REGION=us-east-1 AWSOME=yes lie/secretdir sync -q new "$@" 2>/dev/null
}
lie --source file:x text; lie --source other text; lie text; echo '- text' >spec.yaml; lie --spec spec.yaml
wanted=$(printf '%s\n' HOME= LANG= LC_TIME= NO_PROXY= PATH= RES_OPTIONS= SSL_CERT_DIR= SSL_CERT_FILE= TZ= https_proxy= | sort)
for program in fetch-file fetch-aws identity-aws spec-yaml; do
	is "$(grep -vE '^(PWD|SHLVL|_|[A-Z]*SAN_OPTIONS)=' $program.env | sed 's/=.*/=/' | sort -u)" "$wanted" "$program gets these variables, and no others"
done
ok "another's fetcher gets ours" grep -qx OTHER=thing fetch-other.env
ok "but no AWS_*" sh -c "grep -qx AWSOME=yes fetch-other.env && ! grep '^AWS_' fetch-other.env"
ok "a credential_process" env OTHER=thing AWS_OWN=thing "$secretdir" sync -q process --profile process text
ok "gets all that secretdir was started with" sh -c 'grep -qx OTHER=thing process.env && grep -qx AWS_OWN=thing process.env && grep -qx AWS_REGION=us-east-1 process.env'
hook() { AWS_ACCESS_KEY_ID=ID AWS_SECRET_ACCESS_KEY=canary-key-3f9a/+= AWS_OWN=thing "$secretdir" sync -q hooked text --check 'env >check.env' --on-change 'env >hook.env'; }
ok "a check and a hook" hook
ok "get no AWS_*" sh -c '! grep ^AWS_ hooked/check.env hook.env 2>/dev/null && test -s hook.env'

# ---- Memory ----

# running COMMAND...: with secretdir as $pid and fetch-aws as $fetcher, which has the keys and waits for an answer.
running() {
	control clear; control clear requests; control fault delay --seconds 20 --forever
	env AWS_ACCESS_KEY_ID=SESSION AWS_SECRET_ACCESS_KEY=canary-key-77c1/+= AWS_SESSION_TOKEN=canary-token-51bd/+= "$secretdir" sync -q running text 2>/dev/null & pid=$!
	for i in $(seq 200); do [ "$(control requests --count)" = 1 ] && break; sleep 0.05; done
	fetcher=$(cat /proc/$pid/task/$pid/children); fetcher=${fetcher% }
	"$@"; ended=$?
	kill -TERM $pid; wait $pid
	control clear
	return $ended
}
no_key_in_memory() { python3 "$here/tests/secretdir/memory.py" $pid canary-key-77c1 canary-token-51bd && ! tr '\0' '\n' </proc/$pid/environ | grep AWS_; }
reads_only() { grep -qE '^flags:.*0$' "/proc/$fetcher/fdinfo/3" && grep -q '^flags:	0*[0-9]*0$' "/proc/$fetcher/fdinfo/3" && readlink "/proc/$fetcher/fd/3" | grep -q memfd:keys; }
if [ "$(id -u)" = 0 ] && ! is_sanitized && python3 "$here/tests/secretdir/memory.py" $$ >/dev/null 2>&1; then
	ok "secretdir's memory holds no key, and /proc/PID/environ no AWS_*, while it waits" running no_key_in_memory
	ok "fetch-aws can only read the file of keys" running reads_only
else
	skip "secretdir's memory holds no key, and /proc/PID/environ no AWS_*, while it waits" "only root may look there, and only without sanitizers"
	skip "fetch-aws can only read the file of keys" "only root may look there, and only without sanitizers"
fi

# ---- What goes from one to the other ----

control clear requests
ok "keys that are there are asked with at once" "$secretdir" sync -q now text
is "$(control requests --count Head)" 0 "without a connection that is opened before"
control clear requests; control fault delay --seconds 1 --operation AssumeRole
ok "where a role is asked for" "$secretdir" sync -q later --profile role text
is "$(control requests --operation Head | grep -c .)" 1 "a connection is opened meanwhile"
connection() { control requests --operation "$1" | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["connection"])'; }
is "$(connection GetSecretValue)" "$(connection Head)" "over which the secret comes"
ok "without a key" sh -c "! grep -q access_key_id" <<END
$(control requests --operation Head)
END
told() { "$secretdir" sync -v told text "$@" 2>told.err >/dev/null; grep 'with keys from' told.err; }
is "$(told | sed 's/.*home/HOME/')" "HOME/.aws/config" "with -v it is told where the keys are from"
is "$(told --profile role | sed 's/expire in 3[0-9]* s/expire in N s/')" "secretdir: AWS is asked in region us-east-1 with keys from role arn:aws:iam::123456789012:role/app, which expire in N s" "and how long they are good"
control clear requests; control fault expired --service secretsmanager
renew() {
	ASAN_OPTIONS=detect_leaks=0 AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/keys" AWS_CONFIG_FILE=/dev/null strace -ff -e trace=execve -o renew \
		"$secretdir" sync -q renewed text
}
if strace -o /dev/null true 2>/dev/null; then
	ok "keys that have expired are had anew" renew
	is "$(cat renew.* | grep -c 'identity-aws".*= 0')" 2 "by one more question to identity-aws"
	is "$(cat renew.* | grep -c 'fetch-aws".*= 0')" 1 "of the same fetch-aws"
else skip "keys that have expired are had anew" "no tracing is allowed here"; fi
stop_server
finish
