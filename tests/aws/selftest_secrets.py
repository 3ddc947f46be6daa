# SPDX-License-Identifier: ISC
"""Cases: Secrets Manager, signatures, permissions, faults, and the server itself."""

import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

from selftest_tools import (CANARY, KEY, Answer, Skip, call, case, connect, control, equal, get, here, read, refused,
                            served)


@case
def a_signed_request_gets_the_value():
    version = control("put", "a/b", "--file", "-", data=CANARY.encode() + b"\n")
    answer = get("a/b")
    equal(answer.status, 200)
    equal(answer.json["SecretString"], CANARY + "\n")
    equal(answer.json["VersionId"], version)
    equal(answer.json["VersionStages"], ["AWSCURRENT"])
    assert abs(answer.json["CreatedDate"] - time.time()) < 60
    assert answer.headers["x-amzn-RequestId"] and answer.headers["Date"]


@case
def a_binary_value_comes_in_base64():
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(range(256)))
        file.flush()
        control("put", "bin", "--binary", file.name)
    equal(base64.b64decode(get("bin").json["SecretBinary"]), bytes(range(256)))


@case
def errors_have_the_forms_of_aws():
    answer = get("absent")
    refused(answer, "ResourceNotFoundException")
    assert "#" in answer.json["__type"] and "Message" in answer.json
    assert answer.headers["x-amzn-ErrorType"].startswith("ResourceNotFoundException:http")
    assert "message" in get("absent", VersionId="short").json


@case
def wrong_signatures_are_refused():
    body = {"SecretId": "a/b"}
    refused(call("GetSecretValue", body, key=(KEY[0], "wrong")), "InvalidSignatureException")
    refused(call("GetSecretValue", body, key=("AKIDNOBODY", KEY[1])), "UnrecognizedClientException")
    refused(call("GetSecretValue", body, sent=b'{"SecretId":"other"}'), "InvalidSignatureException")
    refused(call("GetSecretValue", body, service="sts"), "InvalidSignatureException")
    refused(call("GetSecretValue", body, region="eu-west-9"), "InvalidSignatureException")
    refused(call("GetSecretValue", body, token="never issued"), "UnrecognizedClientException")


@case
def a_request_without_signature_is_refused():
    with contextlib.closing(connect()) as connection:
        connection.request("POST", "/", "{}", {"Content-Type": "application/x-amz-json-1.1",
                                               "X-Amz-Target": "secretsmanager.ListSecrets"})
        refused(Answer(connection.getresponse()), "MissingAuthenticationTokenException")


@case
def headers_that_must_be_signed_are_asked_for():
    for name in ("host", "content-type", "x-amz-date", "x-amz-target"):
        refused(call("ListSecrets", {}, unsigned=(name,)), "InvalidSignatureException")
    control("key", "ASIATEMP", "s3cret/with:colon", "--session-token", "tok/en==")
    key = ("ASIATEMP", "s3cret/with:colon")
    refused(call("ListSecrets", {}, key=key, token="tok/en==", unsigned=("x-amz-security-token",)),
            "InvalidSignatureException")
    equal(call("ListSecrets", {}, key=key, token="tok/en==").status, 200)
    refused(call("ListSecrets", {}, key=key), "UnrecognizedClientException")
    control("key", "ASIATEMP", key[1], "--session-token", "tok/en==", "--expired")
    refused(call("ListSecrets", {}, key=key, token="tok/en=="), "ExpiredTokenException")


@case
def headers_that_need_no_signature_may_go_unsigned():
    equal(call("ListSecrets", {}, headers={"Accept": "*/*"}, unsigned=("accept",)).status, 200)


