#!/bin/sh
# SPDX-License-Identifier: ISC
# Who we are and where: which identity signs, and for which region, when several are configured (credentials.tsv), and what is said
# when one does not work.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir
account=123456789012 role=arn:aws:iam::123456789012:role

start_server --region us-east-1 --region eu-west-1 --region eu-central-1
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_EC2_METADATA_DISABLED AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
export HOME="$work/home" AWS_EC2_METADATA_SERVICE_ENDPOINT="$imds"
mkdir -p home/.aws/sso/cache

# Every key's secret begins so, and may never be told.
SECRETS="sekrit wJalrXUtnFEMI tok3n"
for key in ENV FILE CONFIG SOURCE; do control key $key "sekrit/$key+="; done
control key EXPIRED sekrit --session-token tok3n --expired
control key SESSION sekrit/SESSION --session-token tok3n/session+=
for region in us-east-1 eu-west-1 eu-central-1; do control put text --string x --region $region >/dev/null; done
arn=$(control show text --arn --region eu-central-1)

printf 'tok3n-web\0x' >web-nul; printf tok3n-web >web; printf 'tok3n-web\n' >web-newline; printf tok3n-old >web-old; : >empty
printf tok3n-pod >pod; printf 'tok3n-pod\nX-Evil: 1' >pod-newline
control web-identity web; control web-identity web-old --expired
control role app; control role second; control role external --external-id x-17; control role oidc --web-identity
control role long --longest 7200
control role closed --trusts nobody
control sso-role $account reader; control sso-token tok3n-sso; control sso-token tok3n-past --expired
control container /ecs; control container /pod --token-file pod; control container /late --lifetime=-60
control container /slow --uninitialized
ln -s web projected

token() { # FOR EXPIRES TOKEN [MORE]: what `aws sso login` leaves
	printf '{"startUrl": "https://d.awsapps.com/start", "region": "us-east-1", "accessToken": "%s", "expiresAt": "%s"%s}' \
		"$3" "$2" "${4-}" >"home/.aws/sso/cache/$(printf %s "$1" | sha1sum | cut -d' ' -f1).json"
}
token https://legacy.example/start 2099-01-02T03:04:05UTC tok3n-sso
token https://old.example/start 2020-01-02T03:04:05Z tok3n-past
token https://unknown.example/start 2099-01-02T03:04:05Z tok3n-unknown
token https://lines.example/start 2099-01-02T03:04:05Z 'tok3n-sso\r\nX-Evil: 1'
token corp 2099-01-02T03:04:05Z tok3n-sso
token lapsed 2020-01-02T03:04:05Z tok3n-old ', "refreshToken": "tok3n-gone", "clientId": "nobody", "clientSecret": "tok3n-c", "registrationExpiresAt": "2099-01-02T03:04:05Z"'

cache() { echo "home/.aws/sso/cache/$(printf %s "https://$1.example/start" | sha1sum | cut -d' ' -f1).json"; }
echo '{"accessToken": "tok3n' >"$(cache half)"; echo '{"accessToken": "tok3n"}' >"$(cache empty)"

cat >process.sh <<'SH'
#!/bin/sh
case $1 in
good) echo '{"Version": 1, "AccessKeyId": "SOURCE", "SecretAccessKey": "sekrit/SOURCE+="}' ;;
session) echo '{"Version": 1, "AccessKeyId": "SESSION", "SecretAccessKey": "sekrit/SESSION", "SessionToken": "tok3n/session+=", "Expiration": "2099-01-02T03:04:05+01:00"}' ;;
asks) read -r line </dev/tty && exec "$0" good ;;
stays) sleep 321 & echo $! >stays.pid; wait ;;
leaves) sleep 321 </dev/null >/dev/null 2>&1 & echo $! >leaves.pid; exec "$0" good ;;
loose) echo '{"Version": 1.0, "AccessKeyId": "SOURCE", "SecretAccessKey": "sekrit/SOURCE+=", "SessionToken": "", "Expiration": "2099-01-02T03:04:05.123+0000"}' ;;
old) echo '{"Version": 1, "AccessKeyId": "SOURCE", "SecretAccessKey": "sekrit/SOURCE+=", "Expiration": "2020-01-02T03:04:05Z"}' ;;
version) echo '{"Version": 2, "AccessKeyId": "SOURCE", "SecretAccessKey": "sekrit/SOURCE+="}' ;;
part) echo '{"Version": 1, "AccessKeyId": "SOURCE"}' ;;
text) echo 'sekrit is no JSON' ;;
list) echo '["sekrit"]' ;;
large) head -c 200000 /dev/zero | tr '\0' ' ' ;;
fails) echo 'first line' >&2; echo 'the card is not in the reader' >&2; echo sekrit; exit 7 ;;
dies) kill -9 $$ ;;
words) [ "$#" = 4 ] && [ "$2" = "two words" ] && [ "$3" = '$HOME;*' ] && [ "$4" = 'a"b' ] && exec "$0" good; exit 1 ;;
clean) [ "$(ls /proc/self/fd | wc -l)" = 4 ] && [ -z "$(cat)" ] && exec "$0" good; ls -l /proc/self/fd >&2; exit 1 ;;
esac
SH
chmod +x process.sh

