#!/bin/sh
# SPDX-License-Identifier: ISC
# What secretdir says when something is wrong: errors.tsv has each message whole, beside those of credentials.tsv and spec.sh.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
field() { printf '%s %d\n%s\n' "$1" ${#2} "$2"; }
many() { python3 -c "import sys; sys.stdout.write($1)"; }

# What the rows run, by name.
mkdir -p bin lie/libexec/atomicdir alone
ln -s "$here/build/secretdir" "$here"/build/libexec/atomicdir/* bin
export PATH="$work/bin:$PATH"
# ask PROGRAM FIELD=VALUE...: what a fetcher, or the reader of specs, answers to this request.
cat >bin/ask <<'END_OF_ASK'
#!/bin/sh
program=$1; shift
for one; do value=${one#*=}; printf '%s %d\n%s\n' "${one%%=*}" ${#value} "$value"; done | "$program" >answer
read -r name size <answer
[ "$name" = error ] || { cat answer; exit; }
{ read -r line; read -r kind text; } <answer
echo "$program: $text" >&2
exit "$kind"
END_OF_ASK
chmod +x bin/ask
# hear URL [SETTING=VALUE...]: why listen-aws cannot listen to this queue.
cat >bin/hear <<END_OF_HEAR
#!/usr/bin/python3
import os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "$here/tests/secretdir")
import listener
listener.keep_keys_fd()
settings = {name: value or None for name, _, value in (word.partition("=") for word in sys.argv[2:])}
one = listener.Listener("$here/build/libexec/atomicdir/listen-aws", *listener.asked(sys.argv[1]), keys=settings)
got = one.next() or ("", "1 nothing")
one.process.terminate()
one.process.wait()
kind, _, text = got[1].partition(" ")
sys.stderr.write("listen-aws: " + text + "\\n" if got[0] in ("error", "disconnected") else got[0] + "\\n")
sys.exit(int(kind or 0))
END_OF_HEAR
chmod +x bin/hear

# Fetchers that lie: each answers what is in the file that its argument names.
cp "$here/build/secretdir" lie; cp "$here/build/secretdir" alone; cp "$here/build/libexec/atomicdir/spec-yaml" lie/libexec/atomicdir
printf '#!/bin/sh\ncat "%s/$(sed -n s/^argument=//p)"\n' "$work" >lie/libexec/atomicdir/fetch-lie
printf '#!/bin/sh\ncat >/dev/null; kill -9 $$\n' >lie/libexec/atomicdir/fetch-dies
printf '#!/bin/sh\ncat >/dev/null; exit 5\n' >lie/libexec/atomicdir/fetch-fails
printf '#!/no/such/interpreter\n' >lie/libexec/atomicdir/fetch-absent
# Those that do not care who waits for them: what they leave behind has a session of its own, and their output.
printf '#!/bin/sh\nexec >&- 2>&-; exec sleep 700\n' >lie/libexec/atomicdir/fetch-deaf
printf '#!/bin/sh\nsetsid sleep 700 2>/dev/null & echo $! >>"%s/left.pids"\ncat "%s/$(sed -n s/^argument=//p)"\n' "$work" "$work" >lie/libexec/atomicdir/fetch-leaves
python3 - <<'END_OF_ENDLESS' >lie/libexec/atomicdir/fetch-endless
print("#!/usr/bin/python3\nimport os, sys\nsys.stdin.read()\nfield = b'warning 16000000\\n' + b' ' * 16000000 + b'\\n'\nwhile True: sys.stdout.buffer.write(field)")
END_OF_ENDLESS
chmod +x lie/libexec/atomicdir/fetch-*
ln -s fetch-loop lie/libexec/atomicdir/fetch-loop
: >nothing
echo hello >no-field
printf 'index 5\n0' >half-a-field
printf 'index 99999999999999999999\n' >large-field
{ field index 0; field path s; } >half-a-file
file() { field index "$1"; field path "$2"; field source a; field version v; }
{ file 0 s; field created 1; field created 1; field value x; } >two-dates
{ field index 0; field path s; field secret a; } >no-source
for index in 7 x; do { file $index s; field value x; } >entry-$index; done
{ file 0 t; field value x; } >another-path
{ file 0 s; field value x; } >no-end
{ file 0 s; field value x; field done 1; } >good
{ file 0 s; field value x; field done 2; } >counts
field done 0 >leaves-out
{ file 0 s; field value x; file 0 s; field value x; field done 2; } >twice
{ file 0 s; field value x; field done 1; field more 1; } >goes-on
{ field index 0; field absent ''; field done 0; } >absent
{ field index 0; field value x; } >no-path
field error '3 x' >no-kind
field error '10 ' >no-text
field error "10 a: no such$(printf '\033')[31m thing" >colour
paths=0
for path in ../x /x a/../b ./x a//b x/ "$(many '"x" * 300')" ..atomicdir-wake "$(many '"a/" * 200')x" "$(many '"/".join(["a" * 200] * 21)')" ''; do
	paths=$((paths + 1))
	{ field index 0; field path "$path"; field source a; field version v; field value x; field done 1; } >path-$paths
done
printf 'index 1\n0\npath 3\na\0b\nsource 1\na\nversion 1\nv\nvalue 1\nx\ndone 1\n1\n' >path-nul

# Files of secrets and of entries.
cat >secrets.json <<'END_OF_SECRETS'
{"db": {"password": "canary"}, "text": "canary text", "list": ["canary"], "bits": "AAF=", "s": {"a": "canary", "a/b": "canary"},
 "p/a": "canary", "p/a/b": "canary"}
END_OF_SECRETS
cat >batch.json <<'END_OF_BATCH'
{"SecretValues": [{"Name": "none", "VersionId": "v"}, {"Name": "both", "VersionId": "v", "SecretString": "a", "SecretBinary": "YQ=="},
 {"Name": "bits", "VersionId": "v", "SecretBinary": "canary"}],
 "Errors": [{"SecretId": "denied", "ErrorCode": "AccessDeniedException"}, {"SecretId": "lost/a", "ErrorCode": "DecryptionFailure"},
 {"SecretId": "gone", "ErrorCode": "ResourceNotFoundException"}]}
END_OF_BATCH
printf '{"p/a\\u0000b": "canary"}' >nul-name.json
echo '["canary"]' >list.json
printf '{"s": "\377"}' >bytes.json
printf '{"s": "\\ud800"}' >half-pair.json
echo '{"s": 1, "s": 2}' >key-twice.json
echo '{"s": 1' >half.json
many '"{\"s\":" + "[" * 200 + "]" * 200 + "}"' >deep.json
many '"[" + "1," * (1 << 20) + "1]"' >values.json
many '"{\"s\": \"" + "x" * 9999 + "\"}"' >big.json
many '"{\"s\": \"" + "x" * (16 << 20) + "\"}"' >large.json
printf 'x=text\n\n y=,mode=9\n' >bad.entries
printf 'x=text\0\n' >nul.entries
printf 'a\377\n' >bytes.entries
many '"#" * (17 << 20)' >large.entries
many '"#" * (2 << 20)' >large.yaml
many '"- {secret: " + "x" * 2049 + "}\n"' >long.yaml
for i in $(seq 40); do echo "s$i=text,stage=S$i"; done >stages.entries
echo '- {secret: db, path: x, query: "list[2].a"}' >query.yaml
for name in host absent app/locked; do echo "- {secret: $name, service: ssm}" >"$(basename $name).yaml"; done
echo '- {secret: app/, path: app/, service: ssm}' >prefix.yaml
printf 'region: x/y\nobjects: [{objectName: text, objectType: secretsmanager}]\n' >region.yaml

# The reader of specs, lying too.
for program in nothing:: status:'exit 3' no-field:'echo x' no-kind:'printf "error 3\n3 x\n"' option:'printf "option 3\nx=y\n"' count:'printf "done 1\n1\n"' \
	dies:'kill -9 $$' nul:'printf "entry 1\n\0\n"' early:'printf "secret 1\na\n"'; do
	mkdir -p "spec/${program%%:*}/libexec/atomicdir"; cp "$here/build/secretdir" "spec/${program%%:*}"
	printf '#!/bin/sh\n%s\n' "${program#*:}" >"spec/${program%%:*}/libexec/atomicdir/spec-yaml"
	chmod +x "spec/${program%%:*}/libexec/atomicdir/spec-yaml"
done

# Who finds the keys, lying.
mkdir -p keyless/libexec/atomicdir; cp "$here/build/secretdir" keyless; cp "$here/build/libexec/atomicdir/fetch-aws" keyless/libexec/atomicdir
for program in nothing:: status:'exit 3' dies:'kill -9 $$' no-field:'echo x' other:'printf "colour 3\nred\n"' no-kind:'printf "error 3\n3 x\n"' early:'printf "done 0\n\n"' \
	part:'printf "key-id 1\na\nend 0\n\n" >&3; printf "done 0\n\n"'; do
	mkdir -p "keys/${program%%:*}/libexec/atomicdir"; cp "$here/build/secretdir" "keys/${program%%:*}"
	cp "$here/build/libexec/atomicdir/fetch-aws" "keys/${program%%:*}/libexec/atomicdir"
	printf '#!/bin/sh\ncat >/dev/null\n%s\n' "${program#*:}" >"keys/${program%%:*}/libexec/atomicdir/identity-aws"
	chmod +x "keys/${program%%:*}/libexec/atomicdir/identity-aws"
done

# The source aws.
start_server --region us-east-1 --region eu-west-1
control put text --string canary >/dev/null; control put json --string '{"k": "canary"}' >/dev/null; control put more --string canary >/dev/null
control put gone --string canary >/dev/null; control delete gone; control put p/stale --string canary >/dev/null; control delete p/stale --listed
control put locked --string canary --kms-key arn:aws:kms:us-east-1:123456789012:key/k >/dev/null
long=$(many '"long/" + "x" * 200'); control put "$long" --string canary >/dev/null
control parameter host --string canary >/dev/null
control parameter app/locked --string canary --type SecureString --kms-key arn:aws:kms:us-east-1:123456789012:key/k >/dev/null
control put text --string canary --region eu-west-1 >/dev/null
control key OLD canary --session-token canary --expired
control container /pod
control queue changes >/dev/null
head -c 65537 /dev/zero | tr '\0' x >value; control name large --file value >/dev/null
control name another --string canary --returned else >/dev/null
printf 'not PEM' >bad.pem
# Whoever waits for a process here waits no time: each limit but the first is over at once.
mkdir -p slow/libexec/atomicdir; cp "$here/build/secretdir" slow; ln -s "$here"/build/libexec/atomicdir/* slow/libexec/atomicdir; rm slow/libexec/atomicdir/identity-aws
cat >slow/libexec/atomicdir/identity-aws <<END_OF_SLOW
#!/bin/sh
exec strace -qq -o /dev/null -e trace=timerfd_settime -e inject=timerfd_settime:when=2+:poke_enter=@arg3=0000000000000000000000000000000000000000000000000100000000000000 "$here/build/libexec/atomicdir/identity-aws"
END_OF_SLOW
chmod +x slow/libexec/atomicdir/identity-aws
# A process that is slow, and a login that is old.
mkdir -p home/.aws/sso/cache
printf '#!/bin/sh\necho $$ >"%s/slow.pid"; echo slowly >&2; exec sleep 600\n' "$work" >bin/slow; chmod +x bin/slow
printf '[default]\ncredential_process = %s/bin/slow\n' "$work" >slow.config
printf '[sso-session corp]\nsso_region = us-east-1\nsso_start_url = x\n[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = reader\n' >sso.config
corp=$(printf corp | sha1sum | cut -d' ' -f1).json
echo '{"accessToken": "canary", "expiresAt": "2020-01-02T03:04:05Z", "refreshToken": "canary", "clientId": "client", "clientSecret": "canary", "registrationExpiresAt": "2099-01-02T03:04:05Z"}' >"home/.aws/sso/cache/$corp"
newline='
'

# Who answers each request with one more page of a list; with the same one where it is asked at /again.
cat >pages.py <<'END_OF_PAGES'
import http.server, os

class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Pages.pages += self.path != "/again"
        body = b'{"SecretList":[],"NextToken":"%d"}' % Pages.pages
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

server, parent = http.server.HTTPServer(("127.0.0.1", 0), Pages), os.getppid()
server.timeout = 1
print("http://127.0.0.1:%d" % server.server_port, flush=True)
while os.getppid() == parent:
    server.handle_request()
END_OF_PAGES
python3 pages.py >pages.address & pages_pid=$!
until [ -s pages.address ]; do sleep 0.05; done
pages=$(cat pages.address)
first=00000000-0000-0000-0000-000000000001 second=00000000-0000-0000-0000-000000000002
control put two --string canary --version-id $first >/dev/null; control put two --string canary --version-id $second >/dev/null
two=$(control show two --arn); two_short=${two%-*}
echo '["AWSPREVIOUS"]' >stages; printf -- '- {secret: host, service: ssm, path: x, version: "2"}\n' >host2.yaml
# answer ARN NAME VERSION STAGE: a file for `raw`.
answer() { printf '{"ARN":"%s","Name":"%s","VersionId":"%s","SecretString":"canary","VersionStages":["%s"]}' "$1" "$2" "$3" "$4"; }
answer "$(control show text --arn)" text $second AWSCURRENT >other-secret
answer "$two" two $second AWSCURRENT >other-version
answer "$two" two $second AWSPREVIOUS >other-stage
printf '{"ARN":"%s","Name":"two","VersionId":"%s","SecretString":"canary"}' "$two" "$second" >no-stages
printf '{"ARN":"%s","Name":"else"}' "$(control show text --arn)" >other-description
stale=$(control show p/stale --arn) text=$(control show text --arn) long_arn=$(control show "$long" --arn)
kept="nothing was published, 'new' is unchanged"
tail="is a proxy in the way?; $kept"
SECRETS="canary $AWS_SECRET_ACCESS_KEY" AWS_MAX_ATTEMPTS=1
component=$(many '"x" * 256')
# What is shown of long names.
xs=$(many '"x" * 251') few_xs=$(many '"x" * 195') few_as=$(many '"a" * 195') steps=$(many '"a/" * 97 + "a"')
libexec=$(sed 's/.* //' "$here/build/flags")/atomicdir
export first second two two_short libexec xs few_xs few_as steps work corp component newline pages here container kept tail text stale long long_arn SECRETS AWS_MAX_ATTEMPTS

python3 "$here/tests/secretdir/errors.py" server "$here/tests/secretdir/errors.tsv" $count >rows || failed=1
kill "$pages_pid"; stop_server
while read -r pid; do kill "$pid"; done <left.pids
cat rows
count=$((count + $(grep -cE '^(not )?ok' rows)))
if [ -e slow.pid ]; then ok "the process that took too long is ended" sh -c '! kill -0 "$(cat slow.pid)"'
else skip "the process that took too long is ended" "no tracing is allowed here"; fi
finish