@case
def dates_off_by_more_than_fifteen_minutes_are_refused():
    now = time.time()
    for offset, good in ((-880, True), (880, True), (-920, False), (920, False)):
        answer = call("ListSecrets", {}, now=now + offset)
        equal(answer.status, 200 if good else 400)
        if not good:
            equal(answer.code, "InvalidSignatureException")
            assert "Signature expired" in answer.text or "not yet current" in answer.text
    refused(call("ListSecrets", {}, date="yesterday"), "IncompleteSignatureException")
    for code in ("RequestExpired", "SignatureDoesNotMatch", "RequestTimeTooSkewed"):
        control("clock", "3600", "--code", code)
        answer = call("ListSecrets", {})
        refused(answer, code)
    ahead = time.mktime(time.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    assert 3590 < ahead - time.time() < 3610
    equal(call("ListSecrets", {}, now=time.time() + 3600).status, 200)
    control("clock", "0", "--step", "3600")
    for step in (1, 2):
        refused(call("ListSecrets", {}, now=time.time() + (step - 1) * 3600), "InvalidSignatureException")
    equal(call("ListSecrets", {}, now=time.time() + 3 * 3600).status, 200)
    control("clear")


@case
def only_post_to_the_root_with_the_exact_type_is_taken():
    refused(call("ListSecrets", {}, headers={"Content-Type": "application/json"}), "UnknownOperationException", 404)
    refused(call("ListSecrets", {}, path="/x"), "UnknownOperationException", 404)
    refused(call("ListSecrets", {}, method="PUT"), "UnknownOperationException", 404)
    refused(call("ListSecrets", {}, headers={"X-Amz-Target": None}), "UnknownOperationException")
    refused(call("GetEverything", {}), "UnknownOperationException")
    for body in (b"", b"[]", b"{", b'{"SecretId":"a","SecretId":"b"}', b'{"Bogus":1}', b"\xff"):
        refused(call("GetSecretValue", body), "SerializationException")


@case
def parameters_are_checked():
    refused(call("GetSecretValue", {}), "ValidationException")
    refused(get(""), "ValidationException")
    refused(get("x" * 2049), "ValidationException")
    refused(get("has space"), "ValidationException")
    refused(get("a/b", VersionId="x" * 31), "ValidationException")
    refused(get("a/b", VersionId="x" * 65), "ValidationException")
    refused(get("a/b", VersionStage="x" * 257), "ValidationException")
    refused(call("GetSecretValue", {"SecretId": 7}), "SerializationException")
    refused(call("ListSecrets", {"MaxResults": 101}), "ValidationException")
    refused(call("ListSecrets", {"MaxResults": 0}), "ValidationException")
    refused(call("ListSecrets", {"MaxResults": True}), "SerializationException")
    refused(call("ListSecrets", {"Filters": [{"Key": "nothing", "Values": ["x"]}]}), "ValidationException")
    refused(call("ListSecrets", {"NextToken": "bm90aGluZw=="}), "InvalidNextTokenException")


@case
def stages_and_versions():
    first = control("put", "r", "--string", "one")
    second = control("rotate", "r", "--string", "two")
    equal(get("r").json["SecretString"], "two")
    equal(get("r", VersionStage="AWSPREVIOUS").json["SecretString"], "one")
    equal(get("r", VersionId=first).json["SecretString"], "one")
    pending = control("put", "r", "--string", "three", "--stage", "AWSPENDING")
    equal(get("r").json["VersionId"], second)
    equal(get("r", VersionStage="AWSPENDING").json["VersionId"], pending)
    control("stage", "r", "AWSCURRENT", pending)
    equal(get("r").json["SecretString"], "three")
    equal(get("r", VersionStage="AWSPREVIOUS").json["SecretString"], "two")
    equal(get("r", VersionId=pending, VersionStage="AWSPENDING").status, 200)
    refused(get("r", VersionId=first, VersionStage="AWSCURRENT"), "InvalidRequestException")
    refused(get("r", VersionStage="NONE"), "ResourceNotFoundException")
    refused(get("r", VersionId="0" * 36), "ResourceNotFoundException")
    described = call("DescribeSecret", {"SecretId": "r"}).json
    equal(described["VersionIdsToStages"], {second: ["AWSPREVIOUS"], pending: ["AWSCURRENT", "AWSPENDING"]})
    assert "RotationEnabled" not in described and "NextRotationDate" not in described
    control("rotate", "r", "--string", "four", "--next-rotation", "3600")
    described = call("DescribeSecret", {"SecretId": "r"}).json
    assert described["RotationEnabled"] and 3500 < described["NextRotationDate"] - time.time() < 3700
    control("rotate", "absent", "--string", "x", fails=True)


@case
def arns_whole_and_partial():
    control("put", "p/q", "--string", "v")
    control("put", "ends-abcdef", "--string", "w")
    arn = control("show", "p/q", "--arn")
    equal(get(arn).json["Name"], "p/q")
    equal(get(arn[:-7]).json["Name"], "p/q")
    equal(get(control("show", "ends-abcdef", "--arn")).json["Name"], "ends-abcdef")
    refused(get(control("show", "ends-abcdef", "--arn")[:-7]), "ResourceNotFoundException")
    refused(get(arn.rpartition(":")[2]), "ResourceNotFoundException")
    refused(get(arn.replace("us-east-1", "eu-west-1")), "ResourceNotFoundException")


@case
def deleted_secrets_are_no_missing_ones():
    control("put", "gone", "--string", "v")
    control("delete", "gone")
    answer = get("gone")
    refused(answer, "InvalidRequestException")
    assert "marked for deletion" in answer.text
    named = [{"Key": "name", "Values": ["gone"]}]
    equal(call("ListSecrets", {"Filters": named}).json["SecretList"], [])
    listed = call("ListSecrets", {"Filters": named, "IncludePlannedDeletion": True}).json["SecretList"]
    assert listed[0]["DeletedDate"] > 0 and call("DescribeSecret", {"SecretId": "gone"}).json["DeletedDate"] > 0
    control("restore", "gone")
    equal(get("gone").status, 200)
    control("delete", "gone", "--listed")
    refused(get("gone"), "ResourceNotFoundException")
    equal([s["Name"] for s in call("ListSecrets", {"Filters": named}).json["SecretList"]], ["gone"])
    equal(batch(Filters=named).json["Errors"][0]["ErrorCode"], "ResourceNotFoundException")
    control("delete", "gone", "--now")
    refused(get("gone"), "ResourceNotFoundException")
    equal(call("ListSecrets", {"Filters": named}).json["SecretList"], [])


def listed_names(**body):
    names, pages = [], 0
    while True:
        answer = call("ListSecrets", body)
        equal(answer.status, 200)
        names += [entry["Name"] for entry in answer.json["SecretList"]]
        pages += 1
        if "NextToken" not in answer.json:
            return names, pages
        body["NextToken"] = answer.json["NextToken"]


def load_many(count):
    text = json.dumps({"many/%03d" % i: {"text": "value %d" % i, "tags": {"n": str(i % 2)}} for i in range(count)})
    control("load", "-", data=text.encode())


@case
def lists_come_in_pages():
    load_many(105)
    only = [{"Key": "name", "Values": ["many/"]}]
    wanted = ["many/%03d" % i for i in range(105)]
    for body, pages in (({}, 2), ({"MaxResults": 10}, 11), ({"MaxResults": 100}, 2)):
        found = listed_names(Filters=only, **body)
        equal((sorted(found[0]), found[1]), (wanted, pages))
    assert found[0] != wanted
    control("paging", "--limit", "50", "--empty")
    found = listed_names(Filters=only)
    equal((sorted(found[0]), found[1]), (wanted, 6))
    control("clear")
    token = call("ListSecrets", {"Filters": only, "MaxResults": 5}).json["NextToken"]
    refused(call("ListSecrets", {"NextToken": token}), "InvalidNextTokenException")


@case
def filters_are_case_sensitive_prefixes():
    control("put", "f/one", "--string", "1", "--tag", "Env=Prod", "--description", "First of two")
    control("put", "F/two", "--string", "2", "--tag", "Env=prod-eu")
    control("put", "g/f/one", "--string", "3")

    def names(*filters):
        return sorted(listed_names(Filters=[{"Key": k, "Values": v} for k, *v in filters])[0])

    equal(names(("name", "f/")), ["f/one"])
    equal(names(("name", "f/", "F/")), ["F/two", "f/one"])
    equal(names(("tag-key", "Env")), ["F/two", "f/one"])
    equal(names(("tag-key", "Env"), ("tag-value", "Prod")), ["f/one"])
    equal(names(("tag-key", "Env"), ("name", "!f/")), ["F/two"])
    equal(names(("description", "first")), ["f/one"])
    assert "many/000" in names(("name", "!f/")) and "f/one" not in names(("name", "!f/"))


def batch(**body):
    return call("BatchGetSecretValue", body)


@case
def batches_and_their_limits():
    ids = ["many/%03d" % i for i in range(20)]
    answer = batch(SecretIdList=ids)
    equal(sorted(v["Name"] for v in answer.json["SecretValues"]), ids)
    assert [v["Name"] for v in answer.json["SecretValues"]] != ids
    equal(answer.json["Errors"], [])
    refused(batch(SecretIdList=ids + ["many/020"]), "ValidationException")
    refused(batch(SecretIdList=[]), "ValidationException")
    refused(batch(), "InvalidParameterException")
    only = [{"Key": "name", "Values": ["many/"]}]
    refused(batch(SecretIdList=ids, Filters=only), "InvalidParameterException")
    refused(batch(SecretIdList=ids, MaxResults=5), "InvalidParameterException")
    refused(batch(Filters=only, MaxResults=21), "ValidationException")


@case
def batches_report_errors_inside_a_200():
    control("put", "del", "--string", "x")
    control("delete", "del")
    answer = batch(SecretIdList=["many/001", "absent", "del"])
    equal(answer.status, 200)
    equal({e["SecretId"]: e["ErrorCode"] for e in answer.json["Errors"]},
          {"absent": "ResourceNotFoundException", "del": "InvalidRequestException"})
    equal(len(answer.json["SecretValues"]), 1)
    control("fault", "item", "--secret", "many/001", "--code", "DecryptionFailure")
    equal(batch(SecretIdList=["many/001"]).json["Errors"][0]["ErrorCode"], "DecryptionFailure")
    equal(batch(SecretIdList=["many/001"]).json["Errors"], [])


@case
def batches_by_filter_come_in_pages():
    body, found = {"Filters": [{"Key": "name", "Values": ["many/"]}]}, []
    while True:
        answer = batch(**body).json
        found += [v["Name"] for v in answer["SecretValues"]]
        if "NextToken" not in answer:
            break
        body["NextToken"] = answer["NextToken"]
    equal(sorted(found), ["many/%03d" % i for i in range(105)])


@case
def denials_name_action_and_resource():
    control("deny", "GetSecretValue", "f/one")
    answer = get("f/one")
    refused(answer, "AccessDeniedException")
    arn = control("show", "f/one", "--arn")
    for part in ("User: arn:aws:iam::", "is not authorized to perform: secretsmanager:GetSecretValue on resource: " + arn,
                 "because no identity-based policy allows the secretsmanager:GetSecretValue action"):
        assert part in answer.text, answer.text
    equal(get("a/b").status, 200)
    equal(batch(SecretIdList=["f/one"]).json["Errors"][0]["ErrorCode"], "AccessDeniedException")
    control("deny", "BatchGetSecretValue")
    refused(batch(SecretIdList=["a/b"]), "AccessDeniedException")
    control("allow")
    equal(get("f/one").status, 200)


@case
def a_policy_allows_what_it_says_and_no_more():
    statements = [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
                   "Resource": [control("show", "a/b", "--arn")]}]
    control("policy", "-", data=json.dumps({"Version": "2012-10-17", "Statement": statements}).encode())
    equal(get("a/b").status, 200)
    refused(get("f/one"), "AccessDeniedException")
    refused(get("absent"), "AccessDeniedException")
    refused(call("DescribeSecret", {"SecretId": "a/b"}), "AccessDeniedException")
    refused(batch(SecretIdList=["a/b"]), "AccessDeniedException")
    refused(call("ListSecrets", {}), "AccessDeniedException")
    control("clear")


