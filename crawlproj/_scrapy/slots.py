"""Drives the slots of Scrapy's downloader, for schedulers that do not ask for permits."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Downloader

_MIN_DELAY_S = 0.001


def open_slot(downloader: Downloader, request: Request, concurrency: int) -> None:
    """Create the slot of ``request``, which has none yet, with ``concurrency``.

    Raises CrawlprojError if this Scrapy's downloader is built differently.
    """
    require(downloader, "slots", "per_slot_settings", "_delay", "_get_slot", "_process_queue")
    _, slot = downloader._get_slot(request)
    slot.concurrency, slot.jitter = concurrency, 0.0
    slot.delay = max(slot.delay, _MIN_DELAY_S)


def drive_slot(
    downloader: Downloader, key: str, *, concurrency: int, delay_s: float, rest_s: float
) -> None:
    """Let the slot ``key`` admit requests as a site's control does.

    delay_s: between two starts, if DOWNLOAD_DELAY or DOWNLOAD_SLOTS do not ask for more.
    rest_s: before the next start.
    """
    slot = downloader.slots.get(key)
    if slot is None:
        return
    own_s = downloader.per_slot_settings.get(key, {}).get("delay", downloader._delay)
    slot.concurrency, slot.jitter = concurrency, 0.0
    # Without a delay, Scrapy 2.19 empties a slot's queue at once, because its tasks have not run
    # yet when it looks whether there is room; with a delay it takes one at a time.
    slot.delay = max(own_s, delay_s, _MIN_DELAY_S)
    if rest_s > 0:
        slot.delay = max(slot.delay, rest_s + monotonic() - slot.lastseen)
    if slot.latercall is not None:
        # It waits for the previous delay.
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)
