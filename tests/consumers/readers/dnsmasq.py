# SPDX-License-Identifier: ISC
import re
import socket
import struct

from reader import Ports, Reader

ASK_SECONDS = 2
QUESTION = b"\6tested\0" + struct.pack("!HH", 1, 1)


class Dnsmasq(Reader):
    """The value is the last byte of the address of the name `tested`."""
    commands = ("dnsmasq",)
    option = ""

    def content(self, value):
        return {"hosts": f"127.1.0.{re.search('[0-9]+', value)[0]} tested\n"}

    def start(self):
        self.port = Ports.take()
        self.spawn("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-facility=-", "--user=root",
                   "--bind-interfaces", "--listen-address=127.0.0.1", f"--port={self.port}", f"--pid-file={self.directory}/pid",
                   self.option.format(link=self.link))

    def stand_ins(self):
        return {"/run/dnsmasq/dnsmasq.pid": self.directory / "pid"}

    def has(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(ASK_SECONDS)
            asking.connect(("127.0.0.1", self.port))
            asking.send(struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + QUESTION)
            answer = asking.recv(512)
        answers = struct.unpack("!H", answer[6:8])[0]
        if answers != 1:
            raise ValueError(f"{answers} answers")
        return f"generation-{answer[-1]}"


class HostsDirectory(Dnsmasq):
    option = "--hostsdir={link}"


class HostsFile(Dnsmasq):
    option = "--addn-hosts={link}/hosts"
