#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs the rows of credentials.tsv: secretdir as told, against the test server; then, of those it is said for, botocore.

    credentials.py SERVER-DIRECTORY SECRETDIR TABLE FIRST-NUMBER

A row: what is claimed | control commands before | variables | options | what is to come of it | the region signed for | what
botocore does: "same", or "else: WHY". What is to come of it is who signed for the secret, as the server's log has it, or
"STATUS: ERROR", the whole error but for KEPT. Of botocore's releases "same from 1.2.3" means the later ones. Prints TAP, without
the plan.
"""

import json
import os
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
import table  # noqa: E402

server, secretdir, cases, first = sys.argv[1:]
log = open(os.path.join(server, "requests.log"))
issued = {}  # how each key that was given out came to be


def read_log():
    """The last request for the secret since the last look: by which key, and in which region."""
    signer, region = None, None
    for line in log:
        entry = json.loads(line)
        key = entry.get("access_key_id")
        if "issued" in entry:
            issued[entry["issued"]] = {
                "AssumeRole": lambda: "role %s by %s" % (entry["body"]["RoleArn"].rpartition("/")[2], name(key)),
                "AssumeRoleWithWebIdentity": lambda: "web identity %s" % entry["body"]["RoleArn"].rpartition("/")[2],
                "GetRoleCredentials": lambda: "sso %s" % entry["body"]["role_name"],
                "ContainerCredentials": lambda: "container %s" % entry["path"],
                "RoleCredentials": lambda: "instance %s" % entry["body"]["role"],
            }[entry["operation"]]()
        if entry.get("operation") == "GetSecretValue":
            signer, region = name(key), entry.get("region")
    return signer, region


def name(key):
    return issued.get(key, key)


def run(environment, options):
    ran = subprocess.run([secretdir, "sync", "-q"] + (shlex.split(options) if "app" in options.split() else
                                                     ["app", "text"] + shlex.split(options)),
                         env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return ran.returncode, ran.stderr


def judge(environment, options, wanted, region):
    """None, or what came in place of what was wanted."""
    status, error = run(environment, options)
    signer, signed_for = read_log()
    if wanted[0].isdigit():
        number, _, text = wanted.partition(": ")
        leaked = [secret for secret in SECRETS if secret in error]
        if status != int(number) or table.message(error) != text + KEPT or signer or leaked:
            return "status %d, signed by %s, leaked %s: %s" % (status, signer, leaked, table.message(error))
    elif status or signer != wanted or (region and signed_for != region):
        return "status %d, signed by %s for %s: %s" % (status, signer, signed_for, error)
    return None


SECRETS = os.environ["SECRETS"].split()
KEPT = "; nothing was published, 'app' is unchanged"


# botocore

OLDEST = (1, 29)  # before, it is not known what it lacks
KNOWS_ENDPOINTS = (1, 31)  # AWS_ENDPOINT_URL


def release(text):
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def find_botocore():
    """A loader with what it takes long to load; or why there is none."""
    try:
        import botocore
        import botocore.loaders
        import botocore.session
    except ImportError:
        return None, "no python3-botocore"
    if release(botocore.__version__) < OLDEST:
        return None, "botocore %s is older than %s" % (botocore.__version__, ".".join(map(str, OLDEST)))
    loader = botocore.loaders.Loader()
    for service in "sts", "sso", "sso-oidc":
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    return loader, None


def ask_botocore(loader, environment, options, region):
    """The key that it finds, and the region (it needs one, also where we want none), from a process of its own."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = {}
        try:
            os.environ.clear()
            os.environ.update(environment)
            if not region:
                os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
            words = shlex.split(options)
            profile = words[words.index("--profile") + 1] if "--profile" in words else None
            session = make_session(profile)
            session.register_component("data_loader", loader)
            answer["region"] = words[words.index("--region") + 1] if "--region" in words else \
                session.get_config_variable("region")
            found = session.get_credentials()
            answer["key"] = found.get_frozen_credentials().access_key if found else None
        except Exception as error:
            answer["error"] = "%s: %s" % (type(error).__name__, error)
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    read_log()
    return json.loads(text)


def make_session(profile):
    """One that asks where AWS_ENDPOINT_URL says; where it does not know of that, as each of its clients can be told."""
    import botocore.session

    class Led(botocore.session.Session):
        def create_client(self, *arguments, **options):
            options.setdefault("endpoint_url", os.environ.get("AWS_ENDPOINT_URL"))
            return super().create_client(*arguments, **options)

    return (botocore.session.Session if release(botocore.__version__) >= KNOWS_ENDPOINTS else Led)(profile=profile)


def compare(answer, wanted, region):
    """Whether it does as is wanted of us."""
    if wanted[0].isdigit():
        return bool(answer.get("error")) or answer.get("key") is None
    return name(answer.get("key")) == wanted and (not region or answer.get("region") == region)


def main():
    number, failed, compared, lacking, other = int(first), False, 0, 0, []
    loader, without = find_botocore()
    version = sys.modules["botocore"].__version__ if loader else ""
    for claim, before, variables, options, wanted, region, peer in table.rows(cases):
        table.tell(server, before)
        environment = table.environment(variables)
        wrong = judge(environment, options, wanted, region)
        number += 1
        print("%sok %d - %s" % ("not " if wrong else "", number, claim))
        if wrong:
            failed = True
            print("# wanted %s; %s" % (wanted, wrong.strip()))
        peer, _, since = peer.partition(" from ") if peer.startswith("same") else (peer, "", "")
        if loader and since and release(version) < release(since):
            lacking += 1
        elif loader and peer:
            answer = ask_botocore(loader, environment, options, region)
            compared += 1
            if compare(answer, wanted, region) != (peer == "same"):
                other.append("%s: %s" % (claim, answer))
        if before:
            table.tell(server, "clear; imds")
            read_log()
    number += 1
    if without:
        print("ok %d - botocore finds the same # SKIP %s" % (number, without))
    else:
        print("%sok %d - botocore %s finds the same in %d rows, but where it is said; left out, for a later one: %d"
              % ("not " if other else "", number, version, compared, lacking))
        for line in other:
            print("#", line)
    sys.exit(1 if failed or other else 0)


main()
