"""The clock of a crawl: unix seconds that pass evenly, however the machine's clock is set."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# The time for which the machine was suspended passes, too, because leases expire meanwhile. On
# Linux only CLOCK_BOOTTIME counts it, elsewhere CLOCK_MONOTONIC may.
_passed = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def steady(
    wall: Callable[[], float] = time.time,
    passed: Callable[[], float] = _passed,
) -> Callable[[], float]:
    """Return a clock that reads ``wall`` now, once, and goes on as ``passed`` does.

    wall: unix seconds. passed: seconds since any moment, never set.
    """
    anchor = wall() - passed()
    return lambda: anchor + passed()


crawl_time = steady()
"""Unix seconds as this process began, plus what has passed since.

Waits, rests, leases and deadlines are computed with it; what is stored for people, such as
``fetched_at``, is the wall clock's.
"""
