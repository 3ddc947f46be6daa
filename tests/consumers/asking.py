# SPDX-License-Identifier: ISC
"""HTTP, over loopback or a socket of the file system."""
import http.client
import json
import socket
import xmlrpc.client

ASK_SECONDS = 2


def get(port, path, headers=None):
    """(status, headers, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def get_json(port, path):
    return json.loads(get(port, path)[2])


class LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=ASK_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ASK_SECONDS)
        self.sock.connect(str(self.path))


class LocalTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        return LocalConnection(self.path)


def xmlrpc_at(path):
    """The XML-RPC server behind a socket."""
    return xmlrpc.client.ServerProxy("http://localhost", transport=LocalTransport(path))
