# SPDX-License-Identifier: ISC
"""What the cases of the test server's own test are written with: a signer written here from the specification,
control.py, and servers of their own. It imports nothing of the server."""

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
CANARY = "canary-8c1f"


class here:
    """The server under test."""

    directory = None
    url = None


# A signer of its own


def sign(body, headers, key=KEY, token=None, now=None, region="us-east-1", service="secretsmanager",
         unsigned=(), date=None):
    """The headers of a signed POST /, host included."""
    amz_date = date or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))
    headers = dict(headers, **{"Host": urllib.parse.urlsplit(here.url).netloc, "X-Amz-Date": amz_date})
    if token is not None:
        headers["X-Amz-Security-Token"] = token
    lowered = sorted((n.lower(), " ".join(v.split())) for n, v in headers.items() if n.lower() not in unsigned)
    names = ";".join(n for n, _ in lowered)
    request = "POST\n/\n\n%s\n%s\n%s" % ("".join("%s:%s\n" % pair for pair in lowered), names,
                                         hashlib.sha256(body).hexdigest())
    scope = "/".join((amz_date[:8], region, service, "aws4_request"))
    text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (amz_date, scope, hashlib.sha256(request.encode()).hexdigest())
    secret = ("AWS4" + key[1]).encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        key[0], scope, names, hmac.digest(secret, text.encode(), "sha256").hex())
    return headers


def connect(base=None):
    parts = urllib.parse.urlsplit(base or here.url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    context = ssl.create_default_context(cafile=os.path.join(here.directory, "ca.pem"))
    return http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=10)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()
        self.version = response.version

    @property
    def json(self):
        return json.loads(self.bytes)

    @property
    def code(self):
        return self.json.get("__type", "").rpartition("#")[2].partition(":")[0]

    @property
    def text(self):
        return self.json.get("message", self.json.get("Message"))


def call(operation, body, connection=None, sent=None, headers=None, method="POST", path="/", **signing):
    """An operation, signed; sent, when given, is the body that goes out in place of the signed one."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    plain = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager." + operation}
    plain.update(headers or {})
    signed = sign(data, {n: v for n, v in plain.items() if v is not None}, **signing)
    with contextlib.ExitStack() as stack:
        if connection is None:
            connection = stack.enter_context(contextlib.closing(connect()))
        connection.request(method, path, data if sent is None else sent, signed)
        return Answer(connection.getresponse())


def control(*arguments, data=None, fails=False):
    done = subprocess.run([sys.executable, os.path.join(HERE, "control.py"), here.directory] + list(arguments),
                          input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if (done.returncode != 0) != fails:
        raise AssertionError("control.py %s: %s" % (" ".join(arguments), done.stderr.decode()))
    return done.stdout.decode().strip()


def get(name, **more):
    return call("GetSecretValue", dict({"SecretId": name}, **more))


def equal(found, wanted):
    if found != wanted:
        raise AssertionError("found %r, wanted %r" % (found, wanted))


def refused(answer, code, status=400):
    equal((answer.code, answer.status), (code, status))


# A server of one's own


def read(path):
    with open(path) as file:
        return file.read().strip()


@contextlib.contextmanager
def served(*options):
    with tempfile.TemporaryDirectory() as where:
        process = subprocess.Popen([sys.executable, os.path.join(HERE, "server.py"), "--directory", where]
                                   + list(options))
        try:
            end = time.monotonic() + 20
            while not os.path.exists(os.path.join(where, "address")):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the server did not start")
                time.sleep(0.02)
            yield where, process
        finally:
            process.terminate()
            process.wait(10)


# Cases


class Skip(Exception):
    """Raised by a case that cannot run here; says why."""


CASES = []


def case(function):
    CASES.append(function)
    return function
