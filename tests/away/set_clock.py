"""``scrapy`` in a process whose wall clock is set by an hour, by the signal SIGUSR1.

Run it as ``python -m tests.away.set_clock SECONDS WORDS…``, with a negative number to set it back.
"""

from __future__ import annotations

import signal
import sys
import time


class WallClock:
    """Reads the machine's clock, and after ``set`` what it would read if it had been set."""

    def __init__(self) -> None:
        self._machine = time.time
        self._set_by_s = 0.0

    def __call__(self) -> float:
        return self._machine() + self._set_by_s

    def set(self, by_s: float) -> None:
        self._set_by_s = by_s


if __name__ == "__main__":
    clock = time.time = WallClock()  # before anything takes the machine's
    signal.signal(signal.SIGUSR1, lambda *_: clock.set(float(sys.argv[1])))
    from scrapy.cmdline import execute

    execute(["scrapy", *sys.argv[2:]])
