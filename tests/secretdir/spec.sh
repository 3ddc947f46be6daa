#!/bin/sh
# SPDX-License-Identifier: ISC
# --spec: entries in YAML, the objects of the CSI driver's AWS provider, whole manifests, and every way to write them wrongly.
. "$(dirname "$0")/../tap.sh"
secretdir=$here/build/secretdir

sync() { "$secretdir" sync --source file:secrets.json -q "$@"; }
files() { (cd "$1" && find . -type f | sort | sed 's,^\./,,' | tr '\n' ' '); }
mode() { stat -L -c %a "$1"; }
# refuses TEXT: bad.yaml is refused with status 2 and this one line; nothing is made.
refuses() {
	"$secretdir" sync -q --source file:secrets.json --spec bad.yaml new >refused.out 2>refused.err; got=$?
	cat refused.err
	[ $got = 2 ] && [ "$(cat refused.err)" = "secretdir: $1" ] && [ ! -s refused.out ] && ! ls -d new .new* >/dev/null 2>&1
}
# bad CLAIM TEXT: bad.yaml is.
bad() { ok "refused: $1" refuses "$2"; }

cat >secrets.json <<'END'
{"prod/db": {"password": "pw", "port": 5432, "user-name": "u", "a,b": "comma", "hosts": [{"name": "one"}, {"name": "two"}], "nul": null},
 "prod/app/a": "A", "plain": "text", "b64": "AAEC/w==", "arn:aws:secretsmanager:us-east-1:1:secret:prod/tls-AbCdEf": "{\"key\":\"k\"}", "/abs/name": "abs"}
END

# Entries.
cat >entries.yaml <<'END'
# as on the command line
- plain
- db/=prod/db
- pw=prod/db:password,mode=0444
# and in parts
- secret: plain
  path: again
  mode: 0440
- {secret: prod/db, path: comma, key: "a,b"}
- secret: prod/db
  path: second
  query: hosts[-1].name
- {secret: b64, path: blob, decode: base64}
- {secret: nothing, optional: true}
- {secret: plain, path: not-optional, optional: false, owner: "0:0"}
- {path: app/, secret: prod/app/}
END
sed -i "s/0:0/$(id -u):$(id -g)/" entries.yaml
ok "entries as texts and in parts are published" sync entries --spec entries.yaml
ok "all of them" test "$(files entries/)" = "again app/a blob comma db/a,b db/hosts db/nul db/password db/port db/user-name not-optional plain pw second "
ok "a KEY that holds ','" test "$(cat entries/comma)" = comma
ok "a value by JMESPath" test "$(cat entries/second)" = two
ok "their modes" test "$(mode entries/again) $(mode entries/pw) $(mode entries/plain)" = "440 444 400"
ok "decoded" sh -c "printf '\\000\\001\\002\\377' | cmp - entries/blob"
ok "with those of the command line, and from standard input" sh -c "'$secretdir' sync -q --source file:secrets.json both x=plain --spec - <entries.yaml && test -e both/x -a -e both/pw"
ok "a spec alone is JSON too" sh -c "echo '[{\"secret\": \"plain\"}]' | '$secretdir' sync -q --source file:secrets.json json --spec - && test \"\$(cat json/plain)\" = text"

# Objects, as they stand in a SecretProviderClass.
cat >objects.yaml <<'END'
- objectName: "prod/db"
  objectType: "secretsmanager"
  jmesPath:
    - path: password
      objectAlias: db-password
    - path: '"user-name"'
      objectAlias: db-user
      filePermission: "0404"
    - path: hosts [0] . name
      objectAlias: host
- objectName: plain
  objectType: secretsmanager
  objectAlias: renamed
  objectVersion: ""
  objectVersionLabel: AWSCURRENT
  filePermission: "0440"
- objectName: "/abs/name"
  objectType: secretsmanager
END
ok "objects alone are read" sync objects --spec objects.yaml
ok "with secretdir's own names" test "$(files objects/)" = "abs/name db-password db-user host prod/db renamed "
ok "and modes" test "$(mode objects/prod/db) $(mode objects/db-user) $(mode objects/renamed)" = "400 404 440"
ok "identifiers, quoted ones, sub-expressions and indexes" test "$(cat objects/db-password objects/db-user objects/host)" = pwuone