@case
def a_customer_key_needs_decrypt():
    control("put", "kms", "--string", "x", "--kms-key", "arn:aws:kms:us-east-1:123456789012:key/1")
    equal(get("kms").status, 200)
    control("deny", "kms:Decrypt")
    answer = get("kms")
    refused(answer, "AccessDeniedException")
    assert "KMS" in answer.text
    equal(get("a/b").status, 200)
    control("clear")


@case
def hostile_names_and_raw_bytes_are_passed_on():
    long = "l" * 300
    for name in ("../x", "/etc/passwd", "a//b", ".", long):
        control("put", name, "--string", "v")
        equal(get(name).json["Name"], name)
    control("put", "a b", "--string", "v", fails=True)
    control("name", "asked", "--string", "v", "--returned", "../../escape")
    equal(get("asked").json["Name"], "../../escape")
    control("name", "nul\\u0000\\n", "--escaped", "--string", "v")
    equal(get("nul\0\n").json["Name"], "nul\0\n")
    control("name", b"bad\xff".decode("utf-8", "surrogateescape"), "--string", "v")
    assert b'"bad\xff"' in call("ListSecrets", {"Filters": [{"Key": "name", "Values": ["bad"]}]}).bytes
    control("raw", "a/b", "--member", "SecretString", "--file", "-", data=b'"\\u0000" ')
    equal(get("a/b").json["SecretString"], "\0")
    control("raw", "a/b", "--file", "-", data=b"\x00\xffany")
    equal(get("a/b").bytes, b"\x00\xffany")
    control("raw", "a/b", "--off")
    equal(get("a/b").json["SecretString"], CANARY + "\n")


