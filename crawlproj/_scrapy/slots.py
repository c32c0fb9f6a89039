"""Drives the slots of Scrapy's downloader, for schedulers that do not ask for permits."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.core.downloader import Downloader, Slot
    from scrapy.http import Response
    from twisted.internet.defer import Deferred


class _Queue(deque["tuple[Request, Deferred[Response]]"]):
    """The requests that wait in a slot; one that leaves counts as in transfer at once.

    Scrapy 2.19 counts it when its task first runs. A slot whose queue is processed twice before
    that, for example by two answers in one turn of the loop, starts more than its concurrency.
    """

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot.queue)
        self._transferring = slot.transferring

    def popleft(self) -> tuple[Request, Deferred[Response]]:
        request, downloaded = super().popleft()
        self._transferring.add(request)
        return request, downloaded


def open_slot(downloader: Downloader, request: Request, concurrency: int) -> None:
    """Create the slot of ``request``, which has none yet, with ``concurrency``.

    Raises CrawlprojError if this Scrapy's downloader is built differently.
    """
    require(downloader, "slots", "per_slot_settings", "_delay", "_get_slot", "_process_queue")
    _, slot = downloader._get_slot(request)
    _set_concurrency(slot, concurrency)


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
    _set_concurrency(slot, concurrency)
    slot.delay = max(own_s, delay_s)
    if rest_s > 0:
        slot.delay = max(slot.delay, rest_s + monotonic() - slot.lastseen)
    if slot.latercall is not None:
        # It waits for the previous delay.
        slot.latercall.cancel()
        slot.latercall = None
    downloader._process_queue(slot)


def _set_concurrency(slot: Slot, concurrency: int) -> None:
    slot.concurrency, slot.jitter = concurrency, 0.0
    if not isinstance(slot.queue, _Queue):
        slot.queue = _Queue(slot)
