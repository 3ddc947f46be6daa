#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Tells a running test server what to be; for shells. control.py DIR COMMAND ...; --help lists them.

Speaks JSON lines to DIR/control, and reads DIR/requests.log by itself. Values
given with --file or --binary never appear in argv. Shares no code with the
server, so that it starts fast.
"""

import argparse
import base64
import json
import os
import socket
import sys
import time


def main():
    options = parse_options()
    command = options.function
    arguments = {name: value for name, value in vars(options).items()
                 if name not in ("directory", "function", "command") and value is not None}
    try:
        return command(options.directory, options.command, arguments)
    except (OSError, ValueError) as error:
        sys.stderr.write("control.py: %s: %s\n" % (options.command, error))
        return 1


# Talking to the server


def ask(directory, command, arguments):
    """The server's result; ValueError with its text when it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        fd = os.open(directory, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect("/proc/self/fd/%d/control" % fd)
        finally:
            os.close(fd)
        connection.sendall(json.dumps(dict(arguments, command=command)).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise ValueError("the server ended the conversation")
    answer = json.loads(line)
    if not answer["ok"]:
        raise ValueError(answer["error"])
    return answer["result"]


def tell(directory, command, arguments):
    ask(directory, command, arguments)
    return 0


# Commands that do something to their arguments first, or with the answer


def put(directory, command, arguments):
    take_value(arguments)
    if arguments.pop("escaped", False):
        arguments["name"] = json.loads('"%s"' % arguments["name"])
    print(ask(directory, command, arguments)["version_id"])
    return 0


def take_value(arguments):
    """--string, --file and --binary become what the server takes."""
    if "file" in arguments:
        arguments["text"] = read(arguments.pop("file")).decode("utf-8")
    if "binary" in arguments:
        arguments["binary"] = base64.b64encode(read(arguments["binary"])).decode()
    if "tags" in arguments:
        arguments["tags"] = tags(arguments["tags"])


def load(directory, command, arguments):
    arguments["secrets"] = json.loads(read(arguments.pop("file")))
    return tell(directory, command, arguments)


def tag(directory, command, arguments):
    arguments["tags"] = tags(arguments["tags"])
    return tell(directory, command, arguments)


def raw(directory, command, arguments):
    if "file" in arguments:
        arguments["data"] = base64.b64encode(read(arguments.pop("file"))).decode()
    elif "off" not in arguments:
        raise ValueError("--file or --off")
    return tell(directory, command, arguments)


def policy(directory, command, arguments):
    arguments["policy"] = json.loads(read(arguments.pop("file")))
    return tell(directory, command, arguments)


def allow(directory, command, arguments):
    if "action" in arguments:
        return tell(directory, command, arguments)
    return tell(directory, "clear", {"parts": ["policy"]})


def fault(directory, command, arguments):
    if arguments.pop("forever", False):
        arguments["remaining"] = None
    return tell(directory, command, arguments)


def key(directory, command, arguments):
    if "secret" not in arguments and "remove" not in arguments:
        raise ValueError("SECRET or --remove")
    return tell(directory, command, arguments)


def parameter(directory, command, arguments):
    take_value(arguments)
    if "text" not in arguments and "delete" not in arguments:
        raise ValueError("--string, --file or --delete")
    result = ask(directory, command, arguments)
    if "version" in result:
        print(result["version"])
    return 0


def queue(directory, command, arguments):
    if arguments.pop("show", False):
        print(json.dumps(ask(directory, "queue-show", arguments)))
        return 0
    result = ask(directory, command, arguments)
    if "url" in result:
        print(result["url"])
    return 0


def message(directory, command, arguments):
    take_value(arguments)
    print(ask(directory, command, arguments)["id"])
    return 0


def token(directory, command, arguments):
    """A token from a file, to its last byte."""
    if "token_file" in arguments:
        arguments["token"] = read(arguments.pop("token_file")).decode("utf-8")
    return tell(directory, command, arguments)


def show(directory, command, arguments):
    result = ask(directory, command, arguments)
    print(result["arn"] if "arn" in arguments else json.dumps(result, indent=2))
    return 0


def address(directory, command, arguments):
    """The server's URL, once it listens."""
    name = arguments.get("name")
    path = os.path.join(directory, "address" if name in (None, "https") else "address." + name)
    end = time.monotonic() + arguments["timeout"]
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise ValueError("no %s after %g seconds" % (path, arguments["timeout"]))
        time.sleep(0.02)
    sys.stdout.write(read(path).decode())
    return 0


def requests(directory, command, arguments):
    """The log, or how often an operation was asked for, over how many connections, how many at once."""
    wanted = arguments.get("count") or arguments.get("operation")
    entries = [json.loads(line) for line in read(os.path.join(directory, "requests.log")).splitlines()]
    # One that only opens a connection is not asked for anything, and counts where it is named alone.
    entries = [e for e in entries if wanted in (None, "", "any", e.get("operation"))
               and arguments.get("service") in (None, e.get("service"))
               and (e.get("operation") != "Head" or wanted == "Head")]
    if "at_once" in arguments:
        print(max((e["under_way"] for e in entries), default=0))
    elif "connections" in arguments:
        print(len({e["connection"] for e in entries}))
    elif "count" in arguments:
        print(len(entries))
    else:
        for entry in entries:
            print(json.dumps(entry))
    return 0


def read(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def tags(texts):
    return dict(text.partition("=")[::2] for text in texts)


# The command line


def parse_options():
    parser = argparse.ArgumentParser(description="Tell a running AWS test server what to be.")
    parser.add_argument("directory", metavar="DIR", help="as given to server.py --directory")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, function, text):
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(function=function)
        return sub

    def secret(name, function, text):
        sub = command(name, function, text)
        sub.add_argument("name", metavar="NAME")
        sub.add_argument("--region")
        return sub

    add_value_commands(secret)
    sub = command("load", load, "many secrets at once, from JSON {NAME: VALUE}")
    sub.add_argument("file", metavar="FILE")
    sub.add_argument("--region")
    add_permission_commands(command)
    add_identity_commands(command)
    add_parameter_command(secret)
    add_queue_commands(secret)
    add_fault_commands(command)
    sub = command("requests", requests, "print the log of requests")
    sub.add_argument("--operation", metavar="OPERATION")
    sub.add_argument("--count", nargs="?", const="any", metavar="OPERATION", help="only how many there were")
    sub.add_argument("--service", metavar="SERVICE")
    sub.add_argument("--connections", action="store_true", default=None, help="only over how many connections")
    sub.add_argument("--at-once", action="store_true", default=None, help="only how many there were at one time")
    sub = command("address", address, "wait for the server, print a listener's URL")
    sub.add_argument("name", nargs="?", metavar="LISTENER", help="https (default), http, container, imds, or a region")
    sub.add_argument("--timeout", type=float, default=10)
    return parser.parse_args()


def add_value_commands(secret):
    for name, text in (("put", "a secret, or a new version of one"),
                       ("rotate", "a new version of a secret that exists"),
                       ("name", "like put, for any name and value, however hostile")):
        sub = secret(name, put, text)
        value = sub.add_mutually_exclusive_group(required=True)
        value.add_argument("--string", dest="text")
        value.add_argument("--file", help="SecretString from this file, every byte (- is stdin)")
        value.add_argument("--binary", help="SecretBinary from this file")
        sub.add_argument("--version-id")
        sub.add_argument("--stage", dest="stages", action="append", help="default AWSCURRENT")
        sub.add_argument("--tag", dest="tags", action="append", metavar="KEY=VALUE")
        sub.add_argument("--description")
        sub.add_argument("--kms-key", metavar="ARN")
        sub.add_argument("--owning-service")
        sub.add_argument("--next-rotation", type=float, metavar="SECONDS", help="from now; rotation is on")
        if name == "name":
            sub.add_argument("--returned", dest="returned_name", help="answer with this Name instead")
            sub.add_argument("--escaped", action="store_true", default=None,
                             help="NAME is the inside of a JSON string: \\u0000 is a NUL")
    sub = secret("tag", tag, "add tags")
    sub.add_argument("tags", nargs="+", metavar="KEY=VALUE")
    sub = secret("stage", tell, "move a stage to a version")
    sub.add_argument("stage", metavar="STAGE")
    sub.add_argument("version_id", metavar="VERSION-ID")
    sub = secret("delete", tell, "mark for deletion")
    sub.add_argument("--now", action="store_true", default=None, help="gone altogether")
    sub.add_argument("--listed", action="store_true", default=None, help="gone, but lists do not know yet")
    secret("restore", tell, "undo delete")
    sub = secret("lag", tell, "let descriptions and lists go on to say what they say now")
    sub.add_argument("--lists", action="store_true", default=None, help="lists alone")
    sub.add_argument("--off", action="store_true", default=None)
    sub = secret("show", show, "ARN, tags, versions and stages of a secret")
    sub.add_argument("--arn", action="store_true", default=None, help="only the ARN")
    sub = secret("raw", raw, "bytes to answer GetSecretValue with, exactly")
    sub.add_argument("--file")
    sub.add_argument("--member", help="in place of this member's JSON value, not of the whole body")
    sub.add_argument("--off", action="store_true", default=None)


def add_permission_commands(command):
    for name, function, count in (("deny", tell, None), ("allow", allow, "?")):
        sub = command(name, function, "forbid an action" if name == "deny" else "allow one again, or everything")
        sub.add_argument("action", nargs=count, metavar="ACTION", help="GetSecretValue, kms:Decrypt, *")
        sub.add_argument("resource", nargs="?", metavar="RESOURCE", help="name or ARN; * and ? are wild")
        sub.add_argument("--key", dest="caller", metavar="WHO", help="a key's id, or an identity's ARN; * and ? are wild")
    sub = command("policy", policy, "allow what this identity policy allows, and nothing else")
    sub.add_argument("file", metavar="FILE")
    sub = command("key", key, "a key pair")
    sub.add_argument("access_key_id", metavar="AKID")
    sub.add_argument("secret", nargs="?", metavar="SECRET")
    sub.add_argument("--session-token", dest="token")
    sub.add_argument("--expired", action="store_true", default=None)
    sub.add_argument("--remove", action="store_true", default=None)
    sub = command("expire", tell, "end credentials before their time")
    sub.add_argument("access_key_id", nargs="?", metavar="AKID", help="default: all that were given out")


def add_identity_commands(command):
    def given(name, function, text):
        sub = command(name, function, text)
        sub.add_argument("--lifetime", type=float, metavar="SECONDS", help="that credentials are said to have")
        sub.add_argument("--valid", type=float, metavar="SECONDS", help="that they have (default: as is said)")
        return sub

    def flag(sub, name, text):
        sub.add_argument(name, action="store_true", default=None, help=text)

    sub = given("role", tell, "a role of STS, and whom it trusts")
    sub.add_argument("name", metavar="ROLE", help="name or ARN")
    sub.add_argument("--trusts", metavar="WHO", help="a key's id or an identity's ARN (default *)")
    sub.add_argument("--external-id")
    flag(sub, "--web-identity", "web identities may assume it")
    sub.add_argument("--longest", type=int, metavar="SECONDS", help="its MaxSessionDuration (default 43200)")
    flag(sub, "--remove", "no such role")
    sub = command("web-identity", token, "a token for AssumeRoleWithWebIdentity")
    sub.add_argument("token_file", metavar="FILE")
    flag(sub, "--expired", "it is known, and has expired")

    sub = given("sso-role", tell, "a role that the SSO portal gives credentials of")
    sub.add_argument("account", metavar="ACCOUNT")
    sub.add_argument("role", metavar="ROLE")
    sub = command("sso-token", tell, "an access token for the SSO portal")
    sub.add_argument("token", metavar="TOKEN")
    flag(sub, "--expired", "it is known, and has expired")
    sub = command("sso-client", tell, "a client of SSO OIDC, and its refresh token")
    sub.add_argument("client_id", metavar="CLIENT-ID")
    sub.add_argument("secret", metavar="SECRET")
    sub.add_argument("refresh_token", metavar="REFRESH-TOKEN")
    sub.add_argument("--lifetime", type=float, metavar="SECONDS", help="of the access tokens it gets")
    flag(sub, "--keep", "the refresh token stays good when it was used")
    flag(sub, "--expired", "the refresh token has expired")
    flag(sub, "--registration-expired", "the client has")

    sub = given("container", token, "a path of the container's endpoint; again: another token, the one before has expired")
    sub.add_argument("path", metavar="PATH")
    sub.add_argument("--role")
    sub.add_argument("--token-file", metavar="FILE", help="to be brought as Authorization (default: none, as with ECS)")
    flag(sub, "--uninitialized", "503, as while the agent starts")
    flag(sub, "--remove", "no such path")
    sub = given("imds", tell, "the instance; what is not said is as at the start")
    flag(sub, "--v1", "no token is demanded")
    sub.add_argument("--token", choices=("good", "never", "403", "404", "405", "500"), help="how PUT is answered")
    flag(sub, "--off", "403 to everything")
    sub.add_argument("--role", help="its name (default instance)")
    flag(sub, "--no-role", "404")
    sub.add_argument("--code", help="in place of Success")
    sub.add_argument("--region")
    sub.add_argument("--zone")


def add_parameter_command(secret):
    sub = secret("parameter", parameter, "a parameter of SSM, or a new version of one")
    value = sub.add_mutually_exclusive_group()
    value.add_argument("--string", dest="text")
    value.add_argument("--file")
    value.add_argument("--delete", action="store_true", default=None)
    sub.add_argument("--type", choices=("String", "StringList", "SecureString"))
    sub.add_argument("--bare", action="store_true", default=None, help="answers leave Selector out")
    sub.add_argument("--label", dest="labels", action="append")
    sub.add_argument("--kms-key", metavar="ARN")


def add_queue_commands(secret):
    sub = secret("queue", queue, "a queue of SQS, or other properties of one; prints its URL")
    sub.add_argument("--bind", dest="bindings", action="append", choices=("bare", "sns", "none"),
                     help="events of Secrets Manager come so (repeatable; default: none)")
    sub.add_argument("--kms-key", metavar="ARN")
    sub.add_argument("--visibility", type=int, metavar="SECONDS", help="where a request does not say it (default 30)")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--remove", action="store_true", default=None, help="no such queue")
    which.add_argument("--show", action="store_true", default=None, help="print how many messages are in it, and who polls")
    sub = secret("message", message, "a message in a queue; prints its id")
    value = sub.add_mutually_exclusive_group(required=True)
    value.add_argument("--string", dest="text")
    value.add_argument("--file")
    sub.add_argument("--sns", action="store_true", default=None, help="in the envelope of SNS")
    sub.add_argument("--id", metavar="ID")
    sub.add_argument("--copies", type=int, metavar="N", help="several that have the same id")


def add_fault_commands(command):
    sub = command("fault", fault, "fail the next requests")
    sub.add_argument("kind", choices=("error", "throttle", "expired", "delay", "cut", "garbage", "date", "trickle", "item"))
    which = sub.add_argument_group("which requests")
    which.add_argument("--operation")
    which.add_argument("--secret", metavar="NAME")
    which.add_argument("--region")
    which.add_argument("--service", metavar="SERVICE")
    which.add_argument("--key", dest="access_key_id", metavar="AKID")
    which.add_argument("--count", dest="remaining", type=int, default=1)
    which.add_argument("--forever", action="store_true", default=None)
    which.add_argument("--after", dest="skip", type=int, metavar="N", help="let N of them through first")
    how = sub.add_argument_group("how")
    how.add_argument("--status", type=int)
    how.add_argument("--code")
    how.add_argument("--message")
    how.add_argument("--style", choices=("both", "body", "header", "bare", "url", "none"),
                     help="error: where its code stands")
    how.add_argument("--retry-after-ms", type=int, help="error, throttle: x-amz-retry-after")
    how.add_argument("--retry-after-seconds", type=int, help="error, throttle: Retry-After")
    how.add_argument("--seconds", type=float, help="delay; date: how far the Date header is off")
    how.add_argument("--where", help="cut: never, before, headers, body, after (the answer, silently)")
    how.add_argument("--reset", action="store_true", default=None, help="cut: with RST")
    how.add_argument("--form", help="garbage: see faults.py, or give none that exists for the list")
    how.add_argument("--bytes", type=int, help="garbage huge")
    how.add_argument("--text", help="garbage given: the whole body")
    how.add_argument("--location", help="garbage redirect")
    how.add_argument("--bytes-per-second", type=float, help="trickle")

    sub = command("clock", tell, "set the server's clock off by seconds, in its checks and Date")
    sub.add_argument("seconds", type=float, metavar="SECONDS")
    sub.add_argument("--step", type=float, metavar="SECONDS", help="further off with each request, from the first on")
    sub.add_argument("--code", help="of the refusal (default InvalidSignatureException)")
    sub = command("listener", tell, "refuse connections, or take them again")
    sub.add_argument("name", metavar="LISTENER", help="https, http, container, imds, or a region")
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("--off", action="store_true", default=None)
    which.add_argument("--on", action="store_true", default=None)
    sub = command("paging", tell, "make pages shorter, or every other one empty")
    sub.add_argument("--limit", type=int)
    sub.add_argument("--empty", action="store_true", default=None)
    sub = command("clear", tell, "forget faults, policy, raw, clock, paging; or what is named")
    sub.add_argument("parts", nargs="*", metavar="PART", help="also secrets, parameters, identities, keys, queues, requests, all")


if __name__ == "__main__":
    sys.exit(main())