manifest() {
	printf '%s\n' 'apiVersion: secrets-store.csi.x-k8s.io/v1' 'kind: SecretProviderClass' 'metadata:' '  name: app' \
		'  labels: {a: b}' 'spec:' '  provider: aws' '  parameters:'
	cat
}
manifest >manifest.yaml <<'END'
    region: eu-west-1
    failoverRegion: eu-central-1
    usePodIdentity: "true"
    preferredAddressType: ipv6
    objects: |
      # a comment
      - objectName: prod/db
        objectType: secretsmanager
        filePermission: "0600"
        jmesPath:
          - path: port
            objectAlias: db/port
      - objectName: "arn:aws:secretsmanager:us-east-1:1:secret:prod/tls-AbCdEf"
      - objectName: plain
        objectType: secretsmanager
        objectAlias: kept
        failoverObject:
          objectName: other
          objectVersionLabel: AWSPREVIOUS
END
ok "a whole manifest is read" sh -c "'$secretdir' sync --source file:secrets.json class --spec manifest.yaml 2>warnings"
warned() {
	cat warnings
	for name in 11:5:usePodIdentity 12:5:preferredAddressType; do
		grep -qxF "secretdir: warning: manifest.yaml:${name%:*}: ${name##*:} is ignored: credentials come from the AWS CLI's own places" warnings || return 1
	done
}
ok "what makes no sense here is ignored with its name" warned
ok "its names are the provider's" test "$(files class/)" = "arn:aws:secretsmanager:us-east-1:1:secret:prod_tls-AbCdEf db_port kept prod_db "
ok "its modes too" test "$(mode class/prod_db) $(mode class/db_port) $(mode class/kept)" = "600 600 644"
ok "a number of a jmesPath is its digits" test "$(cat class/db_port)" = 5432
sed '/usePod/d; /preferred/d; s/failoverRegion: .*/&\n    pathTranslation: "False"/' manifest.yaml >slashes.yaml
ok "pathTranslation False keeps '/'" sync slashes --spec slashes.yaml
ok "as directories" test -f slashes/prod/db -a -f slashes/db/port
sed 's/"False"/"-"/' slashes.yaml >dashes.yaml
ok "another character" sync dashes --spec dashes.yaml
ok "stands for '/'" test -f dashes/prod-db -a -f dashes/db-port
printf 'objects:\n- {objectName: prod/db, objectType: secretsmanager}\n' >parameters.yaml
ok "the parameters alone" sync parameters --spec parameters.yaml
ok "are the provider's as well" test "$(mode parameters/prod_db)" = 644

# What real manifests hold.
cat >real.yaml <<'END'
apiVersion: v1
kind: ServiceAccount
metadata: {name: demo}
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: demo}
spec:
  Provider: aws
  parameters:
    region: eu-west-1
    failoverRegion: eu-central-1
    roleArn: arn:aws:iam::111111111111:role/demo
    Objects: |
      - objectname: plain
        ObjectType: secretsmanager
        usePodIdentity: "true"
        failoverObject:
          - objectName: other
        filePermission: "0640"
      - objectName: prod/db
        failoverObject: {objectName: other}
        objectType: secretsmanager
        usePodIdentity: "true"
        jmesPath:
          - Path: password
            ObjectAlias: password
  secretObjects:
    - secretName: demo
