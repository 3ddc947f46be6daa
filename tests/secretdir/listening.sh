#!/bin/sh
# SPDX-License-Identifier: ISC
# listen-aws: what comes to a queue is told and deleted, whatever it is, and whatever answers.
. "$(dirname "$0")/../tap.sh"
. "$here/tests/aws/start.sh"
start_server --region us-east-1 --region eu-west-1
python3 "$here/tests/secretdir/listening.py" server "$here/build/libexec/atomicdir/listen-aws" $count >rows || failed=1
stop_server
cat rows
count=$((count + $(grep -cE '^(not )?ok' rows)))
finish
