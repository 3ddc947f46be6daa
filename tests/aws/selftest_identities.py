# SPDX-License-Identifier: ISC
"""Cases: credentials and where they come from, parameters, and what a test can count."""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree

from selftest_tools import (HERE, KEY, Answer, Skip, call, case, connect, control, equal, get, here, read, refused, sign)

FORM = "application/x-www-form-urlencoded"
ROLE = "arn:aws:iam::123456789012:role/app"
given_out = []  # secret keys and tokens, none of which may be in any file


# Asking


def ask(base, method, path, headers=None, body=None):
    with contextlib.closing(connect(base)) as connection:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())


def address(listener):
    return read(os.path.join(here.directory, "address." + listener))


def sts(action, signed=True, data=None, headers=None, method="POST", path="/", version="2011-06-15", **members):
    """Asked for; members of the XML answer by name, whatever they are in."""
    body = data or urllib.parse.urlencode(dict({"Action": action, "Version": version}, **{
        n: v for n, v in members.items() if n[0].isupper()})).encode()
    plain = dict({"Content-Type": FORM}, **(headers or {}))
    signing = {n: v for n, v in members.items() if n[0].islower()}
    answer = ask(None, method, path, sign(body, plain, service="sts", **signing) if signed else plain, body)
    equal(answer.headers["Content-Type"], "text/xml")
    answer.members = {element.tag.partition("}")[2]: element.text
                      for element in xml.etree.ElementTree.fromstring(answer.bytes).iter()}
    given_out.extend(answer.members[n] for n in ("SecretAccessKey", "SessionToken") if n in answer.members)
    return answer


def assume(role=ROLE, name="session", **more):
    return sts("AssumeRole", RoleArn=role, RoleSessionName=name, **more)


def web(token, role=ROLE, **more):
    return sts("AssumeRoleWithWebIdentity", signed=False, RoleArn=role, RoleSessionName="pod", WebIdentityToken=token,
               **more)


def denied(answer, code, status):
    equal((answer.members.get("Code"), answer.status), (code, status))
    assert answer.members["RequestId"] == answer.headers["x-amzn-RequestId"]


def signing(members):
    """The arguments of call() that sign with what was given out."""
    names = {n.lower(): v for n, v in members.items()}
    given_out.extend((names["secretaccesskey"], names.get("sessiontoken") or names["token"]))
    return {"key": (names["accesskeyid"], names["secretaccesskey"]),
            "token": names.get("sessiontoken") or names["token"]}


def use(members):
    return call("GetSecretValue", {"SecretId": "id/secret"}, **signing(members))


def works(members):
    equal(use(members).status, 200)


def seconds_left(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()


def close_to(found, wanted):
    assert wanted - 60 < found < wanted + 60, (found, wanted)


# What a test can do to regions and keys, and count


@case
def a_key_can_be_told_once_that_it_expired():
    control("put", "id/secret", "--string", "v")
    control("key", "ASIAONCE", "s", "--session-token", "t")
    control("fault", "expired", "--key", "ASIAONCE")
    equal(get("id/secret").status, 200)
    answer = call("ListSecrets", {}, key=("ASIAONCE", "s"), token="t")
    refused(answer, "ExpiredTokenException")
    equal(answer.text, "The security token included in the request is expired")
    equal(call("ListSecrets", {}, key=("ASIAONCE", "s"), token="t").status, 200)


@case
def a_region_has_a_port_that_can_be_shut():
    def at(region, scope):
        kept, here.url = here.url, address(region)
        try:
            return call("GetSecretValue", {"SecretId": "two"}, region=scope)
        finally:
            here.url = kept

    versions = [control("put", "two", "--region", region, "--string", region) for region in ("us-east-1", "eu-west-1")]
    assert versions[0] != versions[1]
    equal(at("us-east-1", "us-east-1").json["SecretString"], "us-east-1")
    equal(at("eu-west-1", "eu-west-1").json["VersionId"], versions[1])
    refused(at("eu-west-1", "us-east-1"), "InvalidSignatureException")
    control("listener", "us-east-1", "--off")
    for _ in range(2):
        try:
            at("us-east-1", "us-east-1")
            raise AssertionError("a shut port took a connection")
        except ConnectionRefusedError:
            pass
    equal(at("eu-west-1", "eu-west-1").status, 200)
    equal(get("two").status, 200)
    control("listener", "us-east-1", "--on")
    equal(at("us-east-1", "us-east-1").status, 200)
    control("listener", "nowhere", "--off", fails=True)
    for fault in (("error", "--status", "503"), ("cut", "--where", "never")):
        control("fault", *fault, "--region", "us-east-1", "--forever")
        equal(at("eu-west-1", "eu-west-1").status, 200)
        with contextlib.closing(connect()) as connection:
            connection.timeout = 0.3
            try:
                equal(call("GetSecretValue", {"SecretId": "two"}, connection).status, 503)
            except socket.timeout:
                equal(fault[0], "cut")
        control("clear")


@case
def a_delay_keeps_nobody_else_waiting_and_the_log_counts():
    control("clear", "requests")
    control("fault", "delay", "--seconds", "0.5", "--forever", "--operation", "GetSecretValue")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(get, "id/secret") for _ in range(8)]
        began = time.monotonic()
        equal(call("ListSecrets", {}).status, 200)
        assert time.monotonic() - began < 0.5
        equal([future.result().status for future in waiting], [200] * 8)
    control("clear")
    equal(control("requests", "--count", "GetSecretValue"), "8")
    equal(control("requests", "--count", "GetSecretValue", "--connections"), "8")
    assert int(control("requests", "--at-once")) in (8, 9)
    control("clear", "requests")
    equal([get("id/secret").status for _ in range(3)], [200] * 3)
    equal(control("requests", "--at-once"), "1")
    equal([control("requests", "--count", "--service", service) for service in ("secretsmanager", "ssm")], ["3", "0"])


