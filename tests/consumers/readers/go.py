# SPDX-License-Identifier: ISC
import os
import subprocess
import threading
from pathlib import Path

from reader import HERE, Follower

PACKAGES = Path("/usr/share/gocode")
BUILT = HERE.parent.parent / "build" / "consumers"


class Go(Follower):
    commands = ("go",)
    name, imports = "", ()
    lock = threading.Lock()

    @classmethod
    def lacks(cls):
        missing = [name for name in cls.imports if not (PACKAGES / "src" / name).is_dir()]
        return super().lacks() or (f"{missing[0]} is not in {PACKAGES}" if missing else None)

    def content(self, value):
        return {"app.yaml": f"value: {value}\n"}

    def start(self):
        environment = {**os.environ, "GOCACHE": str(BUILT / "go-cache"), "GOPATH": str(PACKAGES), "GO111MODULE": "off", "GOFLAGS": "", "GOPROXY": "off"}
        program = BUILT / self.name
        with self.lock:     # it is built once, and what it is built of stays in build/
            subprocess.run(["go", "build", "-o", program, HERE / "followers" / self.name / "main.go"], env=environment, check=True,
                           stdout=self.log, stderr=self.log)
        self.follow(program, self.link / "app.yaml")


class Viper(Go):
    name, imports = "viper", ("github.com/spf13/viper", "github.com/fsnotify/fsnotify")


class Fsnotify(Go):
    name, imports = "fsnotify", ("github.com/fsnotify/fsnotify",)
