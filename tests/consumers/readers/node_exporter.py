# SPDX-License-Identifier: ISC
import re

import asking
from reader import Ports, Reader


class Textfile(Reader):
    commands = ("prometheus-node-exporter",)

    def content(self, value):
        return {"tested.prom": f'tested{{value="{value}"}} 1\n'}

    def start(self):
        self.port = Ports.take()
        self.spawn("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.port}", "--collector.disable-defaults",
                   "--collector.textfile", f"--collector.textfile.directory={self.link}")

    def has(self):
        return re.search('^tested{value="(.*)"}', asking.get(self.port, "/metrics")[2], re.M)[1]