@case
def errors_and_throttles_on_request():
    control("fault", "error", "--count", "2", "--status", "503", "--code", "ServiceUnavailable",
            "--operation", "GetSecretValue", "--secret", "a/b", "--retry-after-ms", "70")
    control("fault", "throttle", "--operation", "GetSecretValue")
    equal(call("ListSecrets", {}).status, 200)
    answer = get(control("show", "a/b", "--arn"))
    refused(answer, "ServiceUnavailable", 503)
    equal(answer.headers["x-amz-retry-after"], "70")
    refused(get("f/one"), "ThrottlingException", 400)
    refused(get("a/b"), "ServiceUnavailable", 503)
    equal(get("a/b").status, 200)
    for status, code in (("429", "TooManyRequestsException"), ("503", "SlowDown")):
        control("fault", "throttle", "--status", status)
        refused(get("a/b"), code, int(status))
    control("fault", "error", "--after", "1")
    equal([get("a/b").status for _ in range(3)], [200, 500, 200])
    control("fault", "error", "--style", "none", "--status", "502")
    equal((lambda a: (a.status, a.bytes))(get("a/b")), (502, b""))
    control("fault", "error", "--style", "header", "--status", "400", "--code", "X")
    answer = get("a/b")
    assert answer.headers["x-amzn-ErrorType"].startswith("X:") and "__type" not in answer.json
    control("fault", "cut", "--where", "nowhere", fails=True)
    control("fault", "error", "--forever")
    equal([get("a/b").status for _ in range(3)], [500] * 3)
    control("clear")
    equal(get("a/b").status, 200)