# STS


@case
def an_assumed_role_signs():
    control("role", "app")
    answer = assume(DurationSeconds=1800)
    equal(answer.status, 200)
    close_to(seconds_left(answer.members["Expiration"]), 1800)
    arn = "arn:aws:sts::123456789012:assumed-role/app/session"
    equal(answer.members["Arn"], arn)
    works(answer.members)
    close_to(seconds_left(assume().members["Expiration"]), 3600)
    signed = signing(answer.members)
    caller = sts("GetCallerIdentity", **signed).members
    equal((caller["Arn"], caller["Account"], caller["UserId"]), (arn, "123456789012", answer.members["AssumedRoleId"]))
    refused(call("ListSecrets", {}, key=signed["key"]), "UnrecognizedClientException")
    refused(call("ListSecrets", {}, key=signed["key"], token=signed["token"] + "x"), "UnrecognizedClientException")
    control("deny", "ListSecrets", "--key", "arn:aws:sts::*:assumed-role/app/*")
    refused(call("ListSecrets", {}, **signed), "AccessDeniedException")
    equal(call("ListSecrets", {}).status, 200)
    control("clear")


@case
def parameters_of_roles_are_checked():
    for wrong in ({"DurationSeconds": 899}, {"DurationSeconds": 43201}, {"ExternalId": "x"}, {"name": "x"},
                  {"name": "with space"}, {"name": "n" * 65}, {"role": "arn:aws:iam::1:role/a"}, {"role": "r" * 19}):
        denied(assume(**wrong), "ValidationError", 400)
    denied(sts("AssumeRole", RoleArn=ROLE), "ValidationError", 400)
    denied(assume(DurationSeconds="1e3"), "MalformedInput", 400)
    denied(assume(Policy="{}"), "MalformedInput", 400)
    denied(sts("AssumeEverything"), "InvalidAction", 400)
    denied(assume(version="2010-01-01"), "InvalidAction", 400)
    denied(sts("", data=b"Version=2011-06-15"), "MissingAction", 400)
    denied(sts("", data=b"Action=GetCallerIdentity&Action=GetCallerIdentity&Version=2011-06-15"),
           "MalformedQueryString", 400)
    denied(sts("", data=b"Action"), "MalformedQueryString", 400)
    for wrong in ({"method": "PUT"}, {"path": "/?Action=GetCallerIdentity"},
                  {"headers": {"Content-Type": "application/json"}}):
        denied(sts("GetCallerIdentity", **wrong), "UnknownOperationException", 404)
    equal(sts("GetCallerIdentity", headers={"Content-Type": FORM + "; charset=utf-8"}).status, 200)