---
END
echo "secretdir: warning: real.yaml:28:3: secretObjects is ignored: it makes Secrets of Kubernetes, which secretdir does not
secretdir: warning: real.yaml:13:5: roleArn is ignored: the provider does not know it
secretdir: warning: real.yaml:17:9: usePodIdentity is ignored: the provider does not know it" >real.wanted
ok "a manifest among others, keys in any case, and a failoverObject in a list are taken" sh -c "'$secretdir' sync --source file:secrets.json real --spec real.yaml >/dev/null 2>real.err"
ok "with all that the objects name" test "$(files real/)" = "password plain prod_db "
ok "what the provider ignores is ignored with one warning each" sh -c "grep -v 'only root' real.err | diff real.wanted -"
sed 's/eu-west-1/eu-west-2/' real.yaml | cat real.yaml - >regions.yaml
ok "documents of two regions are refused" sh -c "'$secretdir' sync -q --source file:secrets.json new --spec regions.yaml 2>&1 | grep -qx \"secretdir: regions.yaml:41:13: region is another than at regions.yaml:11:13: give it a file of its own\""
cat >prefix.yaml <<'END'
- {prefix: prod/ap, path: ap/}
- {prefix: "", path: all/}
- {prefix: pl}
END
echo '{"prod/app": "1", "prod/apple/a": "2", "plain": "3", "plan/b": "4"}' >prefixes.json
ok "a prefix need not end in '/', and may be nothing" "$secretdir" sync -q --source file:prefixes.json prefixes --spec prefix.yaml
ok "each name goes on below the path, or stays whole" test "$(files prefixes/)" = "all/plain all/plan/b all/prod/app all/prod/apple/a ap/p ap/ple/a plain plan/b "

# What the fetcher hears.
# The program that reads it.
mkdir -p env/libexec/atomicdir; cp "$secretdir" env/
printf '#!/bin/sh\nenv >"%s/env.seen"\nexec "%s"\n' "$work" "$here/build/libexec/atomicdir/spec-yaml" >env/libexec/atomicdir/spec-yaml
chmod +x env/libexec/atomicdir/spec-yaml; ln -s "$here/build/libexec/atomicdir/fetch-file" env/libexec/atomicdir
ok "no key is in the environment of what reads a spec" sh -c "AWS_SECRET_ACCESS_KEY=canary OTHER=1 env/secretdir sync -q --source file:secrets.json seen --spec entries.yaml &&
	grep -q ^PATH= env.seen && ! grep -E '^(AWS_|OTHER)' env.seen"