@case
def a_bad_request_spends_no_fault():
    control("fault", "error")
    refused(call("GetSecretValue", {"SecretId": "a/b"}, key=(KEY[0], "wrong")), "InvalidSignatureException")
    refused(get("a/b"), "InternalServiceError", 500)


@case
def delays_and_dates():
    control("fault", "delay", "--seconds", "0.3")
    began = time.monotonic()
    equal(get("a/b").status, 200)
    assert 0.3 <= time.monotonic() - began < 3
    control("fault", "date", "--seconds=-7200")
    date = time.strptime(get("a/b").headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    assert 7190 < time.time() - (time.mktime(date) - time.timezone) < 7210


@case
def connections_are_cut_where_it_was_asked():
    for where in ("before", "headers", "body"):
        for more in ([], ["--reset"]):
            control("fault", "cut", "--where", where, *more)
            try:
                # http.client takes an end in the middle of the headers for the end of them.
                get("a/b").json
            except (http.client.HTTPException, OSError, ValueError):
                continue
            raise AssertionError("cut %s came through" % where)
    control("fault", "cut", "--where", "after")
    with contextlib.closing(connect()) as connection:
        equal(call("ListSecrets", {}, connection).status, 200)
        connection.auto_open = False
        try:
            call("ListSecrets", {}, connection)
        except (http.client.HTTPException, OSError):
            return
    raise AssertionError("the connection lived on")


@case
def garbage_comes_in_every_form():
    def spoilt(form, *more):
        control("fault", "garbage", "--form", form, *more)
        return get("a/b")

    try:
        spoilt("not-http")
        raise AssertionError("not-http was read as HTTP")
    except http.client.HTTPException:
        pass
    for form in ("truncated-json", "html", "empty", "trailing", "invalid-utf8"):
        try:
            spoilt(form).json
        except ValueError:
            continue
        raise AssertionError(form + " is JSON")
    equal(spoilt("content-type").headers["Content-Type"], "text/plain")
    assert len(spoilt("huge", "--bytes", "5000000").bytes) > 5000000
    equal(spoilt("wrong-types").json["SecretString"], 7)
    equal(spoilt("bad-base64").json["SecretBinary"][:3], "!!!")
    equal(spoilt("duplicate-keys").bytes.count(b'"SecretString":'), 2)
    answer = spoilt("redirect", "--location", "https://other.invalid/")
    equal((answer.status, answer.headers["Location"]), (307, "https://other.invalid/"))
    assert isinstance(spoilt("not-object").json, list)
    assert spoilt("deep").bytes.endswith(b"]}")
    for form in "chunked", "trailers":
        answer = spoilt(form)
        equal((answer.json["SecretString"], answer.headers["Content-Length"]), (CANARY + "\n", None))
    equal(spoilt("given", "--text", '{"a": 1}').json, {"a": 1})
    control("fault", "garbage", "--form", "given", fails=True)
    control("fault", "garbage", "--form", "none", fails=True)
    control("fault", "trickle", "--bytes-per-second", "2000")
    equal(get("a/b").status, 200)


@case
def connections_are_kept_alive_and_numbered():
    control("clear", "requests")
    with contextlib.closing(connect()) as connection:
        for _ in range(3):
            equal(call("GetSecretValue", {"SecretId": "a/b"}, connection).status, 200)
    get("f/one")
    entries = [json.loads(line) for line in control("requests").splitlines()]
    equal([entry["ordinal"] for entry in entries], [1, 2, 3, 1])
    equal(control("requests", "--connections"), "2")
    equal(control("requests", "--count", "GetSecretValue"), "4")
    equal(control("requests", "--count", "ListSecrets"), "0")
    equal(entries[0]["signed_headers"], ["content-type", "host", "x-amz-date", "x-amz-target"])
    equal(entries[0]["body"], {"SecretId": "a/b"})


@case
def many_connections_at_once():
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: get("many/%03d" % (i % 100)), range(200)))
    for i, answer in enumerate(answers):
        equal(answer.json["SecretString"], "value %d" % (i % 100))


