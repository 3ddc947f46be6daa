#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples of README.md and docs/, as they stand there, in a root of this test's own: /srv, /etc and /run are directories here, and
# systemctl and the application are programs that write down what they were asked. secretdir asks the AWS test server.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"

mkdir bin blocks root root/srv root/etc root/etc/nginx root/run root/run/secretdir
printf '#!/bin/sh\necho "$*" >>"%s/systemctl.log"\n[ ! -e "%s/systemctl.fails" ]\n' "$work" "$work" >bin/systemctl
printf '#!/bin/sh\nexec cat "$2"\n' >bin/app
printf '#!/bin/sh\n' >bin/make
chmod +x bin/*
PATH=$work/bin:$here/build:$PATH
export PATH
for page in README.md docs/coming-from.md; do python3 "$here/tests/package/blocks.py" "$here/$page" blocks; done
# example NAME: in the directory run.
mkdir run; ln -s "$here/packaging" run/packaging
rebase() { sed -E "s#(^|[ =\"'>])/(srv|etc|run)/#\1$work/root/\2/#g"; }
example() { rebase <"blocks/$1.sh" >script; (cd run && sh -e "$work/script"); }
# What the page says that it prints.
output() { awk -v name="<!-- output: $1 -->" '$0 == name { is_near = 1 } /^```/ { is_in = is_near && !is_in; is_near = is_in; next } is_in' "$here/README.md"; }

ok "the first minute runs" example minute
is "$(sed -E 's/[0-9-]{10}T[0-9:]{8}Z/TIME/' out)" "$(output minute)" "and prints what the page shows"

mkdir run/build; echo one >run/build/index.html
ok "a site is published" example site
echo two >run/build/index.html; touch systemctl.fails
ok "where the server does not accept it, the status is 4" status 4 example site
is "$(cat root/srv/site/index.html)" one "and the release before is live"
rm systemctl.fails; : >run/build/index.html
ok "a check that fails publishes nothing" status 4 example site

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a -keyout privkey.pem -out fullchain.pem 2>/dev/null
export RENEWED_LINEAGE="$work"
ok "a TLS pair is published" example pair
is "$(cat root/etc/nginx/pair/tls.key)" "$(cat privkey.pem)" "with its key"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=b -keyout privkey.pem -out /dev/null 2>/dev/null
ok "a key that does not fit is refused" status 4 example pair

start_server --region us-east-1 --region eu-central-1
for region in us-east-1 eu-central-1; do control put prod/db --region $region --string '{"password": "p"}' >/dev/null; done
control put prod/tls --string '{"cert": "c", "key": "k"}' >/dev/null
ok "secrets are published once" example once
is "$(cat root/run/app/db root/run/app/tls.crt root/run/app/tls.key)" pck "each value in its file"
ok "and the policy names them" grep -q 'secret:prod/tls' run/policy.json
ok "the application runs with its secrets" example run
is "$(tail -n 1 out)" p "and reads them"

ok "a unit is set up" example unit
is "$(tail -n 1 systemctl.log)" "enable --now secretdir@app" "and started"
ok "with what lets it reload another one" test -s root/etc/systemd/system/secretdir@.service.d/reload-units.conf
is "$(sed -n 's/^ExecStart=//p' "$here/packaging/systemd/secretdir@.service")" 'secretdir watch --entries /etc/secretdir/%i.entries $OPTIONS ${LINK}' "the unit runs this command"
(
	# systemd reads quotes inside a value as the shell does.
	eval "$(rebase <root/etc/secretdir/app.conf | sed "s/^OPTIONS=\(.*\)/OPTIONS='\1'/")"
	export AWS_REGION
	eval "set -- $OPTIONS"
	exec secretdir watch --entries root/etc/secretdir/app.entries "$@" "$LINK"
) >unit.log 2>&1 &
watcher=$!
for _ in $(seq 100); do secretdir status --published root/run/secretdir/app >/dev/null 2>&1 && break; sleep 0.1; done
is "$(cat root/run/secretdir/app/db)" p "and what it runs publishes"
kill "$watcher"; wait "$watcher"

# ---- docs/coming-from.md ----
mkdir -p root/srv/data-1 root/srv/www/releases/1 root/srv/app/releases/1 root/srv/app/shared/log
echo old >root/srv/data-1/f; ln -s "$work/root/srv/data-1" root/srv/data
ok "what a function with a rename has made is taken over" example from-rename
ok "and what it led to stays" test -e root/srv/data-1/f -a -e root/srv/data/updated -a ! -e root/srv/data/f
echo 1 >root/srv/www/releases/1/index.html; ln -s releases/1 root/srv/www/current; echo new >run/build/index.html
ok "releases behind ln -sfn are taken over" example from-ln
is "$(cat root/srv/www/current/index.html)" 1 "and a rollback leads to the one that was live"
ln -s ../../shared/log root/srv/app/releases/1/log; ln -s releases/1 root/srv/app/current; tar -C run/build -cf root/srv/app/upload.tar .
ok "so are Capistrano's" example from-capistrano
echo line >root/srv/app/shared/log/file
is "$(cat root/srv/app/current/log/file root/srv/app/current/index.html)" "$(printf 'line\nnew')" "with what is shared"
ok "detach says why it cannot give them back" sh -c "! atomicdir detach root/srv/app/current 2>said && grep -q \"'log' is a relative symlink that leaves the directory\" said"
ok "and the way back to releases is as the page says" example to-releases
is "$(readlink root/srv/app/current) $(cat root/srv/app/current/log/file root/srv/app/current/index.html | tr '\n' ' ')$(ls -A root/srv/app | tr '\n' ' ')" \
	"releases/42 line new current releases shared upload.tar " "with what is shared, and without a store"
printf '%s\n' 'kind: SecretProviderClass' 'spec:' '  provider: aws' '  parameters:' '    objects: |' '      - {objectName: prod/db, objectType: secretsmanager}' >run/secret-provider-class.yaml
ok "a SecretProviderClass is published in a directory that can be mounted" example from-csi
ok "as a ConfigMap is" test -L root/run/secrets/..data -a -s root/run/secrets/prod_db
control put prod/app --string '{"user": "u", "password": "p"}' >/dev/null
rm -rf root/run/app root/run/.app.atomicdir
ok "what a template made is made by a transform" example from-template
is "$(cat root/run/app/app.conf)" "dsn=postgres://u:p@db/app" "of several secrets"
# sops is another's program: this one prints what it would have decrypted.
printf '#!/bin/sh\necho %s\n' "'{\"token\": \"t\", \"db\": \"{\\\\\"password\\\\\": \\\\\"p\\\\\"}\"}'" >bin/sops; chmod +x bin/sops
memory=$(mktemp -d -p /dev/shm); rm -rf root/run; ln -s "$memory" root/run
ok "what sops decrypts is published in memory" example from-sops
is "$(cat root/run/secrets/token root/run/secrets/pw)" tp "as files"
chmod -R u+rwx "$memory"; rm -rf "$memory"

# ---- Pages ----
is "$("$here/tools/drawing.py" <"$here/docs/how-it-works.txt")" "$(cat "$here/docs/how-it-works.svg")" "the drawing is what its text says"
statuses() { sed -nE 's/^\| ([0-9]+) \|.*/\1/p' "$1"; }
is "$(statuses "$here/docs/troubleshooting.md" | paste -sd ' ')" "0 1 2 3 4 5 6 7 8 9 10" "each exit status has its remedy"
# anchors FILE: the names by which its headings are linked to.
anchors() { sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'; }
lost() {
	for page in README.md docs/*.md docs/decisions/*.md; do
		grep -ohE '\]\([a-zA-Z.#][^):]*\)' "$page" | tr -d '])(' | while read -r path; do
			file=$(dirname "$page")/${path%%#*}; [ -n "${path%%#*}" ] || file=$page
			[ -e "$file" ] || echo "$page: $path"
			case $path in *'#'*) anchors "$file" | grep -qx -- "${path#*#}" || echo "$page: $path" ;; esac
		done
	done
}
is "$(cd "$here" && lost)" "" "each file and each heading that a page leads to is there"
ok "README is short, apart from its tables" test "$(grep -vc '^|' "$here/README.md")" -le 210
stop_server
finish
