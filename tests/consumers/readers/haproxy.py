# SPDX-License-Identifier: ISC
import re

from reader import HERE, Ports, Reader

SCRIPT = "/etc/haproxy/commit-certificate"

CONFIGURATION = """
global
    stats socket {directory}/admin.sock level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend tested
    bind 127.0.0.1:{port} ssl crt {link}/site.pem
    http-request return status 200
"""


class Certificate(Reader):
    commands = ("haproxy", "socat")

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        self.write("haproxy.cfg", CONFIGURATION.format(directory=self.directory, port=self.port, link=self.link))
        self.spawn("haproxy", "-db", "-f", "haproxy.cfg")

    def stand_ins(self):
        """The script is the one of the page, with this HAProxy's socket and certificate."""
        page = (HERE.parent.parent / "docs" / "readers.md").read_text()
        script = self.directory / "commit-certificate"
        if not script.exists():
            text = re.search(f"^```sh {SCRIPT}\n(.*?)^```", page, re.M | re.S)[1]
            script.write_text(text.replace("/run/haproxy/admin.sock", f"{self.directory}/admin.sock").replace("/etc/haproxy/site/", f"{self.link}/"))
            script.chmod(0o755)
        return {SCRIPT: script}

    def has(self):
        return self.pairs.shown(self.port)