@case
def plain_http_listens_too():
    plain = control("address", "http")
    kept, here.url = here.url, plain
    try:
        equal(get("a/b").status, 200)
    finally:
        here.url = kept


@case
def no_client_trusts_it_without_its_authority():
    context = ssl.create_default_context()
    parts = urllib.parse.urlsplit(here.url)
    try:
        with socket.create_connection((parts.hostname, parts.port)) as plain:
            context.wrap_socket(plain, server_hostname=parts.hostname)
        raise AssertionError("trusted without its authority")
    except ssl.SSLCertVerificationError:
        pass


@case
def bad_certificates_can_be_served():
    for kind in ("expired", "wrong-host", "unknown-authority"):
        with served("--certificate", kind) as (where, process):
            parts = urllib.parse.urlsplit(read(os.path.join(where, "address")))
            context = ssl.create_default_context(cafile=os.path.join(where, "ca.pem"))
            try:
                with socket.create_connection((parts.hostname, parts.port)) as plain:
                    context.wrap_socket(plain, server_hostname=parts.hostname)
                raise AssertionError(kind + " was trusted")
            except ssl.SSLCertVerificationError:
                pass


@case
def regions_are_worlds_apart():
    control("put", "a/b", "--region", "eu-west-1", "--string", "europe")
    answer = call("GetSecretValue", {"SecretId": "a/b"}, region="eu-west-1")
    equal(answer.json["SecretString"], "europe")
    assert ":eu-west-1:" in answer.json["ARN"]
    equal(get("a/b").json["SecretString"], CANARY + "\n")
    control("fault", "error", "--region", "us-east-1")
    equal(call("GetSecretValue", {"SecretId": "a/b"}, region="eu-west-1").status, 200)
    equal(get("a/b").status, 500)