@case
def roles_trust_whom_they_are_told_to():
    denied(assume("arn:aws:iam::123456789012:role/none"), "AccessDenied", 403)
    control("role", "app", "--external-id", "agreed")
    answer = assume()
    denied(answer, "AccessDenied", 403)
    equal(answer.members["Message"], "User: arn:aws:iam::123456789012:user/akidexample is not authorized to perform: "
          "sts:AssumeRole on resource: " + ROLE)
    denied(assume(ExternalId="other"), "AccessDenied", 403)
    equal(assume(ExternalId="agreed").status, 200)
    control("role", "app", "--trusts", "arn:aws:sts::*:assumed-role/first/*")
    control("role", "first")
    denied(assume(), "AccessDenied", 403)
    first = signing(assume("arn:aws:iam::123456789012:role/first").members)
    equal(assume(**first).status, 200)
    denied(assume(DurationSeconds=3601, **first), "ValidationError", 400)
    control("role", "first", "--longest", "3600")
    denied(assume("arn:aws:iam::123456789012:role/first", DurationSeconds=3601), "ValidationError", 400)
    control("deny", "sts:AssumeRole", ROLE)
    denied(assume(**first), "AccessDenied", 403)
    control("clear")
    control("role", "app", "--remove")
    denied(assume(**first), "AccessDenied", 403)


@case
def the_query_protocol_has_its_own_names_for_errors():
    denied(sts("GetCallerIdentity", key=(KEY[0], "wrong")), "SignatureDoesNotMatch", 403)
    denied(sts("GetCallerIdentity", key=("AKIDNOBODY", "x")), "InvalidClientTokenId", 403)
    denied(sts("GetCallerIdentity", signed=False), "MissingAuthenticationToken", 403)
    control("clock", "3600")
    answer = sts("GetCallerIdentity")
    denied(answer, "SignatureDoesNotMatch", 403)
    assert answer.members["Message"].startswith("Signature expired: ")
    control("clear")
    control("fault", "expired", "--service", "sts")
    denied(sts("GetCallerIdentity"), "ExpiredToken", 403)
    control("fault", "throttle", "--service", "sts")
    denied(sts("GetCallerIdentity"), "Throttling", 400)
    control("fault", "error", "--service", "sts", "--code", "InternalFailure")
    answer = sts("GetCallerIdentity")
    denied(answer, "InternalFailure", 500)
    equal(answer.members["Type"], "Receiver")
    control("fault", "garbage", "--form", "entities")
    assert ask(None, "POST", "/", sign(b"Action=GetCallerIdentity&Version=2011-06-15", {"Content-Type": FORM},
                                       service="sts"), b"Action=GetCallerIdentity&Version=2011-06-15").bytes.startswith(
        b"<!DOCTYPE")


@case
def credentials_end_when_they_are_told_to():
    control("role", "app", "--lifetime", "0")
    answer = assume()
    close_to(seconds_left(answer.members["Expiration"]), 0)
    refused(use(answer.members), "ExpiredTokenException")
    control("role", "app", "--valid", "0")
    answer = assume()
    close_to(seconds_left(answer.members["Expiration"]), 3600)
    refused(use(answer.members), "ExpiredTokenException")
    control("role", "app")
    one, two = assume().members, assume().members
    works(one)
    control("expire", one["AccessKeyId"])
    refused(use(one), "ExpiredTokenException")
    works(two)
    control("clock", "3601")
    refused(call("ListSecrets", {}, now=time.time() + 3601, **signing(two)), "ExpiredTokenException")
    control("clear")
    works(two)
    control("expire")
    refused(use(two), "ExpiredTokenException")
    equal(get("id/secret").status, 200)


@case
def a_web_identity_needs_no_signature():
    def known(token, *more):
        control("web-identity", "-", *more, data=token.encode())

    control("role", "app", "--web-identity")
    known("eyJ.old.x")
    answer = web("eyJ.old.x", DurationSeconds=900)
    equal((answer.status, answer.members["Audience"]), (200, "sts.amazonaws.com"))
    equal(answer.members["Arn"], "arn:aws:sts::123456789012:assumed-role/app/pod")
    works(answer.members)
    known("eyJ.old.x", "--expired")
    known("eyJ.new.x")
    answer = web("eyJ.old.x")
    denied(answer, "ExpiredTokenException", 400)
    assert answer.members["Message"].startswith("Token expired: current date/time ")
    equal(web("eyJ.new.x").status, 200)
    denied(web("eyJ.new.x\n"), "InvalidIdentityToken", 400)
    denied(web("eyJ.bad.x"), "InvalidIdentityToken", 400)
    denied(web("x" * 20001), "ValidationError", 400)
    denied(web("eyJ.new.x", ExternalId="agreed"), "MalformedInput", 400)
    control("role", "app")
    answer = web("eyJ.new.x")
    denied(answer, "AccessDenied", 403)
    equal(answer.members["Message"], "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    control("fault", "error", "--operation", "AssumeRoleWithWebIdentity", "--code", "IDPCommunicationError",
            "--status", "400")
    denied(web("eyJ.new.x"), "IDPCommunicationError", 400)
    given_out.append("eyJ.")


