#!/bin/sh
# SPDX-License-Identifier: ISC
# --spec: entries in YAML, the objects of the CSI driver's AWS provider, whole manifests, and every way to write them wrongly.
. "$(dirname "$0")/tap.sh"
secretdir=$here/build/secretdir

sync() { "$secretdir" sync --source file:secrets.json -q "$@"; }
files() { (cd "$1" && find . -type f | sort | sed 's,^\./,,' | tr '\n' ' '); }
mode() { stat -L -c %a "$1"; }
# refuses TEXT: bad.yaml is refused with status 2 and one line that begins with TEXT; nothing is made.
refuses() {
	"$secretdir" sync -q --source file:secrets.json --spec bad.yaml new >refused.out 2>refused.err; got=$?
	cat refused.err
	case $(cat refused.err) in "secretdir: $1"*) ;; *) return 1 ;; esac
	[ $got = 2 ] && [ "$(wc -l <refused.err)" = 1 ] && [ ! -s refused.out ] && ! ls -d new .new* >/dev/null 2>&1
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
ok "what makes no sense here is ignored with its name" sh -c "cat warnings; grep -q 'warning: manifest.yaml:11:5: usePodIdentity is ignored' warnings && grep -q ':12:5: preferredAddressType' warnings"
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

# What the fetcher hears.
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
for program in 'exit 3' 'kill -9 $$' 'echo x' ':' 'printf "done 1\n1\n"' 'printf "entry 1\nx\nsecret 1\na\ndone 1\n2\n"'; do
	printf '#!/bin/sh\n%s\n' "$program" >lie/libexec/atomicdir/spec-yaml
	ok "a reader that lies publishes nothing: $program" sh -c "! lie/secretdir sync -q --source lie new --spec ssm.yaml 2>lied; test \$(wc -l <lied) = 1 -a ! -e new && grep -q 'the spec' lied"
done

# What is wrong is named by file, line and column, with what to do.
: >bad.yaml; bad "an empty file" "bad.yaml:1:1: there is nothing in it"
printf 'plain\n' >bad.yaml; bad "a text" "bad.yaml:1:1: entries are a list: each begins with '- '"
printf -- '- a\n- [b]\n' >bad.yaml; bad "a list in a list" "bad.yaml:2:3: an entry is a text, or a mapping that begins with '- secret:'"
printf -- '- a\n-\n' >bad.yaml; bad "nothing at all" "bad.yaml:2:2: an entry is a text"
printf -- '- a\n- b: [\n' >bad.yaml; bad "what is no YAML" "bad.yaml:3:1: it is not YAML: "
printf -- '- a\n- \377\n' >bad.yaml; bad "what is no UTF-8" "bad.yaml:2:3: it is not YAML: "
printf -- '- &a x\n- *a\n' >bad.yaml; bad "an alias" "bad.yaml:2:3: the alias '*a' is not supported: write out what it stands for"
printf -- '- !!binary aaaa\n' >bad.yaml; bad "a tag" "bad.yaml:1:3: the tag 'tag:yaml.org,2002:binary' is not supported: leave it out"
printf -- '- secret: a\n  path: b\n  secret: c\n' >bad.yaml; bad "a key twice" "bad.yaml:3:3: the key 'secret' occurs twice, first at bad.yaml:1:3: take one out"
printf -- '- a\n---\n- b\n' >bad.yaml; bad "two documents" "bad.yaml:2:1: a second document begins: give each a file of its own"
printf -- '- {[a]: b}\n' >bad.yaml; bad "a key that is a list" "bad.yaml:1:4: a key is a text"
printf -- '- "a\\0b"\n' >bad.yaml; bad "a NUL" "bad.yaml:1:3: a text holds a NUL"
printf '%s\n' "$(printf '%40s' '' | tr ' ' '[')" >bad.yaml; bad "what is too deep" "bad.yaml:1:33: it is nested more than 32 deep"
(echo '- ['; yes 'a,' | head -100001) >bad.yaml; bad "what is too much" "bad.yaml:100000:1: a spec has at most 100000 values"
printf -- '- secret: a\n  pth: b\n' >bad.yaml; bad "an unknown key" "bad.yaml:2:3: 'pth' is no key of an entry; its keys are secret, path, key, query, service, stage, version, mode, owner, decode, optional"
printf -- '- path: a\n' >bad.yaml; bad "no secret" "bad.yaml:1:3: the entry has no secret: say which one it is"
printf -- '- secret: a\n  key:\n' >bad.yaml; bad "an empty part" "bad.yaml:2:3: key is empty: write it, or leave the key out"
printf -- '- secret: a\n  key: [b]\n' >bad.yaml; bad "a part that is a list" "bad.yaml:2:8: key is a text, not a list"
printf -- '- {secret: a, optional: 1}\n' >bad.yaml; bad "an optional that is neither" "bad.yaml:1:25: optional is true or false, not '1'"
printf -- '- {secret: a, mode: 9}\n' >bad.yaml; bad "a mode" "bad.yaml:1:3: entry 'a': its mode is not one in octal such as 0400"
printf -- '- {secret: a, owner: no-such-user}\n' >bad.yaml; bad "an owner" "bad.yaml:1:3: entry 'a': its owner is not a user here"
printf -- '- {secret: a, decode: hex}\n' >bad.yaml; bad "a way to decode" "bad.yaml:1:3: entry 'a': the one way to decode"
printf -- '- {secret: a, service: s3}\n' >bad.yaml; bad "a service" "bad.yaml:1:3: entry 'a': the one service beside Secrets Manager is ssm"
printf -- '- {secret: a, key: b, query: c}\n' >bad.yaml; bad "a key and a query" "bad.yaml:1:3: entry 'a': it has a key and a query"
printf -- '- {secret: a, path: ../b}\n' >bad.yaml; bad "a path" "bad.yaml:1:3: entry 'a': its path cannot be published: "
printf -- '- x=a\n- b:\n' >bad.yaml; bad "a part that is not known" "bad.yaml:2:3: 'b' is no key of an entry"
printf -- '- x=a\n- "b:"\n' >bad.yaml; bad "an entry's text" "bad.yaml:2:3: entry 'b:': its KEY is empty"
printf -- '- x=a\n- x=b\n' >bad.yaml; bad "paths that clash" "bad.yaml:1:3: entry 'x=a': its path clashes with that of entry 'x=b' at bad.yaml:2:3"

