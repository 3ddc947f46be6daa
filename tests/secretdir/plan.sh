#!/bin/sh
# SPDX-License-Identifier: ISC
# plan: paths, secrets, versions, stages, sizes and what would change; never a value, and nothing is left behind.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
canary=canary-7d20b9e4
one=00000000-0000-0000-0000-000000000001 two=00000000-0000-0000-0000-000000000002

put() { control put "$@" >/dev/null; }
plan() { "$secretdir" plan -q "$@"; }
says() { plan "$@" >plan.out && diff wanted plan.out; }

start_server
put a --string v-$canary --version-id $one; put a --string w-$canary --version-id $two
put b --string '{"k":"'$canary'","n":7}' --version-id $one
echo "A a (a, version $two, AWSCURRENT, 17 B)
A b/k (b, version $one, AWSCURRENT, 15 B)
A b/n (b, version $one, AWSCURRENT, 1 B)
A last (a, version $one, AWSPREVIOUS, 17 B)
A pinned (a, version $one, 17 B)" >wanted
ok "all is new where nothing is" says new a b/=b last=a,stage=AWSPREVIOUS pinned=a,version=$one
ok "and nothing is made" sh -c "! ls -d new .new* 2>/dev/null"
put a --string longer-$canary --version-id 00000000-0000-0000-0000-000000000003
"$secretdir" sync -q live a=a,version=$two gone/x=a,version=$two gone/y=a,version=$two last=a,version=$one same=b:n >out
echo "M a (a, version 00000000-0000-0000-0000-000000000003, AWSCURRENT, 22 B)
M last (a, version $two, AWSPREVIOUS, 17 B)
A new (b, version $one, AWSCURRENT, 29 B)
= same (b, version $one, AWSCURRENT, 1 B)
D gone/x
D gone/y" >wanted
ok "what is new, changed, the same or gone" says live a new=b last=a,stage=AWSPREVIOUS same=b:n
ok "and the live one stays as it is" test "$(cat live/a)" = w-$canary
printf -- '- secret: b\n  path: new\n  query: k\n' >spec.yaml
echo "A new (b, version $one, AWSCURRENT, 15 B)" >wanted
ok "a spec" says new --spec spec.yaml
ok "--json is one object" sh -c "'$secretdir' plan -q --json live a new=b last=a,stage=AWSPREVIOUS same=b:n >plan.json && python3 -c '
import json
plan = json.load(open(\"plan.json\"))
assert list(plan) == [\"changed\", \"entries\", \"removed\"] and plan[\"changed\"] is True
assert plan[\"removed\"] == [\"gone/x\", \"gone/y\"]
assert [e[\"change\"] for e in plan[\"entries\"]] == [\"M\", \"M\", \"A\", None]
assert plan[\"entries\"][1] == dict(change=\"M\", path=\"last\", source=\"a\", version=\"$two\", stage=\"AWSPREVIOUS\", bytes=17)'"
ok "no value is in any of it" sh -c "! grep -r '$canary' plan.out plan.json err out"
ok "the same is the same" sh -c "'$secretdir' plan -q --json live a=a,version=$two gone/x=a,version=$two gone/y=a,version=$two last=a,version=$one same=b:n | grep -q '\"changed\":false'"
finish