mkdir -p lie/libexec/atomicdir
cp "$secretdir" lie/secretdir; cp "$here/build/libexec/atomicdir/spec-yaml" lie/libexec/atomicdir
printf '#!/bin/sh\ncat >"%s/request"; printf "error 4\\n1 no\\n"\n' "$work" >lie/libexec/atomicdir/fetch-lie; chmod +x lie/libexec/atomicdir/fetch-lie
heard() { tr '\n' ' ' <request | grep -qF -- "$1" || { cat request; false; }; }
lie/secretdir sync -q --source lie new --spec manifest.yaml 2>err
ok "the fetcher hears both regions" heard "option 16 region=eu-west-1 option 28 failover-region=eu-central-1 "
ok "and what stands for an object in the other" heard "secret 5 plain path 4 kept failover-secret 5 other failover-stage 11 AWSPREVIOUS entry 1 3 "
lie/secretdir sync -q --source lie new --spec manifest.yaml --region xx-1 2>err
ok "--region is before the manifest's" heard "option 11 region=xx-1 "
printf -- '- {objectName: /a/b, objectType: ssmparameter, objectVersion: 3}\n- objectName: arn:aws:ssm:us-east-1:1:parameter/x\n  objectAlias: x\n' >ssm.yaml
lie/secretdir sync -q --source lie new --spec ssm.yaml 2>err
ok "a parameter is asked of Parameter Store" heard "secret 4 /a/b path 3 a/b service 3 ssm version 1 3 entry 1 0 secret 35 arn:aws:ssm:us-east-1:1:parameter/x path 1 x service 3 ssm entry 1 1 "
# What is wrong is named by file, line and column, with what to do.
: >bad.yaml; bad "an empty file" "bad.yaml:1:1: there is nothing in it"
printf 'plain\n' >bad.yaml; bad "a text" "bad.yaml:1:1: entries are a list: each begins with '- '"
printf -- '- a\n- [b]\n' >bad.yaml; bad "a list in a list" "bad.yaml:2:3: an entry is a text, or a mapping that begins with '- secret:'"
printf -- '- a\n-\n' >bad.yaml; bad "nothing at all" "bad.yaml:2:2: an entry is a text, or a mapping that begins with '- secret:'"
printf -- '- a\n- b: [\n' >bad.yaml; bad "what is no YAML" "bad.yaml:3:1: it is not YAML: while parsing a flow node, did not find expected node content"
printf -- '- a\n- \377\n' >bad.yaml; bad "what is no UTF-8" "bad.yaml:2:3: it is not YAML: invalid leading UTF-8 octet"
printf -- '- &a x\n- *a\n' >bad.yaml; bad "an alias" "bad.yaml:2:3: the alias '*a' is not supported: write out what it stands for"
printf -- '- !!binary aaaa\n' >bad.yaml; bad "a tag" "bad.yaml:1:3: the tag 'tag:yaml.org,2002:binary' is not supported: leave it out"
printf -- '- secret: a\n  path: b\n  secret: c\n' >bad.yaml; bad "a key twice" "bad.yaml:3:3: the key 'secret' occurs twice, first at bad.yaml:1:3: take one out"
printf -- '- plain\n---\n- p=plain\n---\n' >documents.yaml
ok "documents of entries are one spec, and a trailing --- is none" sync documents --spec documents.yaml
ok "with the entries of each" test "$(files documents/)" = "p plain "
printf -- '- {[a]: b}\n' >bad.yaml; bad "a key that is a list" "bad.yaml:1:4: a key is a text, not a list or a mapping"
printf -- '- "a\\0b"\n' >bad.yaml; bad "a NUL" "bad.yaml:1:3: a text holds a NUL, which no name may"
printf '%s\n' "$(printf '%40s' '' | tr ' ' '[')" >bad.yaml; bad "what is too deep" "bad.yaml:1:33: it is nested more than 32 deep"
(echo '- ['; yes 'a,' | head -100001) >bad.yaml; bad "what is too much" "bad.yaml:100000:1: a spec has at most 100000 values"
printf -- '- secret: a\n  pth: b\n' >bad.yaml; bad "an unknown key" "bad.yaml:2:3: 'pth' is no key of an entry; its keys are secret, prefix, query, path, key, service, stage, version, mode, owner, decode, format, optional"
printf -- '- path: a\n' >bad.yaml; bad "no secret" "bad.yaml:1:3: the entry has no secret: say which one it is"
printf -- '- secret: a\n  key:\n' >bad.yaml; bad "an empty part" "bad.yaml:2:3: key is empty: write it, or leave the key out"
printf -- '- secret: a\n  key: [b]\n' >bad.yaml; bad "a part that is a list" "bad.yaml:2:8: key is a text, not a list"
printf -- '- {secret: a, optional: 1}\n' >bad.yaml; bad "an optional that is neither" "bad.yaml:1:25: optional is true or false, not '1'"
printf -- '- {secret: a, mode: 9}\n' >bad.yaml; bad "a mode" "bad.yaml:1:3: entry 'a': '9' is not a mode in octal such as 0640"
printf -- '- {secret: a, owner: no-such-user}\n' >bad.yaml; bad "an owner" "bad.yaml:1:3: entry 'a': 'no-such-user' is not a user of this system"
printf -- '- {secret: a, decode: hex}\n' >bad.yaml; bad "a way to decode" "bad.yaml:1:3: entry 'a': only decode=base64 is known"
printf -- '- {secret: a, service: s3}\n' >bad.yaml; bad "a service" "bad.yaml:1:3: entry 'a': unknown service; the only one that can be named is ssm"
printf -- '- {secret: a, query: "a-b"}\n' >bad.yaml; bad "a query" "bad.yaml:1:22: the JMESPath 'a-b', column 2: a name that holds '-' stands in double quotes, as in \"user-name\""
(echo '- {'; seq -f '  k%g: x,' 1001) >bad.yaml; bad "too many keys" "bad.yaml:1002:3: a mapping has at most 1000 keys"
printf -- '- {secret: a, key: b, query: c}\n' >bad.yaml; bad "a key and a query" "bad.yaml:1:3: entry 'a': it has both a key and a query; remove one of them"
printf -- '- {secret: a, path: ../b}\n' >bad.yaml; bad "a path" "bad.yaml:1:3: entry 'a': its path cannot be published: it has a component \"..\"; give it another path"
printf -- '- {secret: a, prefix: b}\n' >bad.yaml; bad "a secret and a prefix" "bad.yaml:1:3: the entry has both a secret and a prefix: take one out"
printf -- '- {prefix: b, path: c}\n' >bad.yaml; bad "a prefix with the path of a file" "bad.yaml:1:3: entry 'b': its path cannot be published: a prefix needs one that ends in '/'; give it another path"
printf -- '- {prefix: b, service: ssm, path: c/}\n' >bad.yaml; bad "parameters by no path" "bad.yaml:1:3: entry 'b': parameters are taken by a path, which begins with '/'"
printf -- '- {secret: a, format: yaml}\n' >bad.yaml; bad "a format" "bad.yaml:1:3: entry 'a': only format=env and format=json are known"
printf -- '- {secret: a, path: x}\n- {secret: b, path: x}\n' >bad.yaml; bad "paths that clash in mappings" "bad.yaml:1:3: entry 'a': its path conflicts with that of entry 'b' at bad.yaml:2:3; give one of them another path"
printf -- '- x=a\n- b:\n' >bad.yaml; bad "a part that is not known" "bad.yaml:2:3: 'b' is no key of an entry; its keys are secret, prefix, query, path, key, service, stage, version, mode, owner, decode, format, optional"
printf -- '- x=a\n- "b:"\n' >bad.yaml; bad "an entry's text" "bad.yaml:2:3: entry 'b:': KEY is empty"
printf -- '- x=a\n- x=b\n' >bad.yaml; bad "paths that clash" "bad.yaml:1:3: entry 'x=a': its path conflicts with that of entry 'x=b' at bad.yaml:2:3; give one of them another PATH"

