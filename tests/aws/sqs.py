# SPDX-License-Identifier: ISC
"""AWS SQS: standard queues that the control channel makes and fills, and the two operations that a reader needs.

A message that was received is invisible for a while, and comes again unless it was deleted. Whoever polls waits without the
world's lock, and one that has left gets nothing. It will not send, nor know FIFO queues or the query protocol.
"""

import hashlib
import itertools
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import List, Optional, Set

import aws_json
import faults
import operations
import permissions
from operations import Member, Operation, check_members
from refusal import Refusal
from world import region_of

NAME = "sqs"
LOOK_SECONDS = 0.2  # how often one that waits looks whether the client is there still
QUERY_ERROR = "x-amzn-query-error"


@dataclass
class Message:
    id: str
    body: str
    visible_at: float = 0.0  # of time.monotonic()
    receipts: Set[str] = field(default_factory=set)


@dataclass
class Queue:
    name: str
    arn: str
    url: str
    visibility: int = 30
    kms_key: Optional[str] = None
    bindings: List[str] = field(default_factory=list)  # "bare", "sns": how events of Secrets Manager come
    messages: List[Message] = field(default_factory=list)
    polling: int = 0


def new_state():
    return {"regions": {}, "arrival": None, "numbers": itertools.count(1)}


def queues(world, region):
    return world.services[NAME]["regions"].setdefault(region, {})


def put(world, queue, body, message_id=None, copies=1):
    """A message, or several that are the same one to SQS."""
    message_id = message_id or str(uuid.uuid4())
    queue.messages.extend(Message(message_id, body) for _ in range(copies))
    arrival(world).notify_all()
    return message_id


def arrival(world):
    """What those that poll wait for; whoever uses it holds the world's lock."""
    state = world.services[NAME]
    if state["arrival"] is None:
        state["arrival"] = threading.Condition(world.lock)
    return state["arrival"]


# Operations


def _queue(call, body, action):
    """The queue, if it exists and the caller may do action on it; else a Refusal."""
    account, _, name = "/".join(body["QueueUrl"].rsplit("/", 2)[-2:]).partition("/")
    arn = "arn:aws:sqs:%s:%s:%s" % (call.region, account, name)
    permissions.demand(call.world.rules, call.identity, "sqs:" + action, arn, name)
    queue = queues(call.world, call.region).get(name) if account == call.world.account else None
    if queue is None:
        raise Refusal("QueueDoesNotExist", "The specified queue does not exist.",
                      headers=[(QUERY_ERROR, "AWS.SimpleQueueService.NonExistentQueue;Sender")], style="body")
    return queue


def _decrypt(call, queue):
    try:
        permissions.demand_decrypt(call, NAME, queue.kms_key, "The caller doesn't have the required KMS access.")
    except Refusal as refusal:
        raise Refusal("KmsAccessDenied", refusal.message, headers=[(QUERY_ERROR, "KMS.AccessDeniedException;Sender")], style="body")


def _receive(call, body):
    queue = _queue(call, body, "ReceiveMessage")
    _decrypt(call, queue)
    end = time.monotonic() + body.get("WaitTimeSeconds", 0)
    queue.polling += 1
    try:
        chosen = _wait(call, queue, body, end)
    finally:
        queue.polling -= 1
    if not chosen:
        return {}
    return {"Messages": [_received(call, queue, message, body) for message in chosen]}


def _wait(call, queue, body, end):
    while True:
        now = time.monotonic()
        visible = [message for message in queue.messages if message.visible_at <= now]
        if visible or now >= end:
            return visible[: body.get("MaxNumberOfMessages", 1)]
        arrival(call.world).wait(min(LOOK_SECONDS, end - now))
        if call.request.is_gone():
            return []


def _received(call, queue, message, body):
    visibility = body.get("VisibilityTimeout", queue.visibility)
    message.visible_at = time.monotonic() + visibility
    receipt = "%s#%d" % (message.id, next(call.world.services[NAME]["numbers"]))
    message.receipts.add(receipt)
    return {"MessageId": message.id, "ReceiptHandle": receipt, "Body": message.body,
            "MD5OfBody": hashlib.md5(message.body.encode("utf-8", "surrogatepass")).hexdigest()}


