# SPDX-License-Identifier: ISC
from reader import Ports, Reader


class Pair(Reader):
    commands = ("redis-server", "redis-cli")

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        self.spawn("redis-server", "--port", 0, "--unixsocket", "redis.sock", "--tls-port", self.port, "--bind", "127.0.0.1", "--save", "",
                   "--tls-cert-file", self.link / "cert.pem", "--tls-key-file", self.link / "key.pem", "--tls-auth-clients", "no")

    def stand_ins(self):
        return {"redis-cli": f"redis-cli -s {self.directory}/redis.sock"}

    def has(self):
        return self.pairs.shown(self.port)