object='- objectName: a
  objectType: secretsmanager'
printf '%s\n  objectAlis: b\n' "$object" >bad.yaml; bad "an unknown key of an object" "bad.yaml:3:3: 'objectAlis' is no key of an object; its keys are objectName, objectType, objectAlias, objectVersion, objectVersionLabel, filePermission, failoverObject, jmesPath"
printf '%s\n  objectTemplate: x\n' "$object" >bad.yaml; bad "objectTemplate" "bad.yaml:3:3: objectTemplate is a template of Go, which is not supported: take it out, and the values that it needs by jmesPath"
printf -- '- objectType: secretsmanager\n' >bad.yaml; bad "no objectName" "bad.yaml:1:3: the object has no objectName: say which secret or parameter it is"
printf -- '- objectName: a\n' >bad.yaml; bad "no objectType" "bad.yaml:1:3: the object has no objectType: say secretsmanager or ssmparameter"
printf -- '- objectName: a\n  objectType: ssm\n' >bad.yaml; bad "another objectType" "bad.yaml:2:15: objectType 'ssm' is not known; it is secretsmanager or ssmparameter"
printf -- '- objectName: arn:aws:s3:::b\n' >bad.yaml; bad "an ARN of something else" "bad.yaml:1:15: the ARN is neither of Secrets Manager nor of Parameter Store"
printf -- '- objectName: arn:aws:ssm:r:1:parameter/b\n  objectType: secretsmanager\n' >bad.yaml; bad "an ARN of another service" "bad.yaml:1:15: the ARN is of another service than objectType says: mend one of them"
printf -- '- {objectName: a, objectType: ssmparameter, objectVersion: 1, objectVersionLabel: l}\n' >bad.yaml; bad "a version and a label" "bad.yaml:1:83: a parameter has an objectVersion or an objectVersionLabel, not both: take one out"
printf '%s\n  filePermission: "640"\n' "$object" >bad.yaml; bad "a mode of three digits" "bad.yaml:3:19: filePermission '640' is not four octal digits such as \"0400\""
printf '%s\n  failoverObject: {objectName: b}\n' "$object" >bad.yaml; bad "failoverObject alone" "bad.yaml:3:3: failoverObject needs a failoverRegion in the parameters: say which one, or take it out"
printf '%s\n  failoverObject: {objectVersion: b}\n' "$object" >bad.yaml; bad "failoverObject without a name" "bad.yaml:3:19: failoverObject has no objectName: say what is fetched instead"
printf '%s\n  failoverObject: {objectName: b, objectVersion: v}\n' "$object" >bad.yaml; bad "failoverObject's other version" "bad.yaml:3:50: failoverObject has another objectVersion than the object; they must be the same"
printf '%s\n  objectAlias: b/\n' "$object" >bad.yaml; bad "an alias that is a directory" "bad.yaml:3:16: 'b/' is no file's name: it ends in '/'"
printf '%s\n  jmesPath: a\n' "$object" >bad.yaml; bad "a jmesPath that is no list" "bad.yaml:3:13: jmesPath is a list, not a text"
printf '%s\n  jmesPath: [a]\n' "$object" >bad.yaml; bad "a jmesPath of texts" "bad.yaml:3:14: a jmesPath is a mapping, not a text"
printf '%s\n  jmesPath: [{objectAlias: b}]\n' "$object" >bad.yaml; bad "a jmesPath without a path" "bad.yaml:3:14: the jmesPath has no path: say which value is taken"
printf '%s\n  jmesPath: [{path: b}]\n' "$object" >bad.yaml; bad "a jmesPath without an alias" "bad.yaml:3:14: the jmesPath has no objectAlias: say what its file is called"
printf "%s\n  jmesPath: [{path: '\"a\tb\"', objectAlias: b}]\n" "$object" >bad.yaml; bad "a control character in a JMESPath" "bad.yaml:3:21: the JMESPath '\"a?b\"', column 3: a control character inside of quotes is written as \\uNNNN"
printf "%s\n  jmesPath: [{path: '%s', objectAlias: b}]\n" "$object" "$(printf 'a.%.0s' $(seq 128))a" >bad.yaml; bad "a JMESPath that is too long" "bad.yaml:3:21: the JMESPath 'a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.', column 257: the path is too long"
while IFS='|' read -r column why path; do
	printf "%s\\n  jmesPath:\\n    - path: '%s'\\n      objectAlias: b\\n" "$object" "$path" >bad.yaml
	bad "the JMESPath $path" "bad.yaml:4:13: the JMESPath '$(echo "$path" | sed "s/''/'/g")', column $column: $why"
