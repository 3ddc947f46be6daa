#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The AWS test server: real TLS, real signatures, on loopback, for one test run.

    server.py --directory DIR [--http] [--ipv4-only] [--port N] [--region R]...

It leaves in DIR: ca.pem and ca-path/ (the authority made for this run),
address (its URL, written once it listens), address.NAME of each further
listener, control (see control.py) and requests.log. It ends on SIGTERM,
SIGINT, and with its parent. It will not talk to anything but loopback, nor
keep anything.
"""

import argparse
import contextlib
import errno
import itertools
import os
import select
import signal
import socket
import ssl
import sys
import threading
import time
from collections import namedtuple

# Tests may run from a tree that is not theirs to write to.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import aws_json
import certificates
import container
import control_channel
import http1
import imds
import operations
import secretsmanager
import sqs
import ssm
import sso
import sso_oidc
import sts
from journal import Journal
from listeners import Listener, start
from refusal import Refusal
from world import World, add_default_key

# A service is a module with NAME, claims(), serve(), new_state(), COMMANDS and
# clear(). The first that claims a request gets it.
SERVICES = [secretsmanager, ssm, sqs, sso, sso_oidc, sts]
# Those that have a listener of their own, in plain http.
METADATA = [container, imds]
# Where clients look for them when they are not told: ECS, EKS; EC2.
LINK_LOCAL = {"container": ("169.254.170.2", "169.254.170.23", "fd00:ec2::23"),
              "imds": ("169.254.169.254", "fd00:ec2::254")}

IDLE_SECONDS = 60


def main():
    options = parse_options()
    # Before anybody can know that it listens, and end it.
    waker = catch_signals()
    os.makedirs(options.directory, mode=0o700, exist_ok=True)
    directory = os.path.abspath(options.directory)
    forget_addresses(directory)

    world = World(options.region or ["us-east-1"])
    add_default_key(world)
    for service in SERVICES + METADATA:
        world.services[service.NAME] = service.new_state()
    server = Server(world, Journal(os.path.join(directory, "requests.log")), options.ipv4_only, directory)
    if options.record:
        server.record = Journal(os.path.join(directory, "requests.raw"))
    context = certificates.make_context(directory, options.certificate, options.host,
                                        options.leave_certificate)

    start(control_channel.serve, control_channel.listen(directory), world, SERVICES + METADATA, server.journal,
          {"listener": server.switch})
    for service in METADATA:
        server.listen(service.NAME, [service])
        if options.link_local:
            server.listen_on(LINK_LOCAL[service.NAME], [service])
    server.listen("container-https", [container], context=context)
    if len(world.regions) > 1:
        for region in world.regions:
            server.listen(region, SERVICES, context=context, regions=[region])
    if options.http:
        server.listen("http", SERVICES, options.http_port)
    # Last: who waits for it finds the others too.
    server.listen("https", SERVICES, options.port, context)

    wait_for_end(waker, options.parent)
    forget_addresses(directory)
    # Threads may be in the middle of a delay; nothing they do matters now.
    os._exit(0)


def parse_options():
    parser = argparse.ArgumentParser(description="The AWS test server.")
    parser.add_argument("--directory", required=True, help="where address, ca.pem, control and requests.log go")
    parser.add_argument("--port", type=int, default=0, help="of the https listener (0: any)")
    parser.add_argument("--http", action="store_true", help="listen for plain http too")
    parser.add_argument("--http-port", type=int, default=0)
    parser.add_argument("--ipv4-only", action="store_true", help="not on [::1] as well")
    parser.add_argument("--link-local", action="store_true",
                        help="metadata on AWS's own addresses too: for a network namespace that has them")
    parser.add_argument("--region", action="append", help="accepted in a signature's scope (default us-east-1)")
    parser.add_argument("--host", action="append", default=[], help="one more name in the certificate")
    parser.add_argument("--certificate", choices=certificates.KINDS, default="good")
    parser.add_argument("--leave-certificate", action="store_true",
                        help="leave server.pem and server.key in DIR, for a server that stands in front of this one")
    parser.add_argument("--record", action="store_true",
                        help="write each request as it came to DIR/requests.raw: whoever reads it has its tokens")
    parser.add_argument("--parent", type=int, default=os.getppid(),
                        help="end with this process (default: the one that started the server)")
    return parser.parse_args()


class Server:
    """The listeners, and what is done with each connection to one."""

    def __init__(self, world, journal, ipv4_only, directory):
        self.world = world
        self.journal = journal
        self.record = None
        self._ipv4_only = ipv4_only
        self._directory = directory
        self._listeners = {}
        self._numbers = itertools.count(1)
        self._counting = threading.Lock()
        self._under_way = 0

    def listen(self, name, services, port=0, context=None, regions=None):
        """Serve on loopback, and leave the URL in DIR/address.NAME; that of https in DIR/address."""
        scheme = "http" if context is None else "https"
        door = Door(scheme, context, services, regions or self.world.regions)
        listener = Listener(lambda plain: self._serve_connection(plain, door), port, self._ipv4_only)
        self._listeners[name] = listener
        write_whole(os.path.join(self._directory, "address" if name == "https" else "address." + name),
                    "%s://127.0.0.1:%d\n" % (scheme, listener.port))

    def listen_on(self, hosts, services):
        """Those of the hosts that are addresses of this namespace, at the port of http."""
        door = Door("http", None, services, self.world.regions)
        for host in hosts:
            try:
                Listener(lambda plain: self._serve_connection(plain, door), 80, host=host)
            except OSError as error:
                # A namespace need not have all of them.
                if error.errno != errno.EADDRNOTAVAIL:
                    raise

    def switch(self, world, arguments):
        """The control command: connecting to a listener is refused, or no longer."""
        if arguments["name"] not in self._listeners:
            raise ValueError("the listeners are " + ", ".join(self._listeners))
        listener = self._listeners[arguments["name"]]
        listener.shut() if arguments.get("off") else listener.open()
        return {}

    def _serve_connection(self, plain, door):
        number = next(self._numbers)
        plain.settimeout(IDLE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = plain
        try:
            if door.context is not None:
                connection = door.context.wrap_socket(plain, server_side=True)
            with connection.makefile("rb") as stream:
                for ordinal in itertools.count(1):
                    entry = {"scheme": door.scheme, "connection": number, "ordinal": ordinal}
                    if not self._serve_request(connection, stream, door, entry):
                        break
        except (OSError, ssl.SSLError):
            # The client left, or never spoke TLS: its business, and its test's.
            pass
        finally:
            connection.close()

    def _serve_request(self, connection, stream, door, entry):
        """One exchange; whether another may follow."""
        try:
            request = http1.read_request(stream, connection, door.scheme)
        except http1.BadRequest as error:
            self.journal.write(dict(entry, time=now(), status=400, code="BadRequest", message=str(error)))
            http1.send_response(connection, http1.Response(400), self.world.now(), False)
            return False
        if request is None:
            return False
        request.regions = door.regions
        request.is_gone = lambda: http1.has_left(connection)
        if self.record:
            self.record.write({"method": request.method, "target": request.target, "headers": request.headers,
                               "body": request.body.decode("latin-1")})
        with self._counted(entry):
            entry.update(time=now(), method=request.method, path=request.target, host=request.header("host"),
                         user_agent=request.header("user-agent"))
            response = self._open(entry) if request.method == "HEAD" else self._answer(request, door.services, entry)
            entry["status"] = response.status
            self.journal.write(entry)
            keep = request.version == "HTTP/1.1" and (request.header("connection") or "").lower() != "close"
            return http1.send_response(connection, response, self.world.now(), keep)

    @staticmethod
    def _open(entry):
        """Who asks for nothing but a connection, without a key, gets that."""
        entry["operation"] = "Head"
        return http1.Response(404)

    @contextlib.contextmanager
    def _counted(self, entry):
        """The log says how many requests are between their last byte and that of their answer."""
        with self._counting:
            self._under_way += 1
            entry["under_way"] = self._under_way
        try:
            yield
        finally:
            with self._counting:
                self._under_way -= 1

    def _answer(self, request, services, entry):
        with self.world.lock:
            self.world.tick()
            for service in services:
                if service.claims(request):
                    entry["service"] = service.NAME
                    return service.serve(request, self.world, entry)
        if request.header("authorization") is None:
            refusal = Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", common=True)
        else:
            refusal = Refusal("UnknownOperationException", "", 404, common=True)
        entry["code"] = refusal.code
        return aws_json.error_response(NOBODY, refusal, None)


# What answers a request that no service claims.
NOBODY = operations.Service("", aws_json, {}, namespace=aws_json.COMMON_NAMESPACE)

# What a listener leads to: regions are those it takes in a signature's scope.
Door = namedtuple("Door", "scheme context services regions")


# The process


def now():
    return round(time.time(), 6)


def catch_signals():
    """A descriptor that can be read once the server is to end."""
    waker, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return waker


def wait_for_end(waker, parent):
    """Until a signal, or until parent is gone."""
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


def forget_addresses(directory):
    """At the end as well, when whoever started it may have removed the directory."""
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        if name == "control" or name.partition(".")[0] == "address":
            os.unlink(os.path.join(directory, name))


if __name__ == "__main__":
    main()
