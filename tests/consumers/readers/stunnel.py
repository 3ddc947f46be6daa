# SPDX-License-Identifier: ISC
from reader import Ports, Reader


class Pair(Reader):
    commands = ("stunnel",)

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        configuration = self.write("stunnel.conf", f"""
foreground = yes
pid = {self.directory}/pid
[tested]
accept = 127.0.0.1:{self.port}
connect = 127.0.0.1:9
cert = {self.link}/cert.pem
key = {self.link}/key.pem
""")
        self.spawn("stunnel", configuration)

    def stand_ins(self):
        return {"/run/stunnel4/stunnel.pid": self.directory / "pid"}

    def has(self):
        return self.pairs.shown(self.port)
