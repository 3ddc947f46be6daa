# SPDX-License-Identifier: ISC
"""Cases: SQS, and the events of Secrets Manager that come to its queues."""

import concurrent.futures
import json
import os
import subprocess
import sys
import time

from selftest_tools import KEY, Skip, call, case, control, equal, here, refused

JSON_1_0 = "application/x-amz-json-1.0"


def sqs(operation, body, **signing):
    signing.setdefault("service", "sqs")
    return call(operation, body, headers={"Content-Type": JSON_1_0, "X-Amz-Target": "AmazonSQS." + operation}, **signing)


def receive(url, **more):
    return sqs("ReceiveMessage", dict({"QueueUrl": url}, **more))


def delete(url, *receipts):
    return sqs("DeleteMessageBatch", {"QueueUrl": url, "Entries": [
        {"Id": str(i), "ReceiptHandle": receipt} for i, receipt in enumerate(receipts)]})


def shown(name):
    return json.loads(control("queue", name, "--show"))


@case
def a_queue_gives_what_was_put_into_it_until_it_is_deleted():
    url = control("queue", "plain")
    equal(url, "https://sqs.us-east-1.amazonaws.com/123456789012/plain")
    equal(receive(url).json, {})
    message_id = control("message", "plain", "--string", "hello")
    answer = receive(url, VisibilityTimeout=0)
    message = answer.json["Messages"][0]
    equal((message["MessageId"], message["Body"]), (message_id, "hello"))
    equal(answer.headers["Content-Type"], JSON_1_0)
    message = receive(url).json["Messages"][0]
    equal((receive(url).json, shown("plain")["in_flight"]), ({}, 1))
    equal(delete(url, message["ReceiptHandle"]).json, {"Successful": [{"Id": "0"}]})
    equal(shown("plain"), {"visible": 0, "in_flight": 0, "polling": 0})


@case
def at_most_ten_come_at_once_and_one_where_nothing_is_said():
    url = control("queue", "many")
    control("message", "many", "--string", "x", "--copies", "12")
    equal(len(receive(url).json["Messages"]), 1)
    equal(len(receive(url, MaxNumberOfMessages=10).json["Messages"]), 10)
    equal(len(receive(url, MaxNumberOfMessages=10).json["Messages"]), 1)
    refused(receive(url, MaxNumberOfMessages=11), "ValidationException")
    refused(receive(url, WaitTimeSeconds=21), "ValidationException")


@case
def a_long_poll_ends_with_the_first_message_and_keeps_nobody_else_waiting():
    url = control("queue", "slow")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        polled = pool.submit(receive, url, WaitTimeSeconds=20)
        while not shown("slow")["polling"]:
            time.sleep(0.02)
        control("message", "slow", "--string", "now")
        equal(polled.result(5).json["Messages"][0]["Body"], "now")


@case
def who_left_during_a_poll_gets_no_message():
    url = control("queue", "left")
    child = subprocess.Popen([sys.executable, "-c", "import selftest_tools as t, selftest_queues as q, sys; "
                              "t.here.directory, t.here.url = sys.argv[1:3]; q.receive(sys.argv[3], WaitTimeSeconds=20)",
                              here.directory, here.url, url], cwd=os.path.dirname(os.path.abspath(__file__)))
    while not shown("left")["polling"]:
        time.sleep(0.02)
    child.kill()
    child.wait()
    while shown("left")["polling"]:
        time.sleep(0.02)
    control("message", "left", "--string", "x")
    equal(shown("left")["visible"], 1)


@case
def deletions_fail_one_by_one():
    url = control("queue", "failing")
    for name in ("one", "two"):
        control("message", "failing", "--string", name, "--id", name)
    receipts = [message["ReceiptHandle"] for message in receive(url, MaxNumberOfMessages=10).json["Messages"]]
    control("fault", "item", "--secret", "one", "--code", "InternalError")
    answer = delete(url, *receipts)
    equal(answer.status, 200)
    equal([failed["Code"] for failed in answer.json["Failed"]], ["InternalError"])
    equal(answer.json["Successful"], [{"Id": "1"}])
    equal(delete(url, receipts[0]).json, {"Successful": [{"Id": "0"}]})
    equal(delete(url, "none").json["Failed"][0]["Code"], "ReceiptHandleIsInvalid")
    refused(sqs("DeleteMessageBatch", {"QueueUrl": url, "Entries": []}), "EmptyBatchRequest")


@case
def a_queue_may_be_absent_or_denied_or_asked_wrongly():
    url = control("queue", "denied")
    answer = receive(url + "-not")
    refused(answer, "QueueDoesNotExist")
    equal(answer.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender")
    control("deny", "sqs:ReceiveMessage", "denied")
    refused(receive(url), "AccessDeniedException")
    control("clear")
    refused(sqs("ReceiveMessage", {"QueueUrl": url}, service="sts"),
            "InvalidSignatureException")
    control("queue", "denied", "--remove")
    refused(receive(url), "QueueDoesNotExist")


@case
def an_encrypted_queue_is_read_only_with_its_key():
    url = control("queue", "encrypted", "--kms-key", "arn:aws:kms:us-east-1:123456789012:key/1")
    equal(receive(url).status, 200)
    control("deny", "kms:Decrypt")
    answer = receive(url)
    refused(answer, "KmsAccessDenied")
    equal(answer.headers["x-amzn-query-error"], "KMS.AccessDeniedException;Sender")
    control("clear")


@case
def a_label_that_moves_is_told_to_the_queues_that_are_bound():
    bare, by_sns, unbound = (control("queue", *words) for words in (
        ("bare", "--bind", "bare"), ("by-sns", "--bind", "sns"), ("unbound",)))
    version = control("put", "told/a", "--string", "x")
    event = json.loads(receive(bare).json["Messages"][0]["Body"])
    equal((event["source"], event["detail-type"]), ("aws.secretsmanager", "Secret Label Updated"))
    equal(event["detail"], {"name": "told/a", "labelUpdated": "AWSCURRENT", "versionId": version})
    equal(event["resources"], [control("show", "told/a", "--arn")])
    envelope = json.loads(receive(by_sns).json["Messages"][0]["Body"])
    equal(json.loads(envelope["Message"])["detail"], event["detail"])
    pending = control("put", "told/a", "--string", "y", "--stage", "AWSPENDING")
    equal(receive(bare).json, {})
    control("stage", "told/a", "AWSCURRENT", pending)
    equal(json.loads(receive(bare).json["Messages"][0]["Body"])["detail"]["versionId"], pending)
    equal(receive(unbound).json, {})
    control("clear", "queues")


@case
def botocore_polls_and_deletes():
    try:
        import botocore.session
    except ImportError:
        raise Skip("no python3-botocore")
    url = control("queue", "boto")
    client = botocore.session.Session().create_client(
        "sqs", region_name="us-east-1", endpoint_url=here.url, verify=os.path.join(here.directory, "ca.pem"),
        aws_access_key_id=KEY[0], aws_secret_access_key=KEY[1])
    if client.meta.service_model.metadata["protocol"] != "json":
        raise Skip("this botocore asks SQS in the older protocol")
    assert not client.receive_message(QueueUrl=url).get("Messages")
    control("message", "boto", "--string", "hello")
    message = client.receive_message(QueueUrl=url)["Messages"][0]
    equal(message["Body"], "hello")
    answer = client.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}])
    equal(answer["Successful"], [{"Id": "a"}])
    try:
        client.receive_message(QueueUrl=url + "-not")
        raise AssertionError("a queue that is not there was polled")
    except client.exceptions.QueueDoesNotExist:
        pass
