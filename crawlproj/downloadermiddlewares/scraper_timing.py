"""Times callbacks and pipelines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from crawlproj._scrapy.callbacks import watch_callbacks
from crawlproj._scrapy.scraper import surround_pipelines

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.core.scraper import Scraper
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj._scrapy.scraper import ProcessItem
    from crawlproj.latency import LatencyRecorder


class Stopwatch:
    """Adds up the seconds that a callback's code runs, without the time it awaits.

    clock: monotonic seconds. done: called with the total.
    """

    __slots__ = ("_began", "_clock", "_done", "_seconds")

    def __init__(self, clock: Callable[[], float], done: Callable[[float], None]) -> None:
        self._clock = clock
        self._done = done
        self._seconds = self._began = 0.0

    def begin(self) -> None:
        """Go on."""
        self._began = self._clock()

    def end(self) -> None:
        """Pause."""
        self._seconds += self._clock() - self._began

    def close(self) -> None:
        """Stop."""
        self._done(self._seconds)


def time_scraper(scraper: Scraper, recorder: LatencyRecorder, clock: Callable[[], float]) -> None:
    """Record the time of each callback or errback, and of each item's pipelines.

    Raises CrawlprojError if this version of Scrapy is not supported.
    """
    record_callback = partial(recorder.add, "callback")

    def timed_callback(request: Request) -> Stopwatch:  # noqa: ARG001 - all are timed
        return Stopwatch(clock, record_callback)

    def timed_item(process_item: ProcessItem) -> ProcessItem:
        async def process(item: Any, *, response: Response | Failure | None) -> None:
            began = clock()
            try:
                await process_item(item, response=response)
            finally:
                recorder.add("pipelines", clock() - began)

        return process

    watch_callbacks(scraper, timed_callback)
    surround_pipelines(scraper, timed_item)