done <<'END'
3|a wildcard names more than one value; name the one that is wanted by its index|a[*]
3|a wildcard names more than one value; name the one that is wanted|a.*
3|a filter names more than one value; name the one that is wanted by its index|a[?b]
3|flattening names more than one value; name the one that is wanted by its index|a[]
4|a slice names more than one value; name the one that is wanted by its index|a[0:1]
2|a name that holds '-' stands in double quotes, as in "user-name"|a-b
2|functions are not supported; name the value itself|f(a)
4|pipes are not supported; write the whole path with '.' and [N]|a  | b
1|literals are not supported; name a value that is there|`1`
1|raw strings are not supported; a name that needs quotes stands in double ones|''a''
1|a multi-select makes a new value; name one that is there|{a: b}
3|a multi-select makes a new value; an index has no '.' before it|a.[b]
1|'@' is not supported; begin with a name, or with [N]|@
1|expression types are not supported; name the value itself|&a
3|it ends where a name or [N] is expected|a.
3|between [ and ] stands one whole number|a[b]
5|the double quote is not closed|"abc
2|an escape that JSON does not have|"\x"
8|half a surrogate pair|"\ud800"
3|the name is empty|""
6|\u has four hexadecimal digits|"\u00g0"
8|half a surrogate pair|"\udc00"
8|half a surrogate pair|"\ud800x"
14|half a surrogate pair|"\ud800\u0020"
3|no list is so long|a[1234567890]
1|this cannot stand here; a path is of names, '.' and [N]|ä
END
manifest <<'END' >bad.yaml; bad "an error inside of objects" "bad.yaml:12:9: 'objectAlis' is no key of an object; its keys are objectName, objectType, objectAlias, objectVersion, objectVersionLabel, filePermission, failoverObject, jmesPath"
    objects: |

      - objectName: a
        objectAlis: b