# SSO


def portal(token, role="admin", account="123456789012", **more):
    headers = {"x-amz-sso_bearer_token": token} if token else {}
    query = urllib.parse.urlencode({n: v for n, v in dict(more, role_name=role, account_id=account).items() if v})
    return ask(None, "GET", "/federation/credentials?" + query, headers)


def create_token(refresh, client="client", secret="s3cret", grant="refresh_token", kind="application/json", **more):
    body = dict({"clientId": client, "clientSecret": secret, "grantType": grant, "refreshToken": refresh}, **more)
    return ask(None, "POST", "/token", {"Content-Type": kind},
               json.dumps({n: v for n, v in body.items() if v is not None}))


@case
def the_sso_portal_gives_a_roles_credentials():
    control("sso-token", "bearer-token")
    control("sso-role", "123456789012", "admin")
    answer = portal("bearer-token")
    equal((answer.status, answer.headers["Content-Type"]), (200, "application/json"))
    members = answer.json["roleCredentials"]
    close_to(members["expiration"] / 1000 - time.time(), 3600)
    works(members)
    for token in ("other", None):
        answer = portal(token)
        refused(answer, "UnauthorizedException", 401)
        equal(answer.text, "Session token not found or invalid")
    refused(portal("bearer-token", "other"), "ForbiddenException", 403)
    refused(portal("bearer-token", account="210987654321"), "ForbiddenException", 403)
    for wrong in ({"account": "12"}, {"account": None}, {"role": None}, {"extra": "x"}):
        refused(portal("bearer-token", **wrong), "InvalidRequestException", 400)
    control("fault", "throttle", "--service", "sso")
    refused(portal("bearer-token"), "TooManyRequestsException", 429)
    equal(ask(None, "POST", "/federation/credentials").status, 405)
    control("sso-role", "123456789012", "admin", "--lifetime", "0")
    refused(use(portal("bearer-token").json["roleCredentials"]), "ExpiredTokenException")
    control("sso-token", "bearer-token", "--expired")
    refused(portal("bearer-token"), "UnauthorizedException", 401)


@case
def a_refresh_token_is_good_once():
    def wrong(answer, code, error, status=400):
        equal((answer.status, answer.headers["x-amzn-ErrorType"], answer.json["error"]), (status, code, error))

    control("sso-role", "123456789012", "admin")
    control("sso-client", "client", "s3cret", "refresh-1", "--lifetime", "600")
    answer = create_token("refresh-1")
    equal((answer.status, answer.json["tokenType"], answer.json["expiresIn"]), (200, "Bearer", 600))
    equal(portal(answer.json["accessToken"]).status, 200)
    wrong(create_token("refresh-1"), "InvalidGrantException", "invalid_grant")
    equal(create_token(answer.json["refreshToken"]).status, 200)
    given_out.extend((answer.json["accessToken"], answer.json["refreshToken"], "s3cret"))
    control("sso-client", "client", "s3cret", "refresh-2", "--keep", "--lifetime", "0")
    equal(create_token("refresh-2").json["refreshToken"], "refresh-2")
    refused(portal(create_token("refresh-2").json["accessToken"]), "UnauthorizedException", 401)
    wrong(create_token("refresh-2", secret="wrong"), "InvalidClientException", "invalid_client", 401)
    wrong(create_token("refresh-2", client="other"), "InvalidClientException", "invalid_client", 401)
    wrong(create_token("refresh-2", grant="password"), "UnsupportedGrantTypeException", "unsupported_grant_type")
    wrong(create_token(None), "InvalidRequestException", "invalid_request")
    wrong(create_token("refresh-2", extra="x"), "InvalidRequestException", "invalid_request")
    equal(create_token("refresh-2", kind="text/plain").status, 415)
    control("sso-client", "client", "s3cret", "refresh-3", "--expired")
    wrong(create_token("refresh-3"), "ExpiredTokenException", "expired_token")
    control("sso-client", "client", "s3cret", "refresh-4", "--registration-expired")
    wrong(create_token("refresh-4"), "InvalidClientException", "invalid_client", 401)


# Containers


