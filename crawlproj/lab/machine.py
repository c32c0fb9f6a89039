"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "aiohttp", "gevent", "greenlet", "gunicorn", "liburing", "pyuwsgi", "scrapy", "tornado",
    "twisted", "uvicorn", "uvloop", "werkzeug",
)  # fmt: skip
BUSY_LOAD = 0.3  # processes that want to run, per core, from which others are at work


def describe() -> dict[str, Any]:
    """Return the machine and the versions at work.

    load: what the machine was asked to run in the minute before, per core. busy: that others were
    at work, so that the figures are provisional.
    """
    cores = usable_cores()
    load = os.getloadavg()[0] / cores
    return {
        "cpu": _cpu(),
        "cores": cores,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "switch_interval_ms": sys.getswitchinterval() * 1000,
        "libraries": dict(_versions()),
        "load": round(load, 2),
        "busy": load >= BUSY_LOAD,
        "measured_at": round(time.time()),
    }


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> list[tuple[str, str]]:
    found = []
    for name in _LIBRARIES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed"))
    return found
