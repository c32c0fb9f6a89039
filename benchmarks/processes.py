"""Crawls in separate processes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource
    import subprocess

ROOT = Path(__file__).parent.parent
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""Unit of ru_maxrss, by getrusage(2)."""

_TAIL = 3000


class WrongResult(Exception):
    """A crawl failed or did not do its job, so its figures mean nothing."""


def stop_when_terminated() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that it stops the crawls it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def environment(*, ours: bool) -> dict[str, str]:
    """Return an environment in which ``scrapy`` uses our settings, or those of stock Scrapy."""
    module = "crawlproj.settings" if ours else "benchmarks.stock_settings"
    return os.environ | {"SCRAPY_SETTINGS_MODULE": module}


def wait(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Wait for a process; return the resources that it and its children used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def failure(command: list[str], status: int | str, log: Path) -> WrongResult:
    """Return the error for a crawl that ended wrongly, with the end of its log."""
    words = log.read_text(errors="replace")[-_TAIL:]
    return WrongResult(f"{' '.join(command)} ended with {status}:\n{words}")