@case
def a_container_of_ecs_gets_credentials_at_its_path():
    base = address("container")
    control("container", "/v2/credentials/1?x=y", "--role", "task")
    answer = ask(base, "GET", "/v2/credentials/1?x=y")
    equal((answer.status, answer.json["RoleArn"]), (200, "arn:aws:iam::123456789012:role/task"))
    close_to(seconds_left(answer.json["Expiration"]), 3600)
    works(answer.json)
    for path, code in (("/v2/credentials/1", "InvalidIdInRequest"), ("/v2/credentials/", "NoIdInRequest")):
        answer = ask(base, "GET", path)
        equal((answer.status, answer.json["code"], answer.json["HTTPErrorCode"]), (400, code, 400))
    equal(ask(base, "GET", "/other").status, 404)
    equal(ask(base, "POST", "/v2/credentials/1?x=y").status, 405)
    control("container", "/v2/credentials/1?x=y", "--uninitialized")
    answer = ask(base, "GET", "/v2/credentials/1?x=y")
    equal((answer.status, answer.json["code"]), (503, "CredentialsUninitialized"))


@case
def a_pod_brings_the_token_of_now():
    def brings(token):
        return ask(base, "GET", "/v1/credentials", {"Authorization": token} if token else {})

    base = address("container")
    control("container", "/v1/credentials", "--token-file", "-", data=b"pod-token-1")
    answer = brings("pod-token-1")
    equal((answer.status, answer.json["AccountId"]), (200, "123456789012"))
    works(answer.json)
    for token, text in ((None, "Service account token cannot be empty\n"),
                        ("Bearer pod-token-1", "(InvalidTokenException): ")):
        answer = brings(token)
        equal((answer.status, answer.headers["Content-Type"]), (400, "text/plain; charset=utf-8"))
        assert text in answer.bytes.decode(), answer.bytes
    control("container", "/v1/credentials", "--token-file", "-", data=b"pod-token-2")
    assert b"(ExpiredTokenException): Token provided in the request is expired" in brings("pod-token-1").bytes
    for base in (address("container-https"), base):
        equal(brings("pod-token-2").status, 200)
    control("fault", "error", "--service", "container", "--status", "500")
    equal(brings("pod-token-2").status, 500)
    control("container", "/v1/credentials", "--remove")
    equal(brings("pod-token-2").status, 404)
    given_out.append("pod-token")


# IMDS

ROOT = "/latest/meta-data/"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"


def metadata(path, token=None, method="GET", **headers):
    headers = dict({"X-aws-ec2-metadata-token": token} if token else {}, **headers)
    return ask(address("imds"), method, path, headers)


def session(seconds="21600", **headers):
    answer = metadata("/latest/api/token", method="PUT", **dict({TTL: seconds} if seconds else {}, **headers))
    if answer.status == 200:
        equal(answer.headers[TTL], seconds)
    return answer.status, answer.bytes.decode()


@case
def instance_metadata_demands_a_token():
    control("imds")
    status, token = session()
    equal(status, 200)
    equal(metadata(ROOT + "placement/region", token).bytes, b"us-east-1")
    for wrong in (None, "bogus"):
        equal(metadata(ROOT + "placement/region", wrong).status, 401)
    for seconds in (None, "0", "21601", "-1", "x"):
        equal(session(seconds)[0], 400)
    equal(session("1")[0], 200)
    equal(metadata(ROOT + "nothing", token).status, 404)
    equal(metadata(ROOT + "placement/region", token, "POST").status, 405)
    equal(session(**{"X-Forwarded-For": "10.0.0.1"})[0], 403)
    equal(metadata(ROOT + "placement/region", token, **{"X-Forwarded-For": "10.0.0.1"}).status, 403)
    control("clock", "21601")
    equal(metadata(ROOT + "placement/region", token).status, 401)
    control("clear")
    equal(metadata(ROOT + "placement/region", token).status, 200)


@case
def instance_metadata_has_a_role_and_a_place():
    control("imds", "--role", "web", "--region", "us-west-2", "--zone", "us-west-2-lax-1a")
    token = session()[1]
    equal(metadata(ROOT + "iam/security-credentials/", token).bytes, b"web")
    answer = metadata(ROOT + "iam/security-credentials/web", token)
    equal((answer.status, answer.headers["Content-Type"], answer.json["Code"]), (200, "text/plain", "Success"))
    close_to(seconds_left(answer.json["Expiration"]), 21600)
    works(answer.json)
    equal(metadata(ROOT + "iam/security-credentials/web", token).json["AccessKeyId"], answer.json["AccessKeyId"])
    equal(metadata(ROOT + "iam/security-credentials/other", token).status, 404)
    equal(metadata(ROOT + "placement/availability-zone", token).bytes, b"us-west-2-lax-1a")
    equal(metadata("/latest/dynamic/instance-identity/document", token).json["region"], "us-west-2")


