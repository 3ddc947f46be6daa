# SPDX-License-Identifier: ISC
"""Where the test server can be reached: TCP on loopback, both families on one port where there are both; or on
one address that a test has given to its network namespace.

A listener hands each connection to a thread of its own. It can be shut, so that
connecting is refused, and opened again on the same port; connections that it
accepted live on. It reads and writes nothing itself.
"""

import socket
import threading


class Listener:
    def __init__(self, serve, port=0, ipv4_only=False, host="127.0.0.1"):
        """serve(socket) is called for each connection."""
        self._host = host
        self._ipv4_only = ipv4_only or host != "127.0.0.1"
        self._serve = serve
        self._sockets = _bind(host, port, self._ipv4_only)
        self.port = self._sockets[0].getsockname()[1]
        self._open = False
        self.open()

    def shut(self):
        if self._open:
            self._open = False
            for listening in self._sockets:
                # close() alone would leave the thread that is in accept() there, and the port open.
                listening.shutdown(socket.SHUT_RDWR)
                listening.close()
            # Bound and deaf: connecting is refused, and nobody else gets the port.
            self._sockets = _bind(self._host, self.port, self._ipv4_only)

    def open(self):
        if not self._open:
            self._open = True
            for listening in self._sockets:
                listening.listen(128)
                start(self._accept_for_ever, listening)

    def _accept_for_ever(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                if listening not in self._sockets or not self._open:
                    return
                continue
            start(self._serve, connection)


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _bind(host, port, ipv4_only):
    for _ in range(20):
        first = _bound(socket.AF_INET6 if ":" in host else socket.AF_INET, host, port)
        if ipv4_only:
            return [first]
        try:
            return [first, _bound(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError:
            # Either no IPv6 here, or the port is taken there: a fixed port is kept as it is.
            if port or not _has_ipv6():
                return [first]
            first.close()
    raise RuntimeError("no port that is free in both families")


def _bound(family, address, port):
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    return listening


def _has_ipv6():
    try:
        _bound(socket.AF_INET6, "::1", 0).close()
        return True
    except OSError:
        return False
