"""python -m tests.fleet.stub_worker FOLDER NAME STEP…: acts like a worker, without a crawl.

Steps, in order: work (until SIGTERM), stubborn (work, but ignore SIGTERM), page=URL (process a
page), first=URL (process a page before any is done), die=SIGNAL, exit=STATUS, grow=MB, silent
(write no status until SIGTERM).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from crawlproj.fleet.breadcrumb import Breadcrumb, CurrentPage
from crawlproj.fleet.files import breadcrumb_file, status_file
from crawlproj.fleet.worker_status import WorkerStatus
from crawlproj.private_files import write_whole


def main(folder: Path, name: str, steps: list[str]) -> None:
    """Carry out the steps."""
    breadcrumb = Breadcrumb(breadcrumb_file(folder, name))
    owner, beat, memory_mb, drained = os.getpid() % 1000 + 1, 0, 10.0, False

    def drain(*_: object) -> None:
        nonlocal drained
        drained = True

    signal.signal(signal.SIGTERM, drain)
    for step in steps:
        action, _, value = step.partition("=")
        if action == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if action in {"work", "stubborn"}:
            while not drained:
                beat += 1
                status = WorkerStatus(os.getpid(), beat, owner, done=beat, memory_mb=memory_mb)
                write_whole(status_file(folder, name), status.text())
                time.sleep(0.02)
            breadcrumb.close()
            return
        match action:
            case "silent":
                while not drained:
                    time.sleep(0.02)
            case "grow":
                memory_mb = float(value)
            case "page" | "first":
                breadcrumb.note(CurrentPage((owner << 32) + 1, value))
                status = WorkerStatus(os.getpid(), beat + 1, owner, done=int(action == "page"))
                write_whole(status_file(folder, name), status.text())
            case "die":
                os.kill(os.getpid(), int(value))
            case "exit":
                sys.stderr.write(f"Error: exiting with {value}\n")
                os._exit(int(value))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
