#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The AWS test server: real TLS, real signatures, on loopback, for one test run.

    server.py --directory DIR [--http] [--ipv4-only] [--port N] [--region R]...

It leaves in DIR: ca.pem and ca-path/ (the authority made for this run),
address (its URL, written once it listens), address.http with --http, control
(see control.py) and requests.log. It ends on SIGTERM, SIGINT, and with its
parent. It will not talk to anything but loopback, nor keep anything.
"""

import argparse
import itertools
import os
import select
import signal
import socket
import ssl
import sys
import threading
import time

# Tests may run from a tree that is not theirs to write to.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import aws_json
import certificates
import control_channel
import http1
import secretsmanager
from journal import Journal
from refusal import Refusal
from world import World, add_default_key

# A service is a module with NAME, claims(), serve(), new_state(), COMMANDS and
# clear(). The first that claims a request gets it.
SERVICES = [secretsmanager]

IDLE_SECONDS = 60


def main():
    options = parse_options()
    os.makedirs(options.directory, mode=0o700, exist_ok=True)
    directory = os.path.abspath(options.directory)
    for name in ("address", "address.http", "control"):
        remove(os.path.join(directory, name))

    world = World(options.region or ["us-east-1"])
    add_default_key(world)
    for service in SERVICES:
        world.services[service.NAME] = service.new_state()
    journal = Journal(os.path.join(directory, "requests.log"))
    context = certificates.make_context(directory, options.certificate, options.host)

    start(control_channel.serve, control_channel.listen(directory), world, SERVICES, journal)
    connections = itertools.count(1)
    if options.http:
        port = serve_on(options.http_port, options.ipv4_only, None, world, journal, connections)
        write_whole(os.path.join(directory, "address.http"), "http://127.0.0.1:%d\n" % port)
    port = serve_on(options.port, options.ipv4_only, context, world, journal, connections)
    write_whole(os.path.join(directory, "address"), "https://127.0.0.1:%d\n" % port)

    wait_for_end(options.parent)
    for name in ("address", "address.http", "control"):
        remove(os.path.join(directory, name))
    # Threads may be in the middle of a delay; nothing they do matters now.
    os._exit(0)


def parse_options():
    parser = argparse.ArgumentParser(description="The AWS test server.")
    parser.add_argument("--directory", required=True, help="where address, ca.pem, control and requests.log go")
    parser.add_argument("--port", type=int, default=0, help="of the https listener (0: any)")
    parser.add_argument("--http", action="store_true", help="listen for plain http too")
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--ipv4-only", action="store_true", help="not on [::1] as well")
    parser.add_argument("--region", action="append", help="accepted in a signature's scope (default us-east-1)")
    parser.add_argument("--host", action="append", default=[], help="one more name in the certificate")
    parser.add_argument("--certificate", choices=certificates.KINDS, default="good")
    parser.add_argument("--parent", type=int, default=os.getppid(),
                        help="end with this process (default: the one that started the server)")
    return parser.parse_args()


# Connections


def serve_on(port, ipv4_only, context, world, journal, connections):
    """Listen on loopback, both families on one port where there are both; the port."""
    listeners = listen(port, ipv4_only)
    for listener in listeners:
        start(accept_for_ever, listener, context, world, journal, connections)
    return listeners[0].getsockname()[1]


def listen(port, ipv4_only):
    for _ in range(20):
        first = listener_on(socket.AF_INET, "127.0.0.1", port)
        if ipv4_only:
            return [first]
        try:
            return [first, listener_on(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError:
            # Either no IPv6 here, or the port is taken there: a fixed port is kept as it is.
            if port or not has_ipv6():
                return [first]
            first.close()
    raise RuntimeError("no port that is free in both families")


def listener_on(family, address, port):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    return listener


def has_ipv6():
    try:
        listener_on(socket.AF_INET6, "::1", 0).close()
        return True
    except OSError:
        return False


def accept_for_ever(listener, context, world, journal, connections):
    while True:
        connection, _ = listener.accept()
        start(serve_connection, connection, context, world, journal, next(connections))


def serve_connection(plain, context, world, journal, number):
    plain.settimeout(IDLE_SECONDS)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = plain
    try:
        if context is not None:
            connection = context.wrap_socket(plain, server_side=True)
        with connection.makefile("rb") as stream:
            for ordinal in itertools.count(1):
                if not serve_request(connection, stream, world, journal, number, ordinal,
                                     "http" if context is None else "https"):
                    break
    except (OSError, ssl.SSLError):
        # The client left, or never spoke TLS: its business, and its test's.
        pass
    finally:
        connection.close()


def serve_request(connection, stream, world, journal, number, ordinal, scheme):
    """One exchange; whether another may follow."""
    entry = {"time": round(time.time(), 6), "scheme": scheme, "connection": number, "ordinal": ordinal}
    try:
        request = http1.read_request(stream, connection, scheme)
    except http1.BadRequest as error:
        journal.write(dict(entry, status=400, code="BadRequest", message=str(error)))
        http1.send_response(connection, http1.Response(400), world.now(), False)
        return False
    if request is None:
        return False
    request.connection, request.ordinal = number, ordinal
    entry.update(method=request.method, path=request.target, host=request.header("host"),
                 user_agent=request.header("user-agent"))
    response = answer(request, world, entry)
    entry["status"] = response.status
    journal.write(entry)
    keep = request.version == "HTTP/1.1" and (request.header("connection") or "").lower() != "close"
    return http1.send_response(connection, response, world.now(), keep)


def answer(request, world, entry):
    with world.lock:
        for service in SERVICES:
            if service.claims(request):
                entry["service"] = service.NAME
                return service.serve(request, world, entry)
    if request.header("authorization") is None:
        refusal = Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", common=True)
    else:
        refusal = Refusal("UnknownOperationException", "", 404, common=True)
    entry["code"] = refusal.code
    return aws_json.error_response(aws_json.COMMON_NAMESPACE, refusal)


# The process


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def wait_for_end(parent):
    """Until a signal, or until parent is gone."""
    waker, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        watched = os.pidfd_open(parent)
    except ProcessLookupError:
        return
    except OSError:
        return poll_for_end(waker, parent)
    select.select([waker, watched], [], [])


def poll_for_end(waker, parent):
    """For kernels and sandboxes without pidfd_open()."""
    while not select.select([waker], [], [], 1)[0]:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            return
        except PermissionError:
            pass


def write_whole(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


if __name__ == "__main__":
    main()
