# SPDX-License-Identifier: ISC
"""HTTP/1.1 on a socket: read a request as it was sent, write a response, well or badly.

The standard library's http.server hides what a signature check must see
(repeated headers, the target's exact bytes) and cannot answer wrongly on
purpose, hence this. It will not do chunked request bodies, pipelining beyond
what falls out of reading in order, or HTTP/2.
"""

import http.client
import select
import socket
import struct
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Callable, List, Optional, Tuple

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 4 * 1024 * 1024
WAIT_SECONDS = 600


class BadRequest(Exception):
    """What arrived is not a request this server will read; the connection ends."""


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: List[Tuple[str, str]]
    body: bytes
    scheme: str = "https"
    regions: List[str] = field(default_factory=list)  # those that are served where it arrived
    is_gone: Callable = lambda: False  # has the client left? For who keeps it waiting

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        """The value, repeated headers joined by commas as in RFC 9110; None when absent."""
        values = [v.strip(" \t") for n, v in self.headers if n.lower() == name.lower()]
        return ",".join(values) if values else None

    def is_signed_for(self, service):
        return "/%s/aws4_request" % service in (self.header("authorization") or "")


@dataclass
class Delivery:
    """How a response is to be delivered, when it is not to be delivered well."""

    delay_seconds: float = 0.0
    cut: Optional[str] = None  # never, before, headers, body, after
    reset: bool = False
    instead: Optional[bytes] = None
    bytes_per_second: float = 0.0
    chunked: bool = False
    trailers: bool = False  # after the last chunk
    date_skew_seconds: float = 0.0


@dataclass
class Response:
    status: int
    headers: List[Tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    delivery: Delivery = field(default_factory=Delivery)

    def set_header(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


def read_request(stream, connection_socket, scheme):
    """The next request, or None at a clean end of the connection."""
    line = stream.readline(HEAD_LIMIT)
    if line in (b"\r\n", b"\n"):
        line = stream.readline(HEAD_LIMIT)
    if not line:
        return None
    parts = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest("request line")
    headers = _read_headers(stream)
    request = Request(parts[0], parts[1], parts[2], headers, b"", scheme)
    hosts = [v for n, v in headers if n.lower() == "host"]
    if len(hosts) != 1:
        raise BadRequest("one Host header is required")
    request.body = _read_body(stream, connection_socket, request)
    return request


def _read_headers(stream):
    headers = []
    total = 0
    while True:
        line = stream.readline(HEAD_LIMIT)
        total += len(line)
        if total > HEAD_LIMIT or not line.endswith(b"\n"):
            raise BadRequest("header section")
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("header line")
        headers.append((name, value))


def _read_body(stream, connection_socket, request):
    if request.header("transfer-encoding") is not None:
        raise BadRequest("chunked requests are not read")
    length = request.header("content-length")
    if length is None:
        return b""
    if not length.isascii() or not length.isdigit() or int(length) > BODY_LIMIT:
        raise BadRequest("Content-Length")
    if (request.header("expect") or "").lower() == "100-continue":
        connection_socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(int(length))
    if len(body) != int(length):
        raise BadRequest("body shorter than Content-Length")
    return body


def send_response(connection_socket, response, now, keep_alive):
    """Deliver a response; returns whether the connection may be used again."""
    delivery = response.delivery
    if delivery.delay_seconds:
        time.sleep(delivery.delay_seconds)
    if delivery.cut == "never":
        return _keep_waiting(connection_socket)
    if delivery.cut == "before":
        return _cut(connection_socket, delivery)
    if delivery.instead is not None:
        connection_socket.sendall(delivery.instead)
        return False
    head = _head(response, now + delivery.date_skew_seconds, keep_alive)
    if delivery.cut == "headers":
        connection_socket.sendall(head[: len(head) // 2])
        return _cut(connection_socket, delivery)
    if delivery.cut == "body":
        connection_socket.sendall(head + response.body[: len(response.body) // 2])
        return _cut(connection_socket, delivery)
    if delivery.bytes_per_second:
        _trickle(connection_socket, head, response.body, delivery.bytes_per_second)
    elif delivery.chunked:
        connection_socket.sendall(head + _chunks(response.body, delivery.trailers))
    else:
        connection_socket.sendall(head + response.body)
    if delivery.cut == "after":
        return _cut(connection_socket, delivery)
    return keep_alive


def _head(response, now, keep_alive):
    reason = http.client.responses.get(response.status, "Unknown")
    lines = ["HTTP/1.1 %d %s" % (response.status, reason)]
    lines += ["%s: %s" % pair for pair in response.headers]
    if response.delivery.chunked:
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append("Content-Length: %d" % len(response.body))
    lines.append("Date: " + formatdate(now, usegmt=True))
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(body, trailers, size=7):
    pieces = (body[i : i + size] for i in range(0, len(body), size))
    end = b"0\r\n%s\r\n" % (b"X-Served-By: nobody\r\n" if trailers else b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + end


def _trickle(connection_socket, head, body, bytes_per_second):
    connection_socket.sendall(head)
    for i in range(len(body)):
        connection_socket.sendall(body[i : i + 1])
        time.sleep(1.0 / bytes_per_second)


def has_left(connection_socket):
    """Whether the client has ended the connection; nothing is read, from TLS neither."""
    if not select.select([connection_socket], [], [], 0)[0]:
        return False
    try:
        return not socket.socket.recv(connection_socket, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return True


def _keep_waiting(connection_socket):
    """Until the client leaves, or says more, which nobody reads."""
    select.select([connection_socket], [], [], WAIT_SECONDS)
    return False


def _cut(connection_socket, delivery):
    if delivery.reset:
        # A linger of zero makes close() send RST in place of FIN.
        linger = struct.pack("ii", 1, 0)
        connection_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    return False
