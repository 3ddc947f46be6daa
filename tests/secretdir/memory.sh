#!/bin/sh
# SPDX-License-Identifier: ISC
# Between rounds and during them a supervisor has no value and no key in its memory, and what holds keys is mapped by nobody.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
umask 022

within() { for try in $(seq 400); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; "$@"; }
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
alone() { [ "$(cat /proc/$watcher/task/*/children | wc -w)" = "$1" ]; }
lacks() { python3 "$here/tests/secretdir/memory.py" $watcher "$@"; }
# So that nothing found means something.
holds() { ! lacks "$@" >found 2>&1 && grep -q 'is in' found; }
put() { control put text --string "canary-value-$1" >/dev/null; }
end() { kill $watcher; wait $watcher; }
# rounds NAME: of which two find another value, one is told of by SIGHUP, and one fails.
rounds() {
	within has "$1"/text canary-value-1; put 2; within has "$1"/text canary-value-2
	control fault garbage --form html --service secretsmanager --count 1; sleep 1.2
	put 3; kill -HUP $watcher; within has "$1"/text canary-value-3
}
waits() { [ "$(control requests --count)" -gt 0 ]; }
# during COMMAND...: while a fetcher has the keys and waits for an answer.
during() {
	control fault delay --seconds 1.5 --forever; control clear requests
	within waits; "$@"; ended=$?
	control clear; return $ended
}
mapped() { grep -lE '/memfd:(keys|environment)' /proc/[0-9]*/maps 2>/dev/null; }
open_here() { ls -l /proc/$watcher/fd | grep -q "/memfd:$1 "; }

start_server --region us-east-1
control key SESSION canary-key-77c1/+= --session-token canary-token-51bd/+=
mkdir -p home/.aws
cat >home/.aws/config <<END
[profile process]
credential_process = $work/process.sh
END
cat >process.sh <<'END'
#!/bin/sh
echo '{"Version": 1, "AccessKeyId": "SESSION", "SecretAccessKey": "canary-key-77c1/+=", "SessionToken": "canary-token-51bd/+=", "Expiration": "2099-01-01T00:00:00Z"}'
END
chmod +x process.sh
export HOME="$work/home" AWS_CONFIG_FILE="$work/home/.aws/config"

# prove KEYS SUBCOMMAND CHILDREN [-- COMMAND...]: for keys that were `given` in the environment or `asked` for; so many children are left
# between rounds.
prove() {
	keys=$1 subcommand=$2 left=$3; shift 3
	put 1
	name=$keys-$subcommand
	case $keys in given) env AWS_ACCESS_KEY_ID=SESSION AWS_SECRET_ACCESS_KEY=canary-key-77c1/+= AWS_SESSION_TOKEN=canary-token-51bd/+= \
		"$secretdir" "$subcommand" --interval 1s "$name" text "$@" >said 2>&1 & ;;
	*) env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_PROFILE=process "$secretdir" "$subcommand" --interval 1s "$name" text "$@" >said 2>&1 & ;;
	esac
	watcher=$!
	rounds "$name"
	within alone "$left"
	ok "$subcommand, keys $keys: its memory can be searched" holds "$name"
	ok "between rounds there is no value in it" lacks canary-value
	ok "and no key" lacks canary-key canary-token
	ok "during a round there is none either" during lacks canary-value canary-key canary-token
	if [ $keys = given ]; then
		ok "the keys of its environment are in a file in memory" open_here environment
		ok "and no longer in /proc/PID/environ" sh -c "! tr '\\0' '\\n' </proc/$watcher/environ | grep -E 'canary|^AWS_(ACCESS_KEY_ID|SECRET|SESSION)'"
	fi
	ok "no process maps the files that hold keys" sh -c 'test -z "$1"' sh "$(during mapped)"
	end
}
if [ "$(id -u)" != 0 ]; then skip "a supervisor's memory holds no value and no key" "only root may look there"
elif grep -q fsanitize "$here/build/flags"; then skip "a supervisor's memory holds no value and no key" "only without sanitizers"
else
	prove given watch 0
	prove asked run 1 -- sleep 1000
fi
stop_server
finish
