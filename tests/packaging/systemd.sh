#!/bin/sh
# SPDX-License-Identifier: ISC
# packaging/systemd: the units as systemd-analyze sees them, and started by a systemd of this test's own, against the AWS test server.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/packaging/boot.sh"
units=$here/packaging/systemd

# ---- As systemd-analyze sees them ----

score() { SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze security --offline=true --no-pager "$1" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\) .*/\1/p'; }
# The command where it is now, and no manual, which is not installed.
prepare_units() {
	mkdir units
	cp "$units"/*.service "$units"/*.timer units/
	sed -i "s|^ExecStart=secretdir|ExecStart=$here/build/secretdir|; /^Documentation=/d" units/*
}
verify() { SYSTEMD_UNIT_PATH="$work/units:" systemd-analyze verify --man=no "$@" 2>&1 && [ ! -s out ] && [ ! -s err ]; }
dropped() { mkdir -p "units/$2.d" && cp "$units/$1" "units/$2.d/"; }

prepare_units
hardening() { sed -n '/^# The program needs/,/^$/p' "$units/$1" | sed '/^\[/d; /^$/d'; }
is "$(hardening secretdir-sync@.service)" "$(hardening secretdir@.service)" "both services have the same rights"
if ! command -v systemd-analyze >/dev/null; then
	skip "systemd-analyze finds nothing wrong with the units" "systemd-analyze is not installed"
else
	for unit in secretdir@app.service secretdir-sync@app.service secretdir-sync@app.timer; do
		ok "systemd-analyze finds nothing wrong with $unit" verify "$unit"
	done
	version=$(systemd-analyze --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')
	ordinary=$(score secretdir@app.service)
	dropped drop-ins/reload-units.conf secretdir@.service
	ok "nor with the drop-in that lets it reload units" verify secretdir@app.service
	stated=$(grep "^| $version | [0-9.]* | [0-9.]* |$" "$units/README.md")
	if [ -z "$stated" ]; then skip "the README states the scores of systemd-analyze security" "it has none of systemd $version"
	else is "| $version | $ordinary | $(score secretdir@app.service) |" "$stated" "the README states the scores of systemd-analyze security"; fi
	if [ "$version" -ge 253 ]; then
		dropped drop-ins/notify-reload.conf secretdir@.service
		ok "nor with the one for systemd 253" verify secretdir@app.service
	else skip "nor with the one for systemd 253" "this is systemd $version"; fi
fi

# ---- Started ----

if ! boot; then
	skip "the units work" "$lacking"
	finish
fi
install_units() {
	inside install -d -m 777 /srv/app
	inside install -m 600 /srv/source/packaging/systemd/etc/app.conf /etc/secretdir
	inside install -m 644 /srv/source/packaging/systemd/etc/app.entries /etc/secretdir
	inside tee -a /etc/secretdir/app.conf <aws.conf >/dev/null
	# What the units say, where the test can read it; and no test waits ten seconds.
	for unit in secretdir@ secretdir-sync@ app; do
		inside mkdir -p "/etc/systemd/system/$unit.service.d"
		printf '[Service]\nStandardError=append:/srv/%s.log\n' "$unit" | inside tee "/etc/systemd/system/$unit.service.d/log.conf" >/dev/null
	done
	printf '[Service]\nRestartSec=100ms\n' | inside tee /etc/systemd/system/secretdir@.service.d/restart.conf >/dev/null
	inside cp /srv/source/packaging/systemd/consumer/credentials.conf /etc/systemd/system/app.service.d/
	inside tee /etc/systemd/system/app.service >/dev/null <<'END'
[Service]
User=daemon
ExecStart=sh -c 'cat $CREDENTIALS_DIRECTORY/db >/srv/app/started && exec sleep 1000'
ExecReload=sh -c 'echo reloaded >>/srv/app/reloads'
END
	inside systemctl daemon-reload
}
shows() { inside systemctl show -P "$2" "$1" | grep -qx "$3"; }
published() { [ "$(inside cat /run/secretdir/app/db)" = "$1" ]; }
allow_reloads() {
	for unit in secretdir@ secretdir-sync@; do
		inside cp /srv/source/packaging/systemd/drop-ins/reload-units.conf "/etc/systemd/system/$unit.service.d/"
	done
	inside systemctl daemon-reload
}

start_aws
control put prod/db --string '{"password":"one"}'
control put prod/tls --string '{"cert":"C","key":"K"}'
install_units
ok "secretdir@app.service starts" inside systemctl start secretdir@app.service
ok "when it has started, the directory is there" published one
is "$(inside stat -Lc '%a %U:%G' /run/secretdir/app /run/secretdir/app/db | tr '\n' ' ')" "550 root:adm 440 root:adm " "--owner gives it to a group"
ok "systemd knows what it does" shows secretdir@app StatusText '.*[a-z].*'
inside systemctl start app.service
ok "a unit gets the secrets as credentials, as another user" eventually inside grep -qx one /srv/app/started

control put prod/db --string '{"password":"two"}'
ok "systemctl reload is accepted" inside systemctl reload secretdir@app.service
ok "and publishes a change" eventually published two
ok "an on-change command cannot reload units without the drop-in" eventually inside grep -q "systemctl.* exited with status 1" /srv/secretdir@.log
is "$(inside sh -c 'cat /srv/app/reloads 2>/dev/null')" "" "and none is reloaded"
allow_reloads
ok "secretdir@app.service stops" inside systemctl stop secretdir@app.service
ok "with success" shows secretdir@app Result success
ok "what was published stays" published two
ok "and the unit that needs it is stopped with it" eventually shows app ActiveState inactive
control put prod/db --string '{"password":"three"}'
ok "with the drop-in it starts again" inside systemctl start secretdir@app.service app.service
ok "and has what has changed meanwhile" published three
control put prod/db --string '{"password":"four"}'
inside systemctl reload secretdir@app.service
ok "the on-change command reloads a unit" eventually inside grep -qx reloaded /srv/app/reloads
inside systemctl kill --kill-whom=main --signal=KILL secretdir@app.service
ok "a watcher that is killed is started again" eventually shows secretdir@app NRestarts 1
ok "and publishes" eventually shows secretdir@app ActiveState active
inside systemctl stop secretdir@app.service
if [ "${version:-0}" -lt 253 ]; then skip "with notify-reload.conf a reload ends when the secrets are fetched" "needs systemd 253"
else
	inside cp /srv/source/packaging/systemd/drop-ins/notify-reload.conf /etc/systemd/system/secretdir@.service.d/
	inside systemctl daemon-reload
	inside systemctl start secretdir@app.service
	control put prod/db --string '{"password":"fetched"}'
	inside systemctl reload secretdir@app.service
	ok "with notify-reload.conf a reload ends when the secrets are fetched" published fetched
	inside systemctl stop secretdir@app.service
	inside rm /etc/systemd/system/secretdir@.service.d/notify-reload.conf
	inside systemctl daemon-reload
fi

inside sed -i 's/--on-change/--keep 1 --on-change/' /etc/secretdir/app.conf
control put prod/db --string '{"password":"five"}'
ok "secretdir-sync@app.timer starts" inside systemctl start secretdir-sync@app.timer
ok "and secretdir-sync@app.service at once or later, each host at a moment of its own" \
	shows secretdir-sync@app.timer RandomizedDelayUSec 5min
ok "secretdir-sync@app.service publishes" inside systemctl start secretdir-sync@app.service
ok "once" published five
ok "wrong usage is not tried again" shows secretdir@app RestartPreventExitStatus 2
halt
finish
