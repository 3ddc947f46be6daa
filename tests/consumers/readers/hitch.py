# SPDX-License-Identifier: ISC
from reader import ROOT, Ports, Reader


class Pair(Reader):
    commands = ("hitch",)

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        user = ["--user=nobody"] if ROOT else []
        self.spawn("hitch", f"--frontend=[127.0.0.1]:{self.port}", "--backend=[127.0.0.1]:9", f"--pidfile={self.directory}/pid",
                   "--workers=1", *user, self.link / "site.pem")

    def stand_ins(self):
        return {"/run/hitch/hitch.pid": self.directory / "pid"}

    def has(self):
        return self.pairs.shown(self.port)