@case
def the_server_ends_on_sigterm_and_with_its_parent():
    with served() as (where, process):
        process.send_signal(signal.SIGTERM)
        equal(process.wait(5), 0)
        assert not os.path.exists(os.path.join(where, "address"))
    parent = subprocess.Popen(["sleep", "100"])
    with served("--parent", str(parent.pid)) as (where, process):
        parent.kill()
        parent.wait()
        equal(process.wait(5), 0)


@case
def curl_signs_as_the_server_wants():
    curl = shutil.which("curl")
    if curl is None or "--aws-sigv4" not in subprocess.run(
            [curl, "--help", "all"], stdout=subprocess.PIPE, text=True).stdout:
        raise Skip("no curl with --aws-sigv4")
    control("key", "ASIACURL", "a:b/c+d", "--session-token", "to/k=en")
    for key, extra in ((KEY, []), (("ASIACURL", "a:b/c+d"), ["-H", "X-Amz-Security-Token: to/k=en"])):
        done = subprocess.run(
            [curl, "-sS", "--cacert", os.path.join(here.directory, "ca.pem"), "--aws-sigv4",
             "aws:amz:us-east-1:secretsmanager", "--user", ":".join(key),
             "-H", "Content-Type: application/x-amz-json-1.1",
             "-H", "X-Amz-Target: secretsmanager.GetSecretValue"] + extra +
            ["--data-binary", '{"SecretId":"a/b"}', here.url + "/"], stdout=subprocess.PIPE)
        equal(json.loads(done.stdout).get("SecretString"), CANARY + "\n")
        equal(json.loads(control("requests").splitlines()[-1])["signed_headers"],
              ["content-type", "host", "x-amz-date"] + (["x-amz-security-token"] if extra else []) + ["x-amz-target"])


@case
def botocore_signs_as_the_server_wants():
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise Skip("no python3-botocore")
    control("key", "ASIABOTO", "s/e+c", "--session-token", "to+k/en==")
    for body in (b'{"SecretId":"a/b"}', '{"SecretId":"a/b", "VersionStage":"AWSCURRENT"}'.encode()):
        for credentials in (Credentials(*KEY), Credentials("ASIABOTO", "s/e+c", "to+k/en==")):
            request = AWSRequest("POST", here.url + "/", {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "secretsmanager.GetSecretValue"}, body)
            SigV4Auth(credentials, "secretsmanager", "us-east-1").add_auth(request)
            with contextlib.closing(connect()) as connection:
                connection.request("POST", "/", body, dict(request.headers))
                equal(Answer(connection.getresponse()).json["SecretString"], CANARY + "\n")