object='- objectName: a
  objectType: secretsmanager'
printf '%s\n  objectAlis: b\n' "$object" >bad.yaml; bad "an unknown key of an object" "bad.yaml:3:3: 'objectAlis' is no key of an object; its keys are objectName, objectType, objectAlias, objectVersion, objectVersionLabel, filePermission, failoverObject, jmesPath"
printf '%s\n  objectTemplate: x\n' "$object" >bad.yaml; bad "objectTemplate" "bad.yaml:3:3: objectTemplate is a template of Go, which is not supported: take it out"
printf -- '- objectType: secretsmanager\n' >bad.yaml; bad "no objectName" "bad.yaml:1:3: the object has no objectName"
printf -- '- objectName: a\n' >bad.yaml; bad "no objectType" "bad.yaml:1:3: the object has no objectType: say secretsmanager or ssmparameter"
printf -- '- objectName: a\n  objectType: ssm\n' >bad.yaml; bad "another objectType" "bad.yaml:2:15: objectType 'ssm' is not known"
printf -- '- objectName: arn:aws:s3:::b\n' >bad.yaml; bad "an ARN of something else" "bad.yaml:1:15: the ARN is neither of"
printf -- '- objectName: arn:aws:ssm:r:1:parameter/b\n  objectType: secretsmanager\n' >bad.yaml; bad "an ARN of another service" "bad.yaml:1:15: the ARN is of another service"
printf -- '- {objectName: a, objectType: ssmparameter, objectVersion: 1, objectVersionLabel: l}\n' >bad.yaml; bad "a version and a label" "bad.yaml:1:83: a parameter has"
printf '%s\n  filePermission: "640"\n' "$object" >bad.yaml; bad "a mode of three digits" "bad.yaml:3:19: filePermission '640' is not four octal digits such as \"0400\""
printf '%s\n  failoverObject: {objectName: b}\n' "$object" >bad.yaml; bad "failoverObject alone" "bad.yaml:3:3: failoverObject needs a failoverRegion in the parameters"
printf '%s\n  failoverObject: {objectVersion: b}\n' "$object" >bad.yaml; bad "failoverObject without a name" "bad.yaml:3:19: failoverObject has no objectName"
printf '%s\n  failoverObject: {objectName: b, objectVersion: v}\n' "$object" >bad.yaml; bad "failoverObject's other version" "bad.yaml:3:50: failoverObject has another objectVersion"
printf '%s\n  objectAlias: b/\n' "$object" >bad.yaml; bad "an alias that is a directory" "bad.yaml:3:16: 'b/' is no file's name"
printf '%s\n  jmesPath: a\n' "$object" >bad.yaml; bad "a jmesPath that is no list" "bad.yaml:3:13: jmesPath is a list, not a text"
printf '%s\n  jmesPath: [{objectAlias: b}]\n' "$object" >bad.yaml; bad "a jmesPath without a path" "bad.yaml:3:14: the jmesPath has no path"
printf '%s\n  jmesPath: [{path: b}]\n' "$object" >bad.yaml; bad "a jmesPath without an alias" "bad.yaml:3:14: the jmesPath has no objectAlias"
while IFS='|' read -r column why path; do
	printf "%s\\n  jmesPath:\\n    - path: '%s'\\n      objectAlias: b\\n" "$object" "$path" >bad.yaml
	bad "the JMESPath $path" "bad.yaml:4:13: the JMESPath '$(echo "$path" | sed "s/''/'/g")', column $column: $why"
