# SPDX-License-Identifier: ISC
"""What EventBridge sends of secrets, bare or by SNS, to the queues that were bound to it.

A label that moves to another version is told at once, AWSPENDING and AWSPREVIOUS excepted, as AWS does. There are no rules: whoever
is bound gets all events of its region.
"""

import json
import time
import uuid

import sqs

UNTOLD = ("AWSPENDING", "AWSPREVIOUS")


def label_updated(world, secret, version_id, label):
    region = secret.arn.split(":")[3]
    if label in UNTOLD:
        return
    for queue in sqs.queues(world, region).values():
        for binding in queue.bindings:
            text = json.dumps(_event(world, region, secret, version_id, label))
            sqs.put(world, queue, sqs.in_envelope(world, queue.arn, text) if binding == "sns" else text)


def _event(world, region, secret, version_id, label):
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Secret Label Updated",
            "source": "aws.secretsmanager", "account": world.account,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(world.now())), "region": region,
            "resources": [secret.arn],
            "detail": {"name": secret.name, "labelUpdated": label, "versionId": version_id}}