cat >home/.aws/credentials <<EOF
# comments, and keys of every form
[file]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=

[both]
AWS_ACCESS_KEY_ID=FILE
aws_secret_access_key: sekrit/FILE+=
[session]
aws_access_key_id = SESSION
aws_secret_access_key = sekrit/SESSION
aws_session_token = tok3n/session+=
[both-tokens]
aws_access_key_id = SESSION
aws_secret_access_key = sekrit/SESSION
aws_session_token = tok3n/other
aws_security_token = tok3n/session+=
[half]
aws_access_key_id = FILE
[regional]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
region = eu-central-1
[file-and-process]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
[file-and-sso]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
[self]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
[login-and-file]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
EOF
cat >home/.aws/config <<EOF
[default]
region = us-east-1
; another comment
[profile file]
region = eu-west-1
[profile config]
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile both]
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile regional]
region = eu-west-1
[profile "two words"]
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile a-very-long-name-of-a-profile-that-others-cut-after-50-bytes-1]
aws_access_key_id = FILE
aws_secret_access_key = sekrit/FILE+=
[profile a-very-long-name-of-a-profile-that-others-cut-after-50-bytes-2]
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile nested]
s3 =
  aws_access_key_id = FILE
  region = eu-central-1
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile empty]
output = json
[profile here]
endpoint_url = $AWS_ENDPOINT_URL
ca_bundle = $AWS_CA_BUNDLE
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile serviced]
services = ours
endpoint_url = http://127.0.0.1:1
ca_bundle = $AWS_CA_BUNDLE
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[services ours]
secrets_manager =
  endpoint_url = $AWS_ENDPOINT_URL
[profile fips]
use_fips_endpoint = true
[profile fips-keys]
use_fips_endpoint = true
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile dual]
use_dualstack_endpoint = true

[profile role]
role_arn = $role/app
source_profile = file
region = eu-west-1
[profile role-of-role]
role_arn = $role/second
source_profile = role
[profile role-of-default]
role_arn = $role/app
source_profile = keyless
[profile keyless]
[profile self]
role_arn = $role/app
source_profile = self
[profile loop]
role_arn = $role/app
source_profile = loop-2
[profile loop-2]
role_arn = $role/second
source_profile = loop
[profile itself]
role_arn = $role/app
source_profile = itself
[profile nowhere]
role_arn = $role/app
source_profile = absent
[profile sourceless]
role_arn = $role/app
[profile two-sources]
role_arn = $role/app
source_profile = file
credential_source = Environment
[profile of-environment]
role_arn = $role/app
credential_source = Environment
[profile of-container]
role_arn = $role/app
credential_source = EcsContainer
[profile of-instance]
role_arn = $role/app
credential_source = Ec2InstanceMetadata
[profile of-else]
role_arn = $role/app
credential_source = Magic
[profile of-process]
role_arn = $role/app
source_profile = process
[profile of-sso]
role_arn = $role/app
source_profile = sso
[profile of-web]
role_arn = $role/app
source_profile = web
[profile external]
role_arn = $role/external
source_profile = file
external_id = x-17
[profile external-wrong]
role_arn = $role/external
source_profile = file
external_id = x-18
[profile long]
role_arn = $role/long
source_profile = file
duration_seconds = 7200
role_session_name = mine@here
[profile too-long]
role_arn = $role/app
source_profile = file
duration_seconds = 99999999
[profile no-duration]
role_arn = $role/app
source_profile = file
duration_seconds = 1h
[profile closed]
role_arn = $role/closed
source_profile = file
[profile source-then-keys]
role_arn = $role/second
source_profile = role-with-keys
[profile role-with-keys]
role_arn = $role/app
source_profile = file
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile mfa]
role_arn = $role/app
source_profile = file
mfa_serial = arn:aws:iam::$account:mfa/me
[profile login]
login_session = arn:aws:iam::$account:user/me
credential_process = $work/process.sh good
[profile login-and-file]
login_session = arn:aws:iam::$account:user/me