done <<'END'
3|a wildcard|a[*]
3|a wildcard|a.*
3|a filter|a[?b]
3|flattening|a[]
4|a slice|a[0:1]
2|a name that holds '-'|a-b
2|functions|f(a)
4|pipes|a  | b
1|literals|`1`
1|raw strings|''a''
1|a multi-select|{a: b}
3|a multi-select|a.[b]
1|'@'|@
1|expression types|&a
3|it ends|a.
3|between|a[b]
5|the double quote|"abc
2|an escape|"\x"
8|half a surrogate|"\ud800"
3|the name is empty|""
1|this cannot|ä
END
manifest <<'END' >bad.yaml; bad "an error inside of objects" "bad.yaml:12:9: 'objectAlis' is no key of an object"
    objects: |

      - objectName: a
        objectAlis: b
END
manifest <<'END' >bad.yaml; bad "one in a folded text" "bad.yaml:9:14, line 1 of that text: the object has no objectType"
    objects: >
      - objectName: a
END
manifest <<'END' >bad.yaml; bad "objects that are no YAML" "bad.yaml:11:10: it is not YAML: "
    objects: |2
        - objectName: a
         b: c
END
echo '    objects: x' | manifest >bad.yaml; bad "objects that are no list" "bad.yaml:9:14, line 1 of that text: entries are a list"
echo '    objects: [x]' | manifest >bad.yaml; bad "an object that is a text" "bad.yaml:9:15: an object is a mapping"
echo '    region: x' | manifest >bad.yaml; bad "no objects" "bad.yaml:9:5: the parameters have no objects"
printf '    objects: []\n    x: y\n' | manifest >bad.yaml; bad "an unknown parameter" "bad.yaml:10:5: 'x' is no key of the parameters; its keys are objects, region, failoverRegion, pathTranslation"
printf '    objects: []\n    pathTranslation: ab\n' | manifest >bad.yaml; bad "a pathTranslation" "bad.yaml:10:22: pathTranslation is one character, or \"False\""
printf '    objects: []\n    region: a\n    failoverRegion: a\n' | manifest >bad.yaml; bad "one region twice" "bad.yaml:11:21: failoverRegion is the region itself"
printf '    objects: []\n  secretObjects: []\n' | manifest >bad.yaml; bad "secretObjects" "bad.yaml:10:3: secretObjects makes Secrets of Kubernetes, which secretdir does not: take it out"
printf '    objects: []\n' | manifest | sed s/aws/azure/ >bad.yaml; bad "another provider" "bad.yaml:7:13: provider is 'azure', not aws"
printf '    objects: []\n' | manifest | sed s/SecretProviderClass/Pod/ >bad.yaml; bad "another kind" "bad.yaml:2:7: kind is 'Pod', not SecretProviderClass"
printf 'a: b\n' >bad.yaml; bad "another mapping" "bad.yaml:1:1: 'a' is no key of a SecretProviderClass"
printf 'kind: SecretProviderClass\n' >bad.yaml; bad "half a manifest" "bad.yaml:1:1: a mapping is a SecretProviderClass with kind and spec"
printf '    objects: []\n' | manifest >bad.yaml; bad "no object" "there is no ENTRY"
ok "no such file" sh -c "'$secretdir' sync -q --source file:secrets.json --spec nosuch new 2>err; test \$? = 2"
printf -- '- {secret: prod/db, path: x, query: nul}\n' >nul.yaml
ok "a path to null is a key that is not there" status 10 sync new --spec nul.yaml
printf -- '- {secret: prod/db, path: x, query: "hosts[2]", optional: true}\n- plain\n' >nul.yaml
ok "which may be optional" sync absent --spec nul.yaml
finish