@case
def instance_metadata_fails_in_its_ways():
    control("imds", "--v1")
    token = session()[1]
    equal(metadata(ROOT + "placement/region").status, 200)
    equal(metadata(ROOT + "placement/region", "bogus").status, 401)
    control("imds", "--no-role")
    equal(metadata(ROOT + "iam/security-credentials/", token).status, 404)
    control("imds", "--code", "AssumeRoleUnauthorizedAccess")
    answer = metadata(ROOT + "iam/security-credentials/instance", token)
    equal((answer.status, answer.json["Code"], "AccessKeyId" in answer.json),
          (200, "AssumeRoleUnauthorizedAccess", False))
    control("imds")
    first = metadata(ROOT + "iam/security-credentials/instance", token).json
    control("expire", first["AccessKeyId"])
    refused(use(first), "ExpiredTokenException")
    works(metadata(ROOT + "iam/security-credentials/instance", token).json)
    control("imds", "--lifetime", "-60", "--valid", "600")
    answer = metadata(ROOT + "iam/security-credentials/instance", token)
    close_to(seconds_left(answer.json["Expiration"]), -60)
    works(answer.json)
    control("imds", "--off")
    equal((session()[0], metadata(ROOT + "placement/region", token).status), (403, 403))
    control("imds", "--v1", "--token", "404")
    equal((session()[0], metadata(ROOT + "placement/region").status), (404, 200))
    control("imds", "--token", "never")
    with contextlib.closing(connect(address("imds"))) as connection:
        connection.timeout = 0.3
        connection.request("PUT", "/latest/api/token", headers={TTL: "60"})
        try:
            connection.getresponse()
            raise AssertionError("a token came")
        except socket.timeout:
            pass
    equal(metadata(ROOT + "placement/region", token).status, 200)
    control("imds")