[profile web]
role_arn = $role/oidc
web_identity_token_file = $work/web
[profile web-and-source]
role_arn = $role/oidc
web_identity_token_file = $work/web
source_profile = file
[profile web-roleless]
web_identity_token_file = $work/web

[profile sso]
sso_session = corp
sso_account_id = $account
sso_role_name = reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example/start
[sso-session lapsed]
sso_region = us-east-1
sso_start_url = https://corp.example/start
[sso-session fresh]
sso_region = us-east-1
sso_start_url = https://corp.example/start
[profile sso-fresh]
sso_session = fresh
sso_account_id = $account
sso_role_name = reader
[profile sso-lapsed]
sso_session = lapsed
sso_account_id = $account
sso_role_name = reader
[profile sso-legacy]
sso_start_url = https://legacy.example/start
sso_region = us-east-1
sso_account_id = $account
sso_role_name = reader
[profile sso-old]
sso_start_url = https://old.example/start
sso_region = us-east-1
sso_account_id = $account
sso_role_name = reader
[profile sso-unknown]
sso_start_url = https://unknown.example/start
sso_region = us-east-1
sso_account_id = $account
sso_role_name = reader
[profile sso-lines]
sso_start_url = https://lines.example/start
sso_region = us-east-1
sso_account_id = $account
sso_role_name = reader
[profile sso-nobody]
sso_start_url = https://nobody.example/start
sso_region = us-east-1
sso_account_id = $account
sso_role_name = reader
[profile sso-forbidden]
sso_session = corp
sso_account_id = $account
sso_role_name = admin
[profile sso-absent]
sso_session = absent
sso_account_id = $account
sso_role_name = reader
[profile sso-part]
sso_session = corp
sso_account_id = $account
[profile sso-differs]
sso_session = corp
sso_region = eu-west-1
sso_account_id = $account
sso_role_name = reader
[profile file-and-sso]
sso_session = corp
sso_account_id = $account
sso_role_name = reader

[profile process]
credential_process = $work/process.sh good
[profile process-session]
credential_process = "$work/process.sh" session
[profile process-words]
credential_process = '$work/process.sh' words "two words" \$HOME;* a\\"b
[profile process-clean]
credential_process = $work/process.sh clean
[profile process-and-keys]
credential_process = $work/process.sh good
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile file-and-process]
credential_process = $work/process.sh good
$(for how in asks stays leaves loose old version part text list large fails dies; do printf '[profile process-%s]\ncredential_process = %s/process.sh %s\n' $how "$work" $how; done)
[profile process-absent]
credential_process = $work/absent.sh
[profile process-quote]
credential_process = $work/process.sh "good
[profile sso-regionless]
sso_start_url = https://corp.example/start
sso_account_id = $account
sso_role_name = reader
[profile process-nothing]
credential_process =
[profile region-none]
region = x/y
aws_access_key_id = CONFIG
aws_secret_access_key = sekrit/CONFIG+=
[profile endpoint-none]
endpoint_url = x
[sso-session nowhere]
sso_region = x/y
sso_start_url = https://corp.example/start
[profile sso-nowhere]
sso_session = nowhere
sso_account_id = $account
sso_role_name = reader
$(for how in half empty; do printf '[profile sso-%s]\nsso_start_url = https://%s.example/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = reader\n' $how $how; done)
$(for how in unknown wrong expired; do printf '[profile source-%s]\nrole_arn = %s/app\nsource_profile = keys-%s\n' $how $role $how; done)
[profile keys-unknown]
aws_access_key_id = UNKNOWN
aws_secret_access_key = sekrit
[profile keys-wrong]
aws_access_key_id = FILE
aws_secret_access_key = sekrit
[profile keys-expired]
aws_access_key_id = EXPIRED
aws_secret_access_key = sekrit
aws_session_token = tok3n
EOF
printf '[default]\naws_access_key_id = CONFIG\naws_secret_access_key = sekrit/CONFIG+=\n[profile default]\naws_access_key_id = FILE\naws_secret_access_key = sekrit/FILE+=\n' >two-defaults
printf '[profile default]\naws_access_key_id = FILE\naws_secret_access_key = sekrit/FILE+=\n[default]\naws_access_key_id = CONFIG\naws_secret_access_key = sekrit/CONFIG+=\n' >two-defaults-turned
printf '[profile twice]\naws_access_key_id = CONFIG\naws_secret_access_key = sekrit/CONFIG+=\n[profile "twice"]\naws_access_key_id = FILE\naws_secret_access_key = sekrit/FILE+=\n' >two-quotes
mkfifo fifo
printf '\357\273\277[default]\r\naws_access_key_id = CONFIG\r\naws_secret_access_key = sekrit/CONFIG+=\r\nregion = us-east-1\r\n' >windows
printf '[default]\nregion = us-east-1\nregion = eu-west-1\n' >twice
printf '[profile a]\nregion = us-east-1\n[profile a]\nregion = eu-west-1\n' >section-twice
printf '[default]\nsekrit/FILE\n' >no-pair
printf 'region = us-east-1\n' >no-section
printf '[default\nregion = us-east-1\n' >no-bracket
printf '[ ]\nregion = us-east-1\n' >no-name
printf '[default]\nregion = us-east-1\n  next\n[profile other]\nregion = us-east-1\naws_access_key_id = CONFIG\naws_secret_access_key = sekrit/CONFIG+=\n[profile key]\naws_access_key_id = CONFIG\n  X-Evil: 1\naws_secret_access_key = sekrit/CONFIG+=\n' >goes-on
printf '[default]\nregion\0 = us-east-1\n' >nul
printf '[default]\naws_access_key_id = FILE\rX-Evil: 1\naws_secret_access_key = sekrit/FILE+=\n' >line-end
mkdir directory
newline='
'
export work role container arn account newline SECRETS