@case
def botocore_as_a_client_understands_the_answers():
    try:
        import botocore.config
        import botocore.exceptions
        import botocore.session
    except ImportError:
        raise Skip("no python3-botocore")
    client = botocore.session.Session().create_client(
        "secretsmanager", region_name="us-east-1", endpoint_url=here.url, verify=os.path.join(here.directory, "ca.pem"),
        aws_access_key_id=KEY[0], aws_secret_access_key=KEY[1],
        config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 3}))
    answer = client.get_secret_value(SecretId="a/b")
    equal(answer["SecretString"], CANARY + "\n")
    equal(answer["CreatedDate"].year, time.gmtime().tm_year)
    equal(client.get_secret_value(SecretId="bin")["SecretBinary"], bytes(range(256)))
    pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": ["many/"]}])
    equal(sum(len(page["SecretList"]) for page in pages), 105)
    for name, code in (("absent", "ResourceNotFoundException"), ("del", "InvalidRequestException")):
        try:
            client.get_secret_value(SecretId=name)
            raise AssertionError(name + " has a value")
        except botocore.exceptions.ClientError as error:
            equal(error.response["Error"]["Code"], code)
            assert error.response["Error"]["Message"] and error.response["ResponseMetadata"]["RequestId"]
    # A throttle that is a 400 must be known as one, and tried again.
    control("fault", "throttle")
    control("clear", "requests")
    equal(client.get_secret_value(SecretId="a/b")["SecretString"], CANARY + "\n")
    equal(control("requests", "--count", "GetSecretValue"), "2")


def aws_cli(*arguments):
    programs = [p for p in ("/usr/bin/aws", shutil.which("aws")) if p and os.path.exists(p)]
    if not programs:
        raise Skip("no AWS CLI")
    environment = {"PATH": os.environ["PATH"], "HOME": here.directory, "AWS_ACCESS_KEY_ID": KEY[0],
                   "AWS_SECRET_ACCESS_KEY": KEY[1], "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_EC2_METADATA_DISABLED": "true"}
    for program in dict.fromkeys(programs):
        yield subprocess.run(
            [program, "--endpoint-url", here.url, "--ca-bundle", os.path.join(here.directory, "ca.pem"), "--output", "json",
             "secretsmanager"] + list(arguments), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@case
def the_aws_cli_works():
    for done in aws_cli("get-secret-value", "--secret-id", "a/b"):
        equal((done.returncode, done.stderr), (0, b""))
        equal(json.loads(done.stdout)["SecretString"], CANARY + "\n")
    for done in aws_cli("list-secrets", "--filters", "Key=name,Values=many/"):
        equal(len(json.loads(done.stdout)["SecretList"]), 105)
    for done in aws_cli("get-secret-value", "--secret-id", "absent"):
        assert b"(ResourceNotFoundException)" in done.stderr, done.stderr


@case
def the_aws_cli_batches():
    known = False
    for done in aws_cli("batch-get-secret-value", "--secret-id-list", "a/b", "f/one", "absent"):
        if b"Invalid choice" in done.stderr or b"invalid choice" in done.stderr:
            continue
        known = True
        answer = json.loads(done.stdout)
        equal(sorted(v["Name"] for v in answer["SecretValues"]), ["a/b", "f/one"])
        equal(answer["Errors"][0]["ErrorCode"], "ResourceNotFoundException")
    if not known:
        raise Skip("the AWS CLI here does not know batch-get-secret-value")


@case
def no_value_is_in_the_log_nor_in_any_file():
    for where, _, files in os.walk(here.directory):
        for name in files:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                assert CANARY.encode() not in open(path, "rb").read(), path
    equal(os.stat(os.path.join(here.directory, "control")).st_mode & 0o777, 0o600)
    assert not any(name.endswith(".key") for _, _, files in os.walk(here.directory) for name in files)
