"""Watches the event loop: how late it is, and which code blocks it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.asyncio import is_asyncio_available

from crawlproj.config import number
from crawlproj.latency import recorder_of
from crawlproj.latency.hogs import Blocked, HogDetector, Offence, Offences, times
from crawlproj.latency.stacks import culprit_of, depth_of, shown, stack_of, url_in

if TYPE_CHECKING:
    from types import FrameType

    from scrapy.crawler import Crawler

__all__ = ["Watchdog"]

logger = logging.getLogger(__name__)

_BEAT_S = 0.1
_WARN_EVERY_S = 30.0
_JOIN_S = 1.0


class Watchdog:
    """Records the loop's lag, and warns of code that blocks it for HOG_THRESHOLD seconds or longer.

    Every 100 ms, a timer of the loop measures how late it is. A stall is recorded as all the timers
    due every 100 ms would have measured it, each less than the one before, so that a long stall
    counts in the quantiles by its length (Gil Tene's correction for "coordinated omission").

    Code that blocks the loop stops every site. A thread checks whether the timer still fires, and
    if not, which code the loop's thread runs. It warns while the code runs, with the user's lines
    of the stack and the URL, at most every 30 s per function; the totals are logged at the end with
    level INFO. HOG_THRESHOLD = 0 switches the thread off. Stats: ``hogs/count``, ``hogs/worst_s``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._threshold_s = number(crawler.settings, "HOG_THRESHOLD", 0.5)
        self._crawler = crawler
        self._recorder = recorder_of(crawler)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._beat = 0.0
        self._depth = 0  # of the stack below the callbacks of the loop
        self._loop_thread = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._detector: HogDetector[FrameType] = HogDetector(self._threshold_s, _BEAT_S)
        self._offences = Offences(_WARN_EVERY_S)
        self._frames: list[FrameType] = []  # at the latest look
        crawler.signals.connect(self._on_opened, signals.spider_opened)
        crawler.signals.connect(self._on_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Watchdog:
        """Build the extension. Raises ConfigError if HOG_THRESHOLD is wrong."""
        return cls(crawler)

    def _on_opened(self) -> None:
        if not is_asyncio_available():
            logger.warning(
                "The event loop is not watched: that needs the asyncio reactor",
                extra={"spider": self._crawler.spider},
            )
            return
        # Called by the loop itself, so that the depth is that of its callbacks.
        asyncio.get_running_loop().call_soon(self._start)

    def _on_closed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        if offences := self._offences.by_name.values():
            logger.info(
                "The event loop was blocked by %s",
                self._offences.summary(),
                extra={"spider": self._crawler.spider},
            )
            stats = self._crawler.stats
            stats.set_value("hogs/count", sum(offence.count for offence in offences))
            stats.set_value("hogs/worst_s", max(offence.worst_s for offence in offences))

    # On the loop

    def _start(self) -> None:
        self._schedule(time.perf_counter())
        if self._threshold_s:
            self._depth = depth_of(sys._getframe(1))  # noqa: SLF001 - documented
            self._loop_thread = threading.get_ident()
            self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._thread.start()

    def _schedule(self, now: float) -> None:
        self._beat, self._due = now, now + _BEAT_S
        self._timer = asyncio.get_running_loop().call_later(_BEAT_S, self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        late = now - self._due
        self._recorder.lag(max(late, 0.0))
        while (late := late - _BEAT_S) > 0:
            self._recorder.lag(late)
        self._schedule(now)

    # In the thread

    def _watch(self) -> None:
        # Five looks within the threshold distinguish a hog from a loop that is merely busy.
        while not self._stop.wait(min(_BEAT_S, self._threshold_s / 5)):
            now = time.perf_counter()
            blocked = self._detector.look(now, time.process_time(), self._beat, self._running)
            if blocked is not None:
                self._report(blocked, now)
            self._frames = []  # free the page that they refer to

    def _running(self) -> FrameType | None:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - documented
        self._frames = stack_of(frame, self._depth)
        return culprit_of(self._frames)

    def _report(self, blocked: Blocked[FrameType], now: float) -> None:
        name = blocked.who.f_code.co_qualname
        offence = self._offences.note(name, blocked.seconds, now, is_new=blocked.is_new)
        if offence is not None:
            logger.warning(
                "%s",
                warning(name, blocked.seconds, offence, self._frames),
                extra={"spider": self._crawler.spider},
            )


def warning(name: str, seconds: float, offence: Offence, frames: list[FrameType]) -> str:
    """Return the warning about ``name``, which has run for ``seconds`` and is still running."""
    url = url_in(frames)
    again = f" ({times(offence.count)} so far, {offence.worst_s:.1f} s at worst)"
    return (
        f"{name} has been blocking the event loop for {seconds:.1f} s"
        f"{f', at {url}' if url else ''}{again if offence.count > 1 else ''}. "
        "No site is crawled until it returns. Make it faster, or move the slow part to a thread "
        f"(await asyncio.to_thread(...)). It is here:\n{shown(frames)}"
    )