"$(python_with_botocore)" "$here/tests/secretdir/credentials.py" server "$secretdir" "$here/tests/secretdir/credentials.tsv" $count >rows || failed=1
cat rows
count=$((count + $(grep -cE '^(not )?ok' rows)))

# Files of any size.
awk 'BEGIN {
	for (i = 0; i < 20000; i++) printf "[profile account-%05d.Administrator]\nsso_session = o\nsso_account_id = %012d\nsso_role_name = Administrator\nregion = us-west-2\n", i, i
	print "[profile last]\nregion = eu-west-1\naws_access_key_id = CONFIG\naws_secret_access_key = sekrit/CONFIG+="
	print "[profile long]\noutput = a"
	for (i = 0; i < 300000; i++) print " b"
}' >many
# Time that grows with the square of its size would be minutes.
ok "a file of 20,000 profiles, and of a value of 300,000 lines, is read in linear time" \
	sh -c "ulimit -t 20; AWS_CONFIG_FILE=$work/many exec '$secretdir' sync -q app text --profile last"
ok "so is one that says a key twice in the end" sh -c "echo '[profile account-00000.Administrator]' >>many
	ulimit -t 20; AWS_CONFIG_FILE=$work/many '$secretdir' sync -q app text --profile last 2>told; cat told; grep -q 'many, line [0-9]*: the section .* occurs a second time' told"

