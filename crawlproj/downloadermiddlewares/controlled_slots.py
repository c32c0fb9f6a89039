"""Limits the requests of a scheduler that takes no permits, such as Scrapy's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj._scrapy.engine import engine_of
from crawlproj._scrapy.slots import drive_slot, open_slot
from crawlproj.limits.permits import Permits

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawlproj.limits.ending import Ending
    from crawlproj.limits.site import SiteControl


class ControlledSlots:
    """The downloader's slots: the limit of a site sets the concurrency, its rate or rest the delay.

    make: builds the control of a new slot, which its key names. clock: unix seconds.
    """

    def __init__(
        self, crawler: Crawler, make: Callable[[str], SiteControl], clock: Callable[[], float]
    ) -> None:
        self._crawler = crawler
        self._make = make
        self._clock = clock
        self._controls = Permits(make, clock)

    def open(self, request: Request) -> None:
        """Open the slot of ``request`` as its control begins, unless it is open."""
        if (engine := engine_of(self._crawler)) is None:
            return
        downloader = engine.downloader
        key = downloader.get_slot_key(request)
        if key not in downloader.slots:
            open_slot(downloader, request, self._make(key).cap)

    def report(self, request: Request, ending: Ending) -> None:
        """Report to the control of the request's slot, and set the slot to what it now admits."""
        if (engine := engine_of(self._crawler)) is None:
            return
        downloader = engine.downloader
        key = downloader.get_slot_key(request)
        slot = downloader.slots.get(key)
        now = self._clock()
        timings = request.meta.get("timings")
        spent_s = sum(timings.values()) if timings else request.meta.get("download_latency", 0.0)
        in_flight = len(slot.transferring) + 1 if slot is not None else 1
        control = self._controls.observe(key, now - spent_s, in_flight, ending)
        spacing_s = max(control.delay_s, 1 / control.rate)
        rest_s = control.ready_at() - now
        drive_slot(
            downloader,
            key,
            concurrency=control.cap,
            delay_s=spacing_s,
            rest_s=rest_s if rest_s > spacing_s else 0.0,  # no more than spacing
        )
