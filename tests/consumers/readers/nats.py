# SPDX-License-Identifier: ISC
from reader import Ports, Reader


def take_greeting(plain):
    """The server speaks first, one line, and then begins with TLS."""
    while plain.recv(1) != b"\n":
        pass


class Pair(Reader):
    commands = ("nats-server",)

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        self.write("nats.conf", f"""
listen: "127.0.0.1:{self.port}"
pid_file: "{self.directory}/pid"
tls {{ cert_file: "{self.link}/cert.pem", key_file: "{self.link}/key.pem" }}
""")
        self.spawn("nats-server", "-c", "nats.conf")

    def stand_ins(self):
        return {"/run/nats-server.pid": self.directory / "pid"}

    def has(self):
        return self.pairs.shown(self.port, take_greeting)