END
manifest <<'END' >bad.yaml; bad "one in a folded text" "bad.yaml:9:14, line 1 of that text: the object has no objectType: say secretsmanager or ssmparameter"
    objects: >
      - objectName: a
END
manifest <<'END' >bad.yaml; bad "objects that are no YAML" "bad.yaml:11:10: it is not YAML: while parsing a block collection, did not find expected '-' indicator"
    objects: |2
        - objectName: a
         b: c
END
echo '    objects: x' | manifest >bad.yaml; bad "objects that are no list" "bad.yaml:9:14, line 1 of that text: entries are a list: each begins with '- '"
echo '    objects: [x]' | manifest >bad.yaml; bad "an object that is a text" "bad.yaml:9:15: an object is a mapping that begins with '- objectName:'"
echo '    region: x' | manifest >bad.yaml; bad "no objects" "bad.yaml:9:5: the parameters have no objects: say what is fetched"
printf '    objects: []\n    regoin: y\n' | manifest >bad.yaml; bad "a parameter one letter from a known one" "bad.yaml:10:5: 'regoin' is no key of the parameters; its keys are objects, region, failoverRegion, pathTranslation, usePodIdentity, preferredAddressType"
printf '    objects:\n    - {objectName: a, objectType: secretsmanager, objectAlias: ../x}\n' | manifest | sed 's/preferredAddressType.*//' >bad.yaml
sed -i 's/^  parameters:/&\n    pathTranslation: "False"/' bad.yaml
bad "the path of an object" "bad.yaml:11:7: entry 'a': its path cannot be published: it has a component \"..\"; give it another objectAlias"
printf '    objects: []\n    Objects: []\n' | manifest >bad.yaml; bad "a key twice in another case" "bad.yaml:10:5: the key 'Objects' occurs twice: take one out"
printf '%s\n  failoverObject: [{objectName: b}, {objectName: c}]\n' "$object" >bad.yaml; bad "two failoverObjects" "bad.yaml:3:19: failoverObject is a mapping, or a list of one"
printf '    objects: []\n    pathTranslation: ab\n' | manifest >bad.yaml; bad "a pathTranslation" "bad.yaml:10:22: pathTranslation is one character, or \"False\""
printf '    objects: []\n    region: a\n    failoverRegion: a\n' | manifest >bad.yaml; bad "one region twice" "bad.yaml:11:21: failoverRegion is the region itself: say another one"
manifest </dev/null | sed '/parameters/d' >bad.yaml; bad "no parameters" "bad.yaml:7:3: the spec has no parameters: say which objects are fetched"
printf '    objects: []\n' | manifest | sed s/aws/azure/ >bad.yaml; bad "another provider" "bad.yaml:7:13: provider is 'azure', not aws"
printf '    objects: []\n' | manifest | sed s/SecretProviderClass/Pod/ >bad.yaml; bad "another kind" "bad.yaml:2:7: kind is 'Pod', not SecretProviderClass"
printf 'a: b\n' >bad.yaml; bad "another mapping" "bad.yaml:1:1: a mapping is a SecretProviderClass with kind and spec, or its parameters with objects; entries are a list: each begins with '- '"
printf 'kind: SecretProviderClass\n' >bad.yaml; bad "half a manifest" "bad.yaml:1:1: a mapping is a SecretProviderClass with kind and spec, or its parameters with objects; entries are a list: each begins with '- '"
printf '    objects: []\n' | manifest >bad.yaml; bad "no object" "no ENTRY given, and none in the files that are named; name the secrets to publish"
printf -- '- {secret: prod/db, path: x, query: nul}\n' >nul.yaml
ok "a path to null is a key that is not there" status 10 sync new --spec nul.yaml
printf -- '- {secret: prod/db, path: x, query: "hosts[2]", optional: true}\n- plain\n' >nul.yaml
ok "which may be optional" sync absent --spec nul.yaml
finish
