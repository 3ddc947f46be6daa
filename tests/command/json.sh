#!/bin/sh
# SPDX-License-Identifier: ISC
# What --json prints is as the schemas in docs/schemas say.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir
# fits SCHEMA STATUS COMMAND...: the command ends with STATUS, and what it prints fits the schema.
fits() {
	schema=$1 wanted=$2; shift 2
	"$@" >json 2>said; got=$?
	[ $got = "$wanted" ] || { echo "got status $got, wanted $wanted"; cat said; return 1; }
	python3 "$here/tests/support/schema.py" "$here/docs/schemas/$schema.json" <json || { cat json; return 1; }
}
# has PYTHON: of what was printed last.
has() { python3 -c "import json; value = json.load(open('json')); assert $1, value"; }

mkdir one two; echo 1 >one/f; echo 2 >two/f; echo 2 >two/g; printf x >"$(printf 'two/\377')"
ok "fill: a first publication" fits published 0 "$atomicdir" fill --json --keep 3 site --from one
ok "fill: the second" fits published 0 "$atomicdir" fill --json --keep 3 --note 'second' site --from two
ok "it has the generation before it" has 'value["previous"] == 1'
ok "fill: nothing changed" fits published 0 "$atomicdir" fill --json --keep 3 site --from two
ok "fill: a publication that is undone" fits published 4 "$atomicdir" fill --json --rollback-on-failure --on-change false site --from one
ok "it has what was undone" has 'value["rolled_back"]'
ok "fill --dry-run" fits would-publish 0 "$atomicdir" fill --json --dry-run site --from one
ok "it has changes" has 'value["changes"]'
ok "diff, with a name that is no UTF-8" fits changes 0 "$atomicdir" diff --json site 1 2
ok "it has the name's bytes" has 'any("path_base64" in one for one in value)'
"$atomicdir" exec site -- sleep 60 & holder=$!
until "$atomicdir" list --json site | grep -q '"pinned":true'; do sleep 0.05; done
ok "list" fits generations 0 "$atomicdir" list --json site
ok "it has who pins" has '[one for one in value if one["holders"]]'
kill $holder; wait $holder 2>/dev/null
ok "show" fits generations 0 "$atomicdir" show --json site
ok "rollback" fits published 0 "$atomicdir" rollback --json site 1
ok "prune" fits generations 0 "$atomicdir" prune --json --keep 0 --grace 0 site
ok "it has what was removed" has 'value'
chmod 0777 .site.atomicdir
ok "doctor, which finds a problem" fits doctor 1 "$atomicdir" doctor --json site
chmod 0711 .site.atomicdir
ok "doctor" fits doctor 0 "$atomicdir" doctor --json site
mkdir plain
ok "adopt" fits published 0 "$atomicdir" adopt --json plain
ok "detach" fits done 0 "$atomicdir" detach --json plain
ok "remove" fits done 0 "$atomicdir" remove --json site
ok "it has the absolute path of LINK" has "value['link'] == '$PWD/site'"
odd=$(printf 'odd\377')
"$atomicdir" fill -q "$odd" --from one
ok "detach, with a name that is no UTF-8" fits done 0 "$atomicdir" detach --json "$odd"
ok "it has the name's bytes" has "__import__('base64').b64decode(value['link_base64']) == b'$PWD/odd\xff'"

echo '{"db": "{\"user\": \"app\", \"password\": \"p\"}"}' >secrets
ok "secretdir plan" fits plan 0 "$secretdir" plan --json --source file:secrets app db/=db
ok "it has entries" has 'value["entries"]'
ok "secretdir status of nothing" fits status 1 "$secretdir" status --json app
ok "secretdir sync" fits published 0 "$secretdir" sync --json --source file:secrets app db/=db
ok "secretdir plan of what is there" fits plan 0 "$secretdir" plan --json --source file:secrets app other=db
ok "it has what would be removed" has 'value["removed"]'
ok "secretdir status" fits status 0 "$secretdir" status --json --published app
ok "a wrong type is noticed" sh -c 'echo "{\"changed\":1,\"link\":\"site\"}" | { ! python3 "$1" "$2"; }' - "$here/tests/support/schema.py" "$here/docs/schemas/done.json"
ok "so is a member that the schema lacks" sh -c 'echo "{\"changed\":true,\"link\":\"site\",\"more\":1}" | { ! python3 "$1" "$2"; }' - "$here/tests/support/schema.py" "$here/docs/schemas/done.json"
is "$(cd "$here/docs/schemas" && ls *.json | sort)" "$(sed -n 's/^| `\(.*\.json\)`.*/\1/p' "$here/docs/schemas/README.md" | sort)" "docs/schemas/README.md lists each schema"
finish
