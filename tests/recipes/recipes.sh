#!/bin/sh
# SPDX-License-Identifier: ISC
# docs/recipes.md: each recipe as it stands there, in a system of the test's own, with the real programs and the AWS test server.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/packaging/boot.sh"

boot || { skip "the recipes work" "$lacking"; finish; }
# follow RECIPE: its files and commands, at their places.
follow() {
	rm -rf recipe
	python3 "$here/tests/recipes/take.py" "$here/docs/recipes.md" "$1" "$work/recipe" >commands || return
	[ ! -d recipe ] || tar -C recipe -cf - . | inside tar -C / --no-same-owner -xf -
	{ echo 'set -e; cd /srv/source'; sed 's/^/export /' aws.conf; cat commands; } | inside timeout 60 sh
}
lacks() { ! inside sh -c "command -v $1" >/dev/null; }
# make_pair NAME: a certificate of this name and its key, as the secret prod/tls.
make_pair() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=$1" -keyout key.pem -out cert.pem 2>/dev/null
	python3 -c 'import json; print(json.dumps({"cert": open("cert.pem").read(), "key": open("key.pem").read(), "store_password": "changeit"}))' >pair.json
	control put prod/tls --file /dev/stdin <pair.json
}
# rotate UNIT NAME: a new pair, and the unit of secretdir looks at once.
rotate() { make_pair "$2" && inside systemctl reload "$1"; }
shows() { inside systemctl show -P "$2" "$1" | grep -qx "$3"; }
# serves NAME PORT [OPTION...]: who connects is shown the certificate of this name.
serves() {
	name=$1 port=$2; shift 2
	inside sh -c 'port=$1; shift; timeout 5 openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null 2>/dev/null | openssl x509 -noout -subject -nameopt RFC2253' sh "$port" "$@" |
		grep -qx "subject=CN=$name"
}

start_aws
inside install -d /opt/app /etc/systemd/system/secretdir@.service.d
printf '[Service]\nEnvironmentFile=/etc/secretdir/aws.conf\nStandardError=append:/srv/secretdir.log\n' |
	inside tee /etc/systemd/system/secretdir@.service.d/test.conf >/dev/null
control put prod/app --string '{"DB_USER":"app","DB_PASSWORD":"it is \"one\" $x"}'
make_pair first
ok "the drop-in for on-change commands is installed" follow all

# ---- An environment file ----

inside tee /opt/app/run >/dev/null <<'END'
#!/bin/sh
printf '%s:%s\n' "$DB_USER" "$DB_PASSWORD" >>/run/env-seen
exec sleep 1000
END
inside sh -c 'chmod 755 /opt/app/run; install -m 666 /dev/null /run/env-seen'
ok "env: the commands work" follow env
ok "env: the program has the variables, with every character of them" eventually inside grep -qFx 'app:it is "one" $x' /run/env-seen
control put prod/app --string '{"DB_USER":"app","DB_PASSWORD":"two"}'
inside systemctl reload secretdir@app.service
ok "env: a change restarts it" eventually inside grep -qx app:two /run/env-seen

# ---- JSON ----

ok "json: the commands work" follow json
is "$(inside setpriv --reuid daemon --regid daemon --clear-groups cat /run/app/config.json)" '{"DB_PASSWORD":"two","DB_USER":"app"}' \
	"json: the application's group reads the object"

# ---- PKCS #12 ----

ok "pkcs12: the commands work" follow pkcs12
key_of_store() { inside sh -c 'openssl pkcs12 -in /run/store/store.p12 -passin file:/run/store/password -nodes | openssl pkey -pubout'; }
is "$(key_of_store)" "$(openssl pkey -in key.pem -pubout)" "pkcs12: the store has the key, under the password"
before=$(inside readlink /run/store)
ok "pkcs12: the commands work again" follow pkcs12
is "$(inside readlink /run/store)" "$before" "pkcs12: and publish nothing, since nothing has changed"

# ---- Servers ----

# serve RECIPE PROGRAM UNIT PORT [OPTION...]: the recipe of a server that shows a certificate.
serve() {
	recipe=$1 program=$2 unit=$3 port=$4; shift 4
	if lacks "$program"; then skip "$recipe: it serves the certificate, and a new one" "$program is not installed"; return; fi
	make_pair first
	ok "$recipe: the commands work" follow "$recipe"
	ok "$recipe: it serves the certificate" eventually serves first "$port" "$@"
	main=$(inside systemctl show -P MainPID "$unit")
	rotate "secretdir@$recipe.service" second
	ok "$recipe: a new pair is served" eventually serves second "$port" "$@"
	is "$(inside systemctl show -P MainPID "$unit")" "$main" "$recipe: by the same server, which was only reloaded"
}
serve nginx nginx nginx.service 8443
if lacks nginx; then skip "nginx: a key of another certificate is refused" "nginx is not installed"
else
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem 2>/dev/null
	python3 -c 'import json; print(json.dumps(dict(json.load(open("pair.json")), key=open("other.pem").read())))' >torn.json
	control put prod/tls --file /dev/stdin <torn.json
	inside systemctl reload secretdir@nginx.service
	ok "nginx: a key of another certificate is refused by the check" eventually inside grep -q 'check' /srv/secretdir.log
	ok "nginx: and the old pair is served" serves second 8443
fi
serve haproxy haproxy haproxy.service 9443
if [ -e /var/lib/postgresql/15/main/postmaster.pid ]; then
	skip "postgresql: it serves the certificate, and a new one" "the cluster 15/main is in use here"
elif [ -d /etc/postgresql/15/main ]; then serve postgresql pg_ctlcluster postgresql@15-main.service 5432 -starttls postgres
else skip "postgresql: it serves the certificate, and a new one" "there is no cluster 15/main here"; fi

# ---- Java ----

if lacks javac; then skip "java: the service is restarted after a change" "javac is not installed"
else
	cat >App.java <<'END'
import java.io.*;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.X509Certificate;

public class App {
	public static void main(String[] arguments) throws Exception {
		Path directory = Path.of(arguments[0]);
		KeyStore store = KeyStore.getInstance("PKCS12");
		store.load(Files.newInputStream(directory.resolve("store.p12")), Files.readString(directory.resolve("password")).toCharArray());
		X509Certificate certificate = (X509Certificate) store.getCertificate(store.aliases().nextElement());
		try (FileWriter writer = new FileWriter("/run/java-seen", true)) {
			writer.write(certificate.getSubjectX500Principal().getName() + "\n");
		}
		Thread.sleep(1000000);
	}
}
END
	javac -d classes App.java
	inside install -m 666 /dev/null /run/java-seen
	tar -C classes -cf - . | inside tar -C /opt/app --no-same-owner -xf -
	inside cp /etc/secretdir/aws.conf /etc/secretdir/java.conf
	make_pair first
	ok "java: the commands work" follow java
	ok "java: the service has the key store" eventually inside grep -qx CN=first /run/java-seen
	make_pair second
	inside systemctl kill --kill-whom=main --signal=HUP java-app.service
	ok "java: after a change it is restarted with the new one" eventually inside grep -qx CN=second /run/java-seen
	ok "java: the unit stops" inside systemctl stop java-app.service
	ok "java: with success" shows java-app.service Result success
fi
halt
finish
