# SPDX-License-Identifier: ISC
import os

import asking
from reader import Ports, Reader



class Caddy(Reader):
    commands = ("caddy",)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.port, self.admin = Ports.take(), Ports.take()
        self.environment = {**os.environ, "HOME": str(self.directory), "XDG_DATA_HOME": str(self.directory), "XDG_CONFIG_HOME": str(self.directory)}

    def options(self):
        return f"{{\n\tadmin localhost:{self.admin}\n\tauto_https off\n}}\n"


class Watch(Caddy):
    def content(self, value):
        return {"Caddyfile": f"{self.options()}http://127.0.0.1:{self.port} {{\n\trespond {value}\n}}\n"}

    def start(self):
        self.spawn("caddy", "run", "--watch", "--config", self.link / "Caddyfile", env=self.environment)

    def has(self):
        return asking.get(self.port, "/")[2]


class Pair(Caddy):
    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.write("Caddyfile", f"{self.options()}https://localhost:{self.port} {{\n\tbind 127.0.0.1\n"
                                f"\ttls {self.link}/cert.pem {self.link}/key.pem\n}}\n")
        self.spawn("caddy", "run", "--config", "Caddyfile", env=self.environment)

    def stand_ins(self):
        return {"/etc/caddy/Caddyfile": self.directory / "Caddyfile"}

    def has(self):
        return self.pairs.shown(self.port)
