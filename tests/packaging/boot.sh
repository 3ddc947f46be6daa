# SPDX-License-Identifier: ISC
# Sourced after tap.sh: boot starts systemd as the first process of a system of its own, made of this one's files (init.sh), which ends
# with the test; where it cannot, $lacking says why. inside COMMAND... runs something there, where the source tree is /srv/source.
boot() {
	lacking=
	[ "$(id -u)" = 0 ] || { lacking="needs root"; return 1; }
	[ -x /lib/systemd/systemd ] || { lacking="systemd is not installed"; return 1; }
	command -v ip >/dev/null || { lacking="ip is not installed"; return 1; }
	mkdir "$work/system"
	group=$(sed -n 's/^0:://p' /proc/self/cgroup)/atomicdir-test.$$
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --net --uts --ipc \
		"$here/tests/packaging/init.sh" "$work/system" "$here" "$group" >"$work/system.log" 2>&1 3>&- &
	unshared=$!
	tries=0
	until init=$(cat "/proc/$unshared/task/$unshared/children" 2>/dev/null) && init=${init% } &&
		[ -S "/proc/$init/root/run/systemd/private" ] && inside timeout 2 systemctl -q is-active nothing.target; do
		tries=$((tries + 1))
		kill -0 "$unshared" 2>/dev/null && [ $tries -lt 300 ] || {
			lacking="no system of its own can be started here: $(tail -n 1 "$work/system.log")"
			halt
			return 1
		}
		sleep 0.1
	done
}
inside() { nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup --root --wd "$@"; }
# A group can be removed when its last process has ended, a moment after the first one; one of a test that was killed goes, too.
halt() {
	kill -KILL "$unshared" 2>/dev/null
	wait "$unshared" 2>/dev/null || :
	mkdir -p "$work/groups"
	# shellcheck disable=SC2016 # for the shell inside
	unshare --mount sh -c 'mount -t cgroup2 cgroup2 "$1" || exit
		for try in $(seq 50); do
			grep -qx "populated 1" "$1/$2/cgroup.events" || break
			sleep 0.1
		done
		for group in "$1/${2%/*}"/atomicdir-test.*; do
			[ ! -d "$group" ] || grep -qx "populated 1" "$group/cgroup.events" ||
				find "$group" -xdev -depth -type d -exec rmdir {} \;
		done' sh "$work/groups" "$group" 2>/dev/null || :
}
# eventually COMMAND...: within twenty seconds.
eventually() {
	for eventually_try in $(seq 200); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}
# The AWS test server inside, and the units of packaging/systemd, which ask it; control COMMAND... tells the server what to be.
control() { inside python3 /srv/source/tests/aws/control.py /srv/aws "$@" >/dev/null; }
start_aws() {
	inside mkdir /srv/aws
	inside systemd-run -q --unit=aws python3 /srv/source/tests/aws/server.py --directory /srv/aws
	control address
	cat >aws.conf <<END
AWS_ENDPOINT_URL=$(inside cat /srv/aws/address)
AWS_CA_BUNDLE=/srv/aws/ca.pem
AWS_REGION=us-east-1
AWS_ACCESS_KEY_ID=AKIDEXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
END
	inside install -d /etc/secretdir
	inside tee /etc/secretdir/aws.conf <aws.conf >/dev/null
	inside sh -c 'install -m 644 -t /etc/systemd/system /srv/source/packaging/systemd/*.service /srv/source/packaging/systemd/*.timer'
}
