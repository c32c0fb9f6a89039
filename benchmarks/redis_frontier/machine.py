"""What else the machine did during a run: figures of a busy one mean little."""

from __future__ import annotations

import os
from pathlib import Path

_STAT = Path("/proc/stat")
_WORKING = (0, 1, 2, 5, 6)  # of proc(5)'s columns: user, nice, system, irq, softirq


def busy_s() -> float:
    """Return the CPU seconds that all processes used since the start; 0 where none can tell."""
    if not _STAT.exists():
        return 0.0
    ticks = [int(word) for word in _STAT.read_text().partition("\n")[0].split()[1:]]
    return sum(ticks[column] for column in _WORKING) / os.sysconf("SC_CLK_TCK")