@case
def metadata_is_where_clients_look_for_it():
    programs = [shutil.which(name) for name in ("unshare", "ip")]
    addresses = ("169.254.170.2/32", "169.254.170.23/32", "169.254.169.254/32", "fd00:ec2::23/128", "fd00:ec2::254/128")
    inside = ["unshare", "--net", "--map-root-user", "sh", "-c", "ip link set lo up && %s && exec \"$@\"" % " && ".join(
        "ip address add %s dev lo" % a for a in addresses), "sh"]
    if None in programs or subprocess.run(inside + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("no network namespace with addresses of its own")
    with tempfile.TemporaryDirectory() as where:
        done = subprocess.run(inside + [sys.executable, "-c", INSIDE, os.path.join(HERE, "server.py"), where],
                              stdout=subprocess.PIPE)
    equal(json.loads(done.stdout), [404, 404, 401, 404, 401])


INSIDE = """
import http.client, json, os, subprocess, sys, time
server = subprocess.Popen([sys.executable, sys.argv[1], "--directory", sys.argv[2], "--link-local"])
while server.poll() is None and not os.path.exists(sys.argv[2] + "/address"):
    time.sleep(0.02)
answers = []
for host in ("169.254.170.2", "169.254.170.23", "169.254.169.254", "fd00:ec2::23", "fd00:ec2::254"):
    connection = http.client.HTTPConnection(host, 80, timeout=10)
    connection.request("GET", "/latest/meta-data/")
    answers.append(connection.getresponse().status)
print(json.dumps(answers))
server.terminate()
server.wait()
"""


# SSM


def parameters(*names, **more):
    signing = {n: v for n, v in more.items() if n[0].islower()}
    return call("", dict({"Names": list(names)}, **{n: v for n, v in more.items() if n[0].isupper()}),
                headers={"X-Amz-Target": "AmazonSSM.GetParameters"}, service="ssm", **signing)


@case
def parameters_have_types_versions_and_labels():
    equal(control("parameter", "/app/url", "--string", "one", "--label", "old"), "1")
    equal(control("parameter", "/app/url", "--string", "two"), "2")
    control("parameter", "plain", "--string", "a,b", "--type", "StringList")
    control("parameter", "/app/pw", "--file", "-", "--type", "SecureString", data=b"pa\nss\n")
    answer = parameters("/app/url", "/app/url:1", "/app/url:old", "plain", "/app/none", "/app/url:3", "/app/url:new")
    equal(answer.status, 200)
    found = {p["Name"] + p.get("Selector", ""): p for p in answer.json["Parameters"]}
    equal({name: (p["Value"], p["Version"], p["Type"]) for name, p in found.items()}, {
        "/app/url": ("two", 2, "String"), "/app/url:1": ("one", 1, "String"), "/app/url:old": ("one", 1, "String"),
        "plain": ("a,b", 1, "StringList")})
    equal(found["plain"]["ARN"], "arn:aws:ssm:us-east-1:123456789012:parameter/plain")
    equal(sorted(answer.json["InvalidParameters"]), ["/app/none", "/app/url:3", "/app/url:new"])
    equal(parameters("/app/pw", WithDecryption=True).json["Parameters"][0]["Value"], "pa\nss\n")
    hidden = parameters("/app/pw").json["Parameters"][0]
    assert hidden["Type"] == "SecureString" and "pa\n" not in hidden["Value"]
    equal(parameters(found["/app/url"]["ARN"] + ":1").json["Parameters"][0]["Value"], "one")
    equal(parameters("/app/url", region="eu-west-1").json["InvalidParameters"], ["/app/url"])
    control("parameter", "/app/url", "--delete")
    equal(parameters("/app/url").json["InvalidParameters"], ["/app/url"])
    control("parameter", "a b", "--string", "x", fails=True)


@case
def parameters_have_limits_and_are_refused_by_name():
    refused(parameters(*["p%d" % i for i in range(11)]), "ValidationException")
    refused(parameters(), "ValidationException")
    refused(parameters(""), "ValidationException")
    refused(parameters("plain", Bogus=1), "SerializationException")
    refused(parameters("plain", key=(KEY[0], "wrong")), "InvalidSignatureException")
    refused(call("", {}, headers={"X-Amz-Target": "AmazonSSM.GetParameterHistory"}, service="ssm"),
            "UnknownOperationException")
    equal(len(parameters(*["p%d" % i for i in range(10)]).json["InvalidParameters"]), 10)
    control("deny", "ssm:GetParameters", "/app/pw")
    answer = parameters("plain", "/app/pw")
    refused(answer, "AccessDeniedException")
    equal(answer.json["__type"], "AccessDeniedException")
    assert ("is not authorized to perform: ssm:GetParameters on resource: "
            "arn:aws:ssm:us-east-1:123456789012:parameter/app/pw because") in answer.text, answer.text
    equal(parameters("plain").status, 200)
    control("clear")
    control("parameter", "/app/pw", "--string", "x", "--type", "SecureString", "--kms-key", "arn:aws:kms:::key/1")
    control("deny", "kms:Decrypt")
    refused(parameters("/app/pw", WithDecryption=True), "AccessDeniedException")
    equal(parameters("/app/pw").status, 200)
    control("clear")
    control("fault", "throttle", "--secret", "plain")
    equal(parameters("/app/pw").status, 200)
    refused(parameters("plain:1"), "ThrottlingException")


# The SDK


@contextlib.contextmanager
def sdk(**environment):
    """A session of botocore whose clients all talk to the server, with this environment."""
    try:
        import botocore.exceptions
        import botocore.session
    except ImportError:
        raise Skip("no python3-botocore")

    class Session(botocore.session.Session):
        refusal = botocore.exceptions.ClientError

        def create_client(self, service, **options):
            options.update(endpoint_url=here.url, verify=os.path.join(here.directory, "ca.pem"))
            options["region_name"] = options.get("region_name") or "us-east-1"
            return super().create_client(service, **options)

    os.environ.update(environment, AWS_EC2_METADATA_DISABLED=environment.get("AWS_EC2_METADATA_DISABLED", "true"))
    try:
        yield Session()
    finally:
        for name in list(os.environ):
            if name.startswith("AWS_"):
                del os.environ[name]


def profile(text):
    path = os.path.join(here.directory, "config")
    with open(path, "w") as file:
        file.write(text)
    return path


def gets_the_secret(session, arn):
    """With credentials that the session finds by itself, of the role in arn."""
    client = session.create_client("secretsmanager")
    equal(client.get_secret_value(SecretId="id/secret")["SecretString"], "v")
    last = json.loads(control("requests", "--operation", "GetSecretValue").splitlines()[-1])
    frozen = session.get_credentials().get_frozen_credentials()
    equal(last["access_key_id"], frozen.access_key)
    assert frozen.token
    given_out.extend((frozen.secret_key, frozen.token))
    equal(session.create_client("sts").get_caller_identity()["Arn"], "arn:aws:sts::123456789012:assumed-role/" + arn)


@case
def botocore_assumes_a_role():
    control("role", "app", "--external-id", "agreed")
    config = profile("[default]\nrole_arn = %s\nsource_profile = base\nexternal_id = agreed\nrole_session_name = me\n"
                     "[profile base]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % ((ROLE,) + KEY))
    with sdk(AWS_CONFIG_FILE=config) as session:
        gets_the_secret(session, "app/me")


@case
def botocore_brings_a_web_identity():
    control("role", "app", "--web-identity")
    path = profile("eyJ.boto.x")
    control("web-identity", path)
    with sdk(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=path, AWS_ROLE_SESSION_NAME="pod-1") as session:
        gets_the_secret(session, "app/pod-1")
        control("web-identity", path, "--expired")
        try:
            session.create_client("sts").assume_role_with_web_identity(
                RoleArn=ROLE, RoleSessionName="pod-1", WebIdentityToken="eyJ.boto.x")
            raise AssertionError("an expired token was taken")
        except session.refusal as error:
            equal(error.response["Error"]["Code"], "ExpiredTokenException")


@case
def botocore_refreshes_an_sso_login():
    control("sso-role", "123456789012", "admin")
    control("sso-client", "client", "s3cret", "refresh-boto")
    config = profile("[default]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = admin\n"
                     "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://x.awsapps.com/start\n")
    cache = os.path.join(here.directory, ".aws", "sso", "cache")
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, hashlib.sha1(b"s").hexdigest() + ".json"), "w") as file:
        json.dump({"accessToken": "stale", "expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "refresh-boto",
                   "clientId": "client", "clientSecret": "s3cret", "region": "us-east-1",
                   "registrationExpiresAt": "2099-01-01T00:00:00Z", "startUrl": "https://x.awsapps.com/start"}, file)
    with sdk(AWS_CONFIG_FILE=config) as session:
        gets_the_secret(session, "AWSReservedSSO_admin/somebody@test.invalid")


