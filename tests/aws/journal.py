# SPDX-License-Identifier: ISC
"""requests.log: one JSON object a line for each request, whole lines only.

A line is written before its answer is sent, so that who has the answer finds
the line. It holds what callers hand it; they hand it no secret value.
"""

import json
import os
import threading


class Journal:
    def __init__(self, path):
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, entry):
        with self._lock:
            os.write(self._fd, (json.dumps(entry) + "\n").encode())

    def empty(self):
        with self._lock:
            os.ftruncate(self._fd, 0)
