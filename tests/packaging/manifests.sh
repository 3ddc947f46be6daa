#!/bin/sh
# SPDX-License-Identifier: ISC
# packaging/kubernetes and packaging/ecs: against published schemas, where they are at hand, and what the containers run, run.
# KUBERNETES_MODELS: the node_modules of `npm install kubernetes-models@5.1.0 @kubernetes-models/validate@5.0.2`.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
manifests() { "$python" "$here/tests/packaging/manifests.py" "$@"; }
kubernetes=$here/packaging/kubernetes ecs=$here/packaging/ecs

python=
for candidate in python3 /usr/bin/python3; do
	! "$candidate" -c 'import yaml' 2>/dev/null || python=$candidate
done
[ -n "$python" ] || { skip "the manifests are what Kubernetes takes" "Python's yaml is not installed"; finish; }

# ---- Schemas ----

for file in account init sidecar daemonset; do
	claim="$file.yaml is what the published schemas ask for"
	if [ -n "${KUBERNETES_MODELS-}" ]; then
		manifests json "$kubernetes/$file.yaml" >documents
		ok "$claim" sh -c 'node "$1" "$2" <documents' sh "$here/tests/packaging/manifests.js" "$KUBERNETES_MODELS"
	else skip "$claim" "KUBERNETES_MODELS names no schemas"; fi
done
is "$(manifests restricted "$kubernetes/init.yaml")" "" "init.yaml keeps the restricted profile"
is "$(manifests restricted "$kubernetes/sidecar.yaml")" "" "so does sidecar.yaml"
is "$(manifests restricted "$kubernetes/daemonset.yaml" | head -n 1)" "the pod may run as root" "daemonset.yaml does not, and says so"
for file in task-ec2 task-fargate; do
	claim="$file.json is what the model of ECS's API asks for"
	for candidate in python3 /usr/bin/python3; do
		"$candidate" "$here/tests/packaging/manifests.py" ecs "$ecs/$file.json" >said 2>&1; code=$?
		[ $code = 77 ] || break
	done
	if [ $code = 77 ]; then skip "$claim" "no botocore of 2024 or later is installed"
	else is "$code $(cat said)" "0 " "$claim"; fi
done

# ---- What the containers run ----

# The volume: in memory, and as a kubelet makes one for fsGroup.
volume=$(mktemp -d /dev/shm/atomicdir-test.XXXXXX) || { skip "the containers' commands work" "/dev/shm cannot be written to"; finish; }
watcher='' application=''
stop() {
	for process in $watcher $application; do kill "$process" && wait "$process"; done 2>/dev/null
	watcher='' application=''
}
trap 'stop; cd /; chmod -R u+rwx "$work" "$volume" 2>/dev/null; rm -rf "$work" "$volume"' EXIT
as_pod=''
if [ "$(id -u)" = 0 ]; then
	as_pod="setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set -all"
	chgrp 65532 "$volume"
	chmod 2777 "$volume"
fi
# Where the pod's user finds it; the tree may be in a home directory.
mkdir bin
chmod 0755 "$work" bin
if [ -n "$as_pod" ]; then
	cp "$here/build/secretdir" bin/
	cp -r "$here/build/libexec" .
	chmod -R go+rX libexec
else ln -s "$here/build/secretdir" bin/secretdir
fi
cp "$(command -v sleep)" "bin/nginx-$$"

# words FILE NAME WHAT: what the container runs, in the places of this test, one word a line. A pod has its own processes; here another
# nginx may run.
words() { manifests command "$@" | sed "s|^nginx\$|nginx-$$|; s|^/secrets/|$volume/|; s|^/run/secretdir/|$volume/|; s|^/usr/bin/secretdir\$|$work/bin/secretdir|"; }
probe() { words "$@" | tr '\n' '\0' | xargs -0 env $as_pod; }
eventually() {
	for eventually_try in $(seq 100); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}
# Becomes the container's command, so that its number is that of the process.
become() {
	words "$@" >words
	set --
	while IFS= read -r word; do set -- "$@" "$word"; done <words
	exec $as_pod "$work/bin/secretdir" "$@" 3>&-
}
clear_volume() { chmod -R u+rwx "$volume/.app.atomicdir" 2>/dev/null; rm -rf "$volume/app" "$volume/.app.atomicdir"; }
published() { [ "$(cat "$volume/app/db")" = "$1" ]; }

start_server
control put prod/db --string '{"password":"one"}' >/dev/null
control put prod/tls --string '{"cert":"C","key":"K"}' >/dev/null
chmod 0755 server; chmod 0644 server/ca.pem

(become "$kubernetes/init.yaml" secretdir args) >init.out 2>&1
is "$? $(cat "$volume/app/db")" "0 one" "init.yaml: the init container publishes, and ends"
is "$(stat -Lc %a "$volume/app/db")" "$([ -z "$as_pod" ] && echo 400 || echo 440)" "its files are for the volume's group"
clear_volume

says_no() { ! probe "$@" >/dev/null 2>&1; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
# watch_of FILE PROBE VALUE: the sidecar of this file, until it has published.
watch_of() {
	clear_volume
	ok "${1##*/}: the probe says no before anything is published" says_no "$1" secretdir "$2"
	(become "$1" secretdir args) >watch.log 2>&1 &
	watcher=$!
	ok "${1##*/}: the container publishes, and the probe says so" eventually probe "$1" secretdir "$2"
	ok "${1##*/}: all is there then" published "$3"
}
# end_of FILE: SIGTERM ends it with success, as a pod's end does.
end_of() {
	kill "$watcher"
	wait "$watcher"; code=$?
	watcher=''
	is "$code" 0 "${1##*/}: SIGTERM ends it, with success"
}

sidecar=$kubernetes/sidecar.yaml
$as_pod bin/nginx-$$ 60 3>&- &
application=$!
watch_of "$sidecar" startupProbe one
for name in readinessProbe livenessProbe; do ok "sidecar.yaml: the $name says yes" probe "$sidecar" secretdir $name; done
wait "$application" 2>/dev/null
$as_pod bin/nginx-$$ 60 3>&- &
application=$!
control put prod/db --string '{"password":"two"}' >/dev/null
kill -HUP "$watcher"
ok "sidecar.yaml: a change is published" eventually published two
wait "$application" 2>/dev/null; code=$?
application=''
is "$code" 129 "sidecar.yaml: the application gets its signal"
end_of "$sidecar"

watch_of "$ecs/task-ec2.json" healthCheck two
end_of "$ecs/task-ec2.json"

if [ "$(id -u)" = 0 ]; then
	as_pod="setpriv --no-new-privs --bounding-set -all,+chown"
	chown 0:0 "$volume"
	chmod 0755 "$volume"
	watch_of "$ecs/task-fargate.json" healthCheck two
	is "$(stat -Lc '%a %u:%g' "$volume/app/db")" "440 0:65532" "task-fargate.json: the files are for the application's group"
	end_of "$ecs/task-fargate.json"
	watch_of "$kubernetes/daemonset.yaml" startupProbe two
	end_of "$kubernetes/daemonset.yaml"
else
	skip "task-fargate.json and daemonset.yaml: the containers publish" "needs root"
fi
finish
