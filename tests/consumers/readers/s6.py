# SPDX-License-Identifier: ISC
import subprocess
from pathlib import Path

from reader import Reader


class Service(Reader):
    """A service that reads its configuration when it starts, and has it in its environment."""
    commands = ("s6-svscan", "s6-svc", "s6-svstat")

    def start(self):
        self.service = self.directory / "scan" / "tested"
        self.service.mkdir(parents=True)
        run = self.service / "run"
        run.write_text(f"#!/bin/sh\nread -r VALUE <'{self.link}/value'\nexport VALUE\nexec sleep 1000\n")
        run.chmod(0o755)
        self.spawn("s6-svscan", self.directory / "scan")

    def stand_ins(self):
        return {"/run/service/app": self.service}

    def has(self):
        pid = subprocess.run(["s6-svstat", "-o", "pid", self.service], check=True, capture_output=True, text=True).stdout.strip()
        return dict(line.split("=", 1) for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in line)["VALUE"]
