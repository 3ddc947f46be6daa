#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""listen-aws against the test server's queues.

    listening.py SERVER-DIRECTORY PROGRAM FIRST-NUMBER

Prints TAP, without the plan.
"""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../aws"))
import listener  # noqa: E402

listener.keep_keys_fd()
import control  # noqa: E402

server, program, first = sys.argv[1:]
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf"
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(found, wanted):
    if found != wanted:
        raise AssertionError("found %r, wanted %r" % (found, wanted))


def ask(command, **arguments):
    return control.ask(server, command, arguments)


def shown(name):
    return ask("queue-show", name=name)


def log(operation, name):
    """Polls stand in it when they have ended."""
    with open(os.path.join(server, "requests.log")) as lines:
        return [entry for entry in map(json.loads, lines) if entry.get("operation") == operation
                and (entry.get("body") or {}).get("QueueUrl", "").endswith("/" + name)]


def wait_for(claim):
    end = time.monotonic() + 15
    while not claim():
        if time.monotonic() > end:
            raise AssertionError("still not so")
        time.sleep(0.02)


def event(**parts):
    detail = dict({"name": "app/db", "labelUpdated": "AWSCURRENT", "versionId": "v2"}, **parts.pop("detail", {}))
    return json.dumps(dict({"source": "aws.secretsmanager", "detail-type": "Secret Label Updated", "resources": [ARN],
                            "detail": detail}, **parts))


def told(arn=ARN, name="app/db", version="v2", label="AWSCURRENT"):
    return [("event", ""), ("arn", arn), ("name", name), ("version", version), ("label", label)]


@contextlib.contextmanager
def listening(name, *options, connected=True, keys=None, queue=None):
    """One that listens to a queue of this name, which is made, and says that it is connected."""
    url = ask("queue", name=name, bindings=[])["url"] if queue is None else queue
    ask("clear", parts=["requests"])
    one = listener.Listener(program, *listener.asked(url, *options), keys=keys)
    try:
        if connected:
            equal(one.next(), ("connected", ""))
        yield one
    finally:
        one.end()
        errors = one.process.stderr.read()
        ask("clear")
        equal(errors, b"")
        assert os.environ["AWS_SECRET_ACCESS_KEY"] not in repr(one.said)


def key_of_its_own(name):
    """Faults that are aimed at it meet no poll of a listener that has just ended."""
    ask("key", access_key_id=name, secret="secret of " + name)
    return {"key_id": name, "secret_key": "secret of " + name}


def is_empty(name):
    return lambda: shown(name)["visible"] + shown(name)["in_flight"] == 0


# ---- What comes ----


@case
def a_message_is_told_and_deleted():
    with listening("bare") as one:
        wait_for(lambda: shown("bare")["polling"])
        ask("message", name="bare", text=event())
        equal(one.until("label"), told())
        wait_for(is_empty("bare"))
        equal([(entry["service"], entry["body"]["WaitTimeSeconds"], entry["body"]["MaxNumberOfMessages"])
               for entry in log("ReceiveMessage", "bare")][:2], [("sqs", 1, 10), ("sqs", 20, 10)])


@case
def and_one_in_the_envelope_of_sns():
    with listening("sns") as one:
        ask("message", name="sns", text=event(), sns=True)
        equal(one.until("label"), told())
        wait_for(is_empty("sns"))


@case
def the_events_of_a_secret_whose_label_moves_are_told():
    with listening("moving") as one:
        ask("queue", name="moving", bindings=["bare", "sns"])
        ask("put", name="app/db", text="canary")
        version = ask("put", name="app/db", text="canary")["version_id"]
        ask("stage", name="app/db", stage="MINE", version_id=version)
        told_of = [dict(one.until("label")) for _ in range(6)]
        equal([(e["name"], e["label"]) for e in told_of],
              [("app/db", "AWSCURRENT")] * 4 + [("app/db", "MINE")] * 2)
        equal([e["version"] for e in told_of][2:], [version] * 4)
        assert all(e["arn"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-") for e in told_of)


@case
def what_is_no_event_is_deleted_and_counted():
    bodies = ["", "hello", "[]", "{}", "null", "1", "[" * 5000 + "]" * 5000, "x" * 200000, "a\0b", '"\\ud800"', "{" * 300,
              event(source="aws.ec2"), event(source=["aws.secretsmanager"]), event(**{"detail-type": "AWS API Call via CloudTrail"}),
              event(detail={"name": None}, resources=[]), event(detail={"name": "a\0b"}, resources=["arn:aws:s3:::bucket"]),
              event(detail={"name": "x" * 513}, resources="arn"), event().replace('"source"', '"source": 1, "source"'),
              event()[:-1], event() + "x", '{"Type": "Notification"}', '{"Type": "Notification", "Message": "hello"}',
              '{"Type": "Notification", "Message": "a\\u0000b"}', json.dumps({"Type": "Notification", "Message": json.dumps(
                  {"Type": "Notification", "Message": event()})}), '{"Type": "SubscriptionConfirmation", "Message": "%s"}' % "x"]
    with listening("garbage") as one:
        for body in bodies:
            ask("message", name="garbage", text=body)
        count = 0
        while count < len(bodies):
            name, value = one.next()
            equal(name, "ignored")
            count += int(value)
        equal(count, len(bodies))
        wait_for(is_empty("garbage"))
        ask("message", name="garbage", text=event())
        equal(one.until("label"), told())


@case
def an_event_that_says_less_is_told_with_what_it_says():
    with listening("less") as one:
        for text, wanted in (
                (event(resources=[]), told(arn="")), (event(resources=[1]), told(arn="")),
                (event(resources=["arn:aws:s3:::bucket"]), told(arn="")), (event(detail={"name": "a\nb"}), told(name="")),
                (event(detail={"versionId": 1, "labelUpdated": None}), told(version="", label="")),
                (event(detail={"versionId": "x" * 65}), told(version=""))):
            ask("message", name="less", text=text)
            equal(one.until("label"), wanted)


@case
def a_message_that_comes_twice_is_told_once_and_deleted_twice():
    with listening("twice") as one:
        ask("message", name="twice", text=event(), copies=3)
        ask("message", name="twice", text="end")
        equal(one.until("ignored")[:-1], told())
        wait_for(is_empty("twice"))


# ---- Deletions ----


@case
def a_deletion_that_fails_inside_of_a_200_is_tried_again_with_the_next():
    with listening("undeleted") as one:
        ask("fault", kind="item", secret="stubborn", code="InternalError", message="Try later.")
        ask("message", name="undeleted", text=event(), id="stubborn")
        equal(one.until("label"), told())
        name, text = one.next()
        equal(name, "warning")
        assert re.fullmatch(r"https://sqs\.us-east-1\.amazonaws\.com/123456789012/undeleted: DeleteMessageBatch: a message is not "
                            r"deleted: InternalError, request [0-9a-f-]{36}: Try later", text), text
        ask("message", name="undeleted", text="next")
        equal(one.next(), ("ignored", "1"))
        wait_for(is_empty("undeleted"))
        equal([len(entry["body"]["Entries"]) for entry in log("DeleteMessageBatch", "undeleted")], [1, 2])


@case
def one_that_is_denied_is_a_warning_and_events_go_on():
    with listening("kept") as one:
        ask("deny", action="sqs:DeleteMessage")
        ask("message", name="kept", text=event())
        equal(one.until("label"), told())
        name, text = one.next()
        equal(name, "warning")
        assert "DeleteMessageBatch: AccessDeniedException" in text and \
            "allow sqs:DeleteMessage on arn:aws:sqs:us-east-1:123456789012:kept" in text, text
        ask("message", name="kept", text=event(detail={"versionId": "v3"}))
        equal(one.until("label"), told(version="v3"))
        ask("clear")
        ask("message", name="kept", text=event(detail={"versionId": "v4"}))
        equal(one.until("label"), told(version="v4"))
        wait_for(is_empty("kept"))


# ---- A queue that does not answer as it should ----


def fails(one, kind, *texts):
    name, text = one.next(timeout=30)
    equal((name, text.split(" ")[0]), ("disconnected", str(kind)))
    for wanted in texts:
        assert wanted in text, text
    equal(text.count("\n"), 0)


@case
def a_queue_that_is_gone_is_told_and_asked_again_until_it_is_there():
    with listening("gone", connected=False, queue="https://sqs.us-east-1.amazonaws.com/123456789012/gone") as one:
        fails(one, 10, "gone: ReceiveMessage: QueueDoesNotExist", "check the URL, the region (us-east-1)")
        ask("queue", name="gone", bindings=[])
        ask("message", name="gone", text=event())
        equal(one.until("connected"), told() + [("connected", "")])


@case
def one_that_is_denied_says_what_to_allow():
    ask("deny", action="sqs:ReceiveMessage", resource="denied")
    with listening("denied", connected=False) as one:
        fails(one, 9, "ReceiveMessage: AccessDeniedException", "allow sqs:ReceiveMessage on arn:aws:sqs:us-east-1:123456789012:denied",
              "asked with the keys from a test")
        ask("allow", action="sqs:ReceiveMessage")
        equal(one.next(), ("connected", ""))


@case
def throttling_and_servers_that_fail_are_unreachable_and_told_once():
    for number, fault in enumerate((dict(kind="throttle", remaining=2), dict(kind="error", status=500), dict(kind="error", code="OverLimit", status=400),
                  dict(kind="cut", where="before"), dict(kind="error", code="KmsThrottled", status=400))):
        key = "FAILING%d" % number
        ask("fault", operation="ReceiveMessage", access_key_id=key, **fault)
        with listening("failing", connected=False, keys=key_of_its_own(key)) as one:
            fails(one, 8, "failing: ReceiveMessage: " if fault["kind"] != "cut" else "cannot be reached")
            assert "attempt" not in one.said[0][1], one.said
            equal(one.next(), ("connected", ""))


@case
def answers_that_cannot_be_read_end_nothing():
    for form in ("truncated-json", "html", "duplicate-keys", "invalid-utf8", "deep", "empty", "not-http"):
        ask("fault", kind="garbage", form=form, operation="ReceiveMessage", access_key_id=form)
        with listening("unreadable-" + form, connected=False, keys=key_of_its_own(form)) as one:
            if one.next()[0] == "disconnected":
                equal(one.next(), ("connected", ""))
                equal([entry["body"]["MaxNumberOfMessages"] for entry in log("ReceiveMessage", "unreadable-" + form)][:2],
                      [10, 1])


@case
def messages_of_wrong_types_are_nothing():
    for key, text in enumerate(('{"Messages": 1}', '{"Messages": [1, null, {}, {"Body": "x"}, {"ReceiptHandle": 2}]}', '{"Messages": {}}',
                 '{"Messages": [{"ReceiptHandle": "r#1", "MessageId": "%s", "Body": ["x"]}]}' % ("i" * 200))):
        ask("fault", kind="garbage", form="given", text=text, operation="ReceiveMessage", access_key_id="WRONG%d" % key)
        with listening("wrong", connected=False, keys=key_of_its_own("WRONG%d" % key)) as one:
            equal(one.until("connected")[-1], ("connected", ""))


@case
def deletions_of_wrong_types_are_taken_for_done():
    with listening("odd") as one:
        for text in ('{"Failed": 1}', '{"Failed": [1, {}, {"Id": 0}]}', "{}"):
            ask("fault", kind="garbage", form="given", text=text, operation="DeleteMessageBatch")
            ask("message", name="odd", text=event())
            equal(one.until("label"), told())
        ask("message", name="odd", text="end")
        equal(one.next(), ("ignored", "1"))


# ---- Where it is asked ----


@case
def the_region_of_the_url_is_the_one_that_is_signed_for():
    url = ask("queue", name="europe", region="eu-west-1", bindings=[])["url"]
    with listening("europe", queue=url):
        equal({entry["region"] for entry in log("ReceiveMessage", "europe")}, {"eu-west-1"})


@case
def that_of_the_settings_where_the_url_has_none():
    ask("queue", name="europe", region="eu-west-1", bindings=[])
    with listening("europe", queue="https://queues.example/123456789012/europe", keys={"region": "eu-west-1"}):
        equal({entry["region"] for entry in log("ReceiveMessage", "europe")}, {"eu-west-1"})


@case
def a_queue_of_another_host_is_asked_there():
    for base in (os.environ["AWS_ENDPOINT_URL"], open(os.path.join(server, "address.http")).read().strip()):
        name = "own-" + base.partition(":")[0]
        ask("queue", name=name, bindings=[])
        with listening(name, queue=base + "/123456789012/" + name, keys={"sqs_url": None}):
            equal({entry["host"] for entry in log("ReceiveMessage", name)}, {base.partition("://")[2]})


@case
def a_session_token_is_signed_with():
    ask("key", access_key_id="SESSION", secret="canary-key", token="canary-token")
    with listening("session", keys={"key_id": "SESSION", "secret_key": "canary-key", "token": "canary-token"}) as one:
        assert "canary" not in repr(one.said)


# ---- Its keys ----


@case
def keys_that_have_expired_are_asked_for_anew():
    with listening("expiring") as one:
        for key in "SECOND", "THIRD":
            # The poll that is under way meets no fault any more; the next one does.
            wait_for(lambda: shown("expiring")["polling"])
            ask("fault", kind="expired", operation="ReceiveMessage")
            ask("message", name="expiring", text="wakes it")
            equal(one.until("expired")[-1], ("expired", ""))
            ask("key", access_key_id=key, secret="another")
            listener.write_keys(one.keys_fd, key_id=key, secret_key="another")
            one.tell(("settings", ""), ("keys", ""))
        ask("message", name="expiring", text=event())
        equal(one.until("label")[-5:], told())
        assert "disconnected" not in dict(one.said)


@case
def where_there_are_none_that_is_told():
    ask("fault", kind="expired", operation="ReceiveMessage", remaining=None, access_key_id="EXPIRED")
    with listening("expired", connected=False, keys=key_of_its_own("EXPIRED")) as one:
        equal(one.next(), ("expired", ""))
        one.tell(("error", "8 STS cannot be reached"))
        fails(one, 9, "ExpiredTokenException", "new ones cannot be had: STS cannot be reached")
        equal(one.next(), ("expired", ""))


@case
def it_is_done_before_its_keys_are():
    began = int(time.time())
    with listening("ending", keys={"expires": str(began + 4)}) as one:
        equal((one.next(), one.next(), one.process.wait(5)), (("done", ""), None, 0))
        waits = [entry["body"]["WaitTimeSeconds"] for entry in log("ReceiveMessage", "ending")]
        assert 1 <= len(waits) <= 4 and max(waits) <= 3, waits


@case
def keys_that_are_no_good_any_more_get_one_poll():
    with listening("late", keys={"expires": "1000000000"}) as one:
        equal((one.next(), len(log("ReceiveMessage", "late"))), (("done", ""), 1))


# ---- Its end ----


@case
def it_is_confined_while_it_waits():
    with listening("confined") as one:
        with open("/proc/%d/status" % one.process.pid) as status:
            said = dict(line.rstrip("\n").split(":\t") for line in status)
        equal(said["NoNewPrivs"], "1")
        assert said["Seccomp"] == "2" or any("system calls" in text for text in one.unconfined), (said, one.unconfined)


@case
def sigterm_ends_it_at_once_in_the_middle_of_a_poll():
    with listening("terminated") as one:
        wait_for(lambda: shown("terminated")["polling"])
        with open("/proc/%d/task/%d/children" % (one.process.pid, one.process.pid)) as children:
            equal(children.read(), "")
        equal(one.end(), -signal.SIGTERM)
        equal([entry["body"]["WaitTimeSeconds"] for entry in log("ReceiveMessage", "terminated")], [1])
        wait_for(lambda: not shown("terminated")["polling"])
        ask("message", name="terminated", text=event())
        equal(shown("terminated")["visible"], 1)


@case
def it_ends_where_nobody_listens_to_it():
    reader, writer = os.pipe()
    listener.open_keys()
    process = listener.subprocess.Popen([program], stdin=listener.subprocess.PIPE, stdout=writer, pass_fds=(listener.KEYS_FD,))
    os.close(writer)
    os.close(reader)
    process.stdin.write(listener.fields(*listener.asked(ask("queue", name="unheard", bindings=[])["url"])))
    process.stdin.flush()
    assert process.wait(10) not in (0, -signal.SIGKILL)


def refuses(kind, text, *requests, keys=None):
    one = listener.Listener(program, *requests, keys=keys)
    got = one.next()
    equal(got, ("error", "%d %s" % (kind, text)))
    equal((one.next(), one.process.wait(5)), (None, kind))
    one.end()


@case
def requests_that_are_none_are_refused():
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
    refuses(1, "the request is of another version of the protocol", ("atomicdir-listen", "2"), ("end", ""))
    refuses(1, "the request is of another version of the protocol", ("atomicdir-fetch", "1"), ("end", ""))
    refuses(1, "the request has a field that is not known: secret", ("atomicdir-listen", "1"), ("secret", "a"), ("end", ""))
    refuses(1, "the request names no queue", ("atomicdir-listen", "1"), ("end", ""))
    refuses(9, "no keys", *listener.asked(url)[:-1], ("error", "9 no keys"))
    refuses(1, "the keys that were handed over are not whole", *listener.asked(url), keys={"key_id": None})


def main():
    number, failed = int(first), False
    # It takes a poll's time to be sure that nobody answers: the others run meanwhile.
    deaf = socket.create_server(("127.0.0.1", 0))
    silent = listener.Listener(program, *listener.asked("http://127.0.0.1:%d/123456789012/silent" % deaf.getsockname()[1]),
                               keys={"sqs_url": None})

    def a_queue_that_is_silent_is_told():
        fails(silent, 8, "cannot be reached")
        silent.end()

    for function in CASES + [a_queue_that_is_silent_is_told]:
        number += 1
        claim = function.__name__.replace("_", " ")
        try:
            function()
            print("ok %d - %s" % (number, claim))
        except Exception:
            failed = True
            print("not ok %d - %s\n# %s" % (number, claim, traceback.format_exc().strip().replace("\n", "\n# ")))
            ask("clear")
        sys.stdout.flush()
    sys.exit(failed)


main()