# What changes under way.
unset AWS_PROFILE
sync() { "$secretdir" sync -q "$@"; }
asked() { [ "$(control requests --count "$2")" = "$1" ] || { echo "asked $(control requests --count "$2") times"; return 1; }; }
fresh=home/.aws/sso/cache/$(printf fresh | sha1sum | cut -d' ' -f1).json
renewable() { # EXPIRES ACCESS-TOKEN
	control sso-client client tok3n-secret tok3n-refresh; control clear requests
	token fresh "$1" "$2" ', "refreshToken": "tok3n-refresh", "clientId": "client", "clientSecret": "tok3n-secret", "registrationExpiresAt": "2099-01-02T03:04:05Z"'
}
renewable 2020-01-02T03:04:05Z tok3n-old; chmod 644 "$fresh"; before=$(stat -c %i "$fresh")
ok "a login of SSO is renewed" sync app text --profile sso-fresh
ok "in a new file, for us alone" test "$(stat -c %a "$fresh")" = 600 -a "$(stat -c %i "$fresh")" != "$before"
ok "with all that the next renewal needs" python3 -c "
import json; new = json.load(open('$fresh')); assert sorted(new) == ['accessToken', 'clientId', 'clientSecret', 'expiresAt', 'refreshToken',
'region', 'registrationExpiresAt', 'startUrl'] and new['accessToken'] != 'tok3n-old' and new['refreshToken'] != 'tok3n-refresh' and new['clientSecret'] == 'tok3n-secret'"
ok "and nothing beside it" test "$(ls home/.aws/sso/cache | grep -vc 'json$')" = 0
ok "once" sync app text --profile sso-fresh; ok "not again" asked 1 CreateToken
renewable 2020-01-02T03:04:05Z tok3n-old
both() { "$secretdir" sync -q one text --profile sso-fresh & one=$!; "$secretdir" sync -q two text --profile sso-fresh; two=$?; wait $one && [ $two = 0 ]; }
ok "two at the same time both have it" both; ok "from one renewal" asked 1 CreateToken
renewable "$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ)" tok3n-sso
control fault error --service sso-oidc --status 400 --code InvalidGrantException --forever
ok "a renewal that fails does not matter yet" sync app text --profile sso-fresh; ok "though it was tried" asked 1 CreateToken
control clear
says() { wanted=$1 text=$2; shift 2; "$@" 2>said; got=$?; cat said; [ $got = "$wanted" ] && grep -qF -- "$text" said && ! grep -qE 'tok3n|sekrit' said; }
renewable 2020-01-02T03:04:05Z tok3n-old; mkdir "${fresh%.json}.json.new"
ok "a renewal that could not be kept is not asked for" says 9 "it could not be kept in ~/.aws/sso/cache" sync app text --profile sso-fresh
ok "so that its token is still good" asked 0 CreateToken
rmdir "$fresh.new"
ok "later" sync app text --profile sso-fresh
renewable 2020-01-02T03:04:05Z tok3n-old; control sso-client client tok3n-secret tok3n-refresh --lifetime 99999999999
before=$(cat "$fresh")
ok "a renewal for thousands of years is none" says 9 "the answer has no accessToken, or no expiresIn, that can be used" sync app text --profile sso-fresh
ok "and the login stays as it was" test "$(cat "$fresh")" = "$before" -a ! -e "$fresh.new"

# Those who give credentials out are asked again as everybody else is.
again() { # N OPERATION MODE FAULT...: so often, and the status is 8
	times=$1 operation=$2 mode=$3; shift 3
	control clear; control clear requests; control fault "$@" --operation "$operation" --forever
	AWS_RETRY_MODE=$mode status 8 "$secretdir" sync -q again text --profile role && asked "$times" "$operation"
	ended=$?; control clear; return $ended
}
ok "STS in trouble is asked three times" again 3 AssumeRole standard error --status 500 --code InternalFailure
ok "also where it throttles" again 3 AssumeRole standard throttle
ok "five times in the legacy mode" again 5 AssumeRole legacy error --status 503 --code ServiceUnavailable
control fault error --operation AssumeRole --status 500 --code InternalFailure --count 2
ok "and the third time can be lucky" sync app text --profile role

# What a credential_process has started does not outlive us.
gone() { for i in $(seq 100); do kill -0 "$(cat "$1")" 2>/dev/null || return 0; sleep 0.05; done; echo "it runs"; return 1; }
"$secretdir" sync -q stays text --profile process-stays 2>/dev/null & told=$!
until [ -s stays.pid ]; do sleep 0.05; done
kill -TERM $told; wait $told
ok "what a credential_process has started ends with us" gone stays.pid
ok "one that leaves something behind" sync leaves text --profile process-leaves
ok "leaves it to its end" gone leaves.pid

if command -v script >/dev/null; then
	ok "a credential_process has no terminal to ask at, and hangs at none" status 9 timeout 30 \
		script -qec "'$secretdir' sync -q asks text --profile process-asks" /dev/null
else skip "a credential_process has no terminal to ask at, and hangs at none" "no script(1)"; fi

# Another program stopped while it renewed.
renewable 2020-01-02T03:04:05Z tok3n-old
mkfifo held; flock home/.aws/sso/cache cat held & holder=$!
exec 9>held
ok "a lock that nobody gives back" says 9 "another program holds the lock of ~/.aws/sso/cache; run: aws sso login --sso-session fresh" sync app text --profile sso-fresh
renewable "$(date -u -d '+5 minutes' +%Y-%m-%dT%H:%M:%SZ)" tok3n-sso
ok "is not waited for while the token is good" sync app text --profile sso-fresh
exec 9>&-; wait $holder