@case
def botocore_finds_a_containers_credentials():
    control("container", "/v1/credentials", "--token-file", "-", "--role", "pod", data=b"pod-token-3")
    with sdk(AWS_CONTAINER_CREDENTIALS_FULL_URI=address("container") + "/v1/credentials",
             AWS_CONTAINER_AUTHORIZATION_TOKEN="pod-token-3") as session:
        gets_the_secret(session, "pod/container")


@case
def botocore_finds_an_instances_credentials():
    control("imds", "--role", "web")
    with sdk(AWS_EC2_METADATA_DISABLED="false",
             AWS_EC2_METADATA_SERVICE_ENDPOINT=address("imds")) as session:
        gets_the_secret(session, "web/i-0123456789abcdef0")


def as_user(session, service):
    return session.create_client(service, aws_access_key_id=KEY[0], aws_secret_access_key=KEY[1])


@case
def botocore_reads_parameters():
    control("parameter", "/boto", "--string", "x", "--type", "SecureString")
    with sdk() as session:
        answer = as_user(session, "ssm").get_parameters(Names=["/boto:1", "/none"], WithDecryption=True)
        equal((answer["Parameters"][0]["Value"], answer["InvalidParameters"]), ("x", ["/none"]))
        equal(answer["Parameters"][0]["LastModifiedDate"].year, time.gmtime().tm_year)


@case
def botocore_batches():
    with sdk() as session:
        client = as_user(session, "secretsmanager")
        if not hasattr(client, "batch_get_secret_value"):
            raise Skip("botocore here does not know BatchGetSecretValue")
        answer = client.batch_get_secret_value(SecretIdList=["id/secret", "absent"])
        equal(answer["SecretValues"][0]["SecretString"], "v")
        equal(answer["Errors"][0]["ErrorCode"], "ResourceNotFoundException")
        names, more = set(), {}
        while True:
            page = client.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["many/"]}], **more)
            names.update(value["Name"] for value in page["SecretValues"])
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
        equal(len(names), 105)


@case
def what_was_given_out_is_not_in_the_log():
    log = read(os.path.join(here.directory, "requests.log"))
    for line in log.splitlines():
        assert not any(text in line for text in given_out), line
    assert len(given_out) > 20
