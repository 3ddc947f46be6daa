# SPDX-License-Identifier: ISC
import glob
import pwd
import shutil
import signal
import struct
import threading

from reader import ROOT, Ports, Reader

PROGRAMS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1:]
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def ask_for_tls(plain):
    plain.sendall(SSL_REQUEST)
    if plain.recv(1) != b"S":
        raise OSError("no TLS here")


class Pair(Reader):
    user = "postgres"
    ends_by = signal.SIGINT
    lock, made = threading.Lock(), None

    @classmethod
    def lacks(cls):
        if not PROGRAMS:
            return "postgres is not installed"
        if ROOT and cls.user not in [entry.pw_name for entry in pwd.getpwall()]:
            return "there is no user postgres"
        return None

    def content(self, value):
        return self.pairs.content(value)

    def start(self):
        self.port = Ports.take()
        data = self.directory / "data"
        if ROOT:
            shutil.chown(self.directory, self.user)
        with self.lock:     # the first one makes a cluster, the others copy it
            if not Pair.made:
                Pair.made = self.directory / "made"
                self.spawn(f"{PROGRAMS[0]}/initdb", "-N", "-A", "trust", "-U", "postgres", Pair.made).wait()
        self.spawn("cp", "-a", Pair.made, data).wait()
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "external_pid_file": self.directory / "pid",
                    "ssl": "on", "ssl_cert_file": self.link / "cert.pem", "ssl_key_file": self.link / "key.pem", "fsync": "off"}
        self.spawn(f"{PROGRAMS[0]}/postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items()))

    def stand_ins(self):
        return {"/run/postgresql/15-main.pid": self.directory / "pid"}

    def has(self):
        return self.pairs.shown(self.port, ask_for_tls)