# As somebody to whom the home directory is closed, as with sudo -u.
if [ "$(id -u)" = 0 ] && chmod 711 . && setpriv --reuid 65534 --clear-groups test -x "$secretdir" -a -x . 2>/dev/null; then
	mkdir ours; chown 65534 ours; chmod 700 home/.aws; chmod -R a+rX server web
	closed() { setpriv --reuid 65534 --clear-groups "$@"; }
	ok "closed files are no matter to keys of the environment" closed env AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=sekrit/ENV+= AWS_REGION=us-east-1 "$secretdir" sync -q ours/a text
	ok "nor to a web identity" closed env AWS_WEB_IDENTITY_TOKEN_FILE="$work/web" AWS_ROLE_ARN=$role/oidc AWS_REGION=us-east-1 "$secretdir" sync -q ours/b text
	ok "nor to a container" closed env AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/ecs" AWS_REGION=us-east-1 "$secretdir" sync -q ours/c text
	ok "an instance is not taken instead of what they may say" says 2 "cannot read '$HOME/.aws/config': Permission denied; mend its rights, or say which one to read in AWS_CONFIG_FILE" \
		closed env AWS_REGION=us-east-1 "$secretdir" sync -q ours/d text
	ok "what is named has to be read" says 2 "cannot read '$HOME/.aws/config': Permission denied" closed env AWS_CONFIG_FILE="$HOME/.aws/config" AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=sekrit/ENV+= "$secretdir" sync -q ours/d text
	ok "so has a profile" says 2 "cannot read '$HOME/.aws/config': Permission denied" closed env AWS_PROFILE=file AWS_ACCESS_KEY_ID=ENV AWS_SECRET_ACCESS_KEY=sekrit/ENV+= "$secretdir" sync -q ours/d text
	chmod 755 home/.aws
else skip "closed files are no matter to keys of the environment" "needs root, setpriv, and a build that others may run"; fi

export AWS_CONTAINER_CREDENTIALS_FULL_URI="$container/pod" AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$work/pod"
ok "a pod's token is there" sync app text
printf tok3n-next >pod; control container /pod --token-file pod
ok "and read again when it is renewed" sync app text
unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
control clear requests; control clock 7200
if can_date; then
	ok "a role is assumed with STS's clock where ours is off" sync app text --profile role
	ok "at the second request" asked 2 AssumeRole
	ok "and the service is asked with it at the first" asked 1 GetSecretValue
	control clear requests
	ok "a role of a role" sync app text --profile role-of-role
	ok "is as well" asked 3 AssumeRole
	control clear requests; control clock 0 --step 7200
	ok "STS's clock that runs away is not run after" says 9 "the clock here is 240 minutes behind the server's: set it" sync app text --profile role
	ok "after the second request" asked 2 AssumeRole
else
	ok "a clock that is not STS's is named in minutes" says 9 "the clock here is 120 minutes behind the server's: set it" sync app text --profile role
	ok "and not asked with again" asked 1 AssumeRole
fi
control clear; control clear requests
ok "an instance is asked" sync app text
ok "with a token at the first go" sh -c "! grep -v '\"status\": 200' server/requests.log | grep -q imds"
stop_server

# The addresses that are AWS's own, in a network of our own.
link_local() {
	ip link set lo up && ip address add 169.254.170.2/32 dev lo && ip address add 169.254.169.254/32 dev lo && start_server --link-local || return 1
	control put text --string x >/dev/null; control container /ecs
	AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/ecs "$secretdir" sync -q relative text && grep -q '"issued".*/ecs\|/ecs.*"issued"' server/requests.log || return 1
	AWS_EC2_METADATA_SERVICE_ENDPOINT='' "$secretdir" sync -q instance text && grep -q RoleCredentials server/requests.log; ended=$?
	stop_server; return $ended
}
if unshare --net --map-root-user true 2>/dev/null && command -v ip >/dev/null; then
	rm -rf server; export here work secretdir HOME; unset AWS_ENDPOINT_URL
	{ echo '. "$here/tests/aws/start.sh"; unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE'; sed -n '/^link_local() {/,/^}/p' "$here/tests/secretdir/credentials.sh"; echo link_local; } >namespace.sh
	ok "the container's and the instance's own addresses" unshare --net --map-root-user sh namespace.sh
else skip "the container's and the instance's own addresses" "no network namespace, or no ip"; fi
finish
