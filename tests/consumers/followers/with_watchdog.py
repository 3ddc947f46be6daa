# SPDX-License-Identifier: ISC
"""with_watchdog.py Observer|PollingObserver FILE: watchdog on the directory of that file."""
import sys
from pathlib import Path

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

file = Path(sys.argv[2])


class Handler(FileSystemEventHandler):
    def on_any_event(self, event):
        if event.event_type != "opened" and event.event_type != "closed":
            print(file.read_text().strip())


observer = {"Observer": Observer, "PollingObserver": PollingObserver}[sys.argv[1]]()
observer.schedule(Handler(), str(file.parent), recursive=True)
observer.start()
print("watching")
observer.join()