def _delete_batch(call, body):
    queue = _queue(call, body, "DeleteMessage")
    entries = body["Entries"]
    if not entries:
        raise Refusal("EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request.")
    if len(entries) > 10:
        raise Refusal("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
    for entry in entries:
        check_members(entry, {"Id": Member(str, 1, 80, True, pattern="[A-Za-z0-9_-]+"),
                              "ReceiptHandle": Member(str, 1, 1024, True)})
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise Refusal("BatchEntryIdsNotDistinct", "Id %s repeated." % entries[0]["Id"])
    answer = {"Successful": [], "Failed": []}
    for entry in entries:
        refusal = _delete(call, queue, entry["ReceiptHandle"])
        if refusal is None:
            answer["Successful"].append({"Id": entry["Id"]})
        else:
            answer["Failed"].append({"Id": entry["Id"], "SenderFault": refusal.code == "ReceiptHandleIsInvalid", "Code": refusal.code,
                                     "Message": refusal.message})
    return {name: value for name, value in answer.items() if value}


def _delete(call, queue, receipt):
    refusal = faults.item_refusal(call.met, receipt.partition("#")[0])
    if refusal is not None:
        return refusal
    for message in queue.messages:
        if receipt in message.receipts:
            queue.messages.remove(message)
            return None
    # Of one that was deleted already SQS says that it was.
    return None if re.fullmatch("[^#]+#[0-9]+", receipt) else \
        Refusal("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")


# The service, as the server sees it


SERVICE = operations.Service(
    name=NAME, protocol=aws_json, target="AmazonSQS", namespace="com.amazonaws.sqs",
    content_type="application/x-amz-json-1.0", message_member="message",
    # Faults that are aimed at a message name its id.
    names=lambda world, region, body: [entry["ReceiptHandle"].partition("#")[0] for entry in body.get("Entries") or []
                                       if isinstance(entry.get("ReceiptHandle"), str)],
    operations={
        "ReceiveMessage": Operation(_receive, {
            "QueueUrl": Member(str, 1, None, True),
            "MaxNumberOfMessages": Member(int, 1, 10),
            "WaitTimeSeconds": Member(int, 0, 20),
            "VisibilityTimeout": Member(int, 0, 43200),
        }),
        "DeleteMessageBatch": Operation(_delete_batch, {
            "QueueUrl": Member(str, 1, None, True),
            "Entries": Member(list, required=True, item=Member(dict)),
        }),
    })


def claims(request):
    return aws_json.claims(SERVICE, request)


def serve(request, world, entry):
    return operations.serve(SERVICE, request, world, entry)


# Commands of the control channel


def _existing(world, arguments):
    queue = queues(world, region_of(world, arguments)).get(arguments["name"])
    if queue is None:
        raise ValueError("no queue " + arguments["name"])
    return queue


def _make(world, arguments):
    """A queue, or other properties of one."""
    region, name = region_of(world, arguments), arguments["name"]
    if not re.fullmatch("[A-Za-z0-9_-]{1,80}", name):
        raise ValueError("not a name that AWS takes")
    known = queues(world, region)
    if arguments.get("remove"):
        del known[_existing(world, arguments).name]
        return {}
    if name not in known:
        known[name] = Queue(name, "arn:aws:sqs:%s:%s:%s" % (region, world.account, name),
                            "https://sqs.%s.amazonaws.com/%s/%s" % (region, world.account, name))
    if arguments.get("visibility") is not None:
        known[name].visibility = arguments["visibility"]
    if arguments.get("kms_key") is not None:
        known[name].kms_key = arguments["kms_key"]
    if arguments.get("bindings") is not None:
        known[name].bindings = [binding for binding in arguments["bindings"] if binding != "none"]
    return {"url": known[name].url}


def _message(world, arguments):
    queue, body = _existing(world, arguments), arguments["text"]
    return {"id": put(world, queue, in_envelope(world, queue.arn, body) if arguments.get("sns") else body,
                      arguments.get("id"), arguments.get("copies") or 1)}


def in_envelope(world, arn, text):
    """As SNS hands it to a queue that has no raw delivery."""
    topic = "arn:aws:sns:%s:%s:secrets" % (arn.split(":")[3], world.account)
    return json.dumps({
        "Type": "Notification", "MessageId": str(uuid.uuid4()), "TopicArn": topic, "Message": text,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(world.now())), "SignatureVersion": "1",
        "Signature": "EXAMPLE=", "SigningCertURL": "https://sns.amazonaws.com/SimpleNotificationService.pem",
        "UnsubscribeURL": "https://sns.amazonaws.com/?Action=Unsubscribe"}, indent=2)


def _show(world, arguments):
    queue, now = _existing(world, arguments), time.monotonic()
    visible = sum(message.visible_at <= now for message in queue.messages)
    return {"visible": visible, "in_flight": len(queue.messages) - visible, "polling": queue.polling}


COMMANDS = {"queue": _make, "message": _message, "queue-show": _show}


def clear(world, parts):
    if "queues" in parts:
        world.services[NAME]["regions"].clear()
