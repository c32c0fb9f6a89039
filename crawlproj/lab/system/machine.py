"""The machine that the figures were measured on, and how busy other programs kept it."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LIBRARIES = (
    "aiohttp", "gevent", "greenlet", "gunicorn", "liburing", "pyuwsgi", "scrapy", "tornado",
    "twisted", "uvicorn", "uvloop", "werkzeug",
)  # fmt: skip
_STAT = Path("/proc/stat")
_WORKING = (0, 1, 2, 5, 6)  # columns of proc(5): user, nice, system, irq, softirq
_OBSERVATION_S = 0.5
_BUSY = 0.05  # share of the machine from which other programs visibly distort the figures


def cpu_share_in_use(wait: Callable[[float], None] = time.sleep) -> float | None:
    """Watch this machine for half a second; return the share of its CPU in use, 0 to 1.

    Call it while the lab itself runs nothing: the kernel's total does not say which program used
    the CPU. None where the system does not provide the total.
    """
    before, began = busy_s(), time.monotonic()
    wait(_OBSERVATION_S)
    if not (now := busy_s()):
        return None
    return min(1.0, (now - before) / ((time.monotonic() - began) * (os.cpu_count() or 1)))


def busy_s() -> float:
    """Return the CPU seconds used by all processes since boot, or 0 if the system hides them."""
    if not _STAT.exists():
        return 0.0
    ticks = [int(word) for word in _STAT.read_text().partition("\n")[0].split()[1:]]
    return sum(ticks[column] for column in _WORKING) / os.sysconf("SC_CLK_TCK")


def describe(others: float | None = None) -> dict[str, Any]:
    """Return the machine and the versions of the libraries, as ``lab.json`` has them.

    others: the share of the machine that other programs used (see ``cpu_share_in_use``). The row's
    ``busy`` says whether that is so much that the figures are provisional.
    """
    return {
        "cpu": _cpu(),
        "cores": usable_cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "switch_interval_ms": sys.getswitchinterval() * 1000,
        "libraries": dict(_versions()),
        "others": None if others is None else round(others, 3),
        "busy": others is not None and others >= _BUSY,
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
    versions = []
    for name in _LIBRARIES:
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            versions.append((name, "not installed"))
    return versions
