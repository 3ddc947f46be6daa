#!/bin/sh
# SPDX-License-Identifier: ISC
# A SecretProviderClass as it stands, against the AWS test server: secrets, parameters, and another region where the first is not reached.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
secretdir=$here/build/secretdir

sync() { "$secretdir" sync -q "$@"; }
put() { control put "$@" >/dev/null; }

start_server --region eu-west-1 --region eu-central-1
put prod/db --region eu-west-1 --string '{"password": "first", "port": 5432}'
put other/db --region eu-central-1 --string '{"password": "second", "port": 5433}'
control parameter /app/level --region eu-west-1 --string info >/dev/null
cat >class.yaml <<END
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: app}
spec:
  provider: aws
  parameters:
    region: eu-west-1
    failoverRegion: eu-central-1
    objects: |
      - objectName: "$(control show prod/db --region eu-west-1 --arn)"
        objectAlias: db
        failoverObject:
          objectName: "$(control show other/db --region eu-central-1 --arn)"
        jmesPath:
          - path: password
            objectAlias: db/password
          - path: port
            objectAlias: db/port
END
cp class.yaml parameters.yaml
printf '      - objectName: /app/level\n        objectType: ssmparameter\n' >>parameters.yaml
ok "secrets and parameters come from the manifest's region" sync app --spec parameters.yaml
ok "each value in its file" test "$(cat app/db_password app/db_port app/_app_level)" = first5432info
control fault error --region eu-west-1 --forever
ok "a region that fails is no failure" sync failed --spec class.yaml
ok "what stands for the object is fetched in the other" test "$(cat failed/db_password failed/db_port)" = second5433
control clear
control deny secretsmanager:GetSecretValue prod/db
ok "one that denies is" status 9 sync denied --spec class.yaml
ok "and nothing is made" test ! -e denied
finish
