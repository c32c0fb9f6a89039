"""Ends requests whose lease another worker may have: its site would get those of two workers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from scrapy import Request

    from crawlproj.scheduling.work import WorkInHand

logger = logging.getLogger(__name__)


class LeaseLost(IgnoreRequest):
    """The lease of this request may be another worker's: it is not sent, or is cut short."""


class Downloads(Protocol):
    """The part of DownloadHandler that the fence needs."""

    def cancel(self, requests: Container[Request], error: Exception) -> None:
        """End the downloads of ``requests`` with ``error``."""


class Fence:
    """Keeps a worker from asking a site on leases that may have expired.

    A worker can be suspended at any moment, and only learns afterwards that it was. So leases are
    checked where a request is about to be written to its connection: what was handed out before
    may still wait for robots.txt, a name or a connection.

    valid: whether no other worker can have the leases.
    """

    def __init__(self, in_hand: WorkInHand, valid: Callable[[], bool], *, spider: object) -> None:
        self._in_hand = in_hand
        self._valid = valid
        self._spider = spider

    def check(self, request: Request) -> None:
        """Raise LeaseLost if ``request`` must not be sent."""
        work = self._in_hand.of(request)
        if work is None or (not work.cut_short and self._valid()):
            return
        work.cut_short = True
        raise LeaseLost(f"{request} was not sent: another worker may have it now")

    def lose(self, lease_ids: Container[int], downloads: Downloads) -> None:
        """End the requests on these leases that wait to be sent or for their answer."""
        lost = {
            work.request: work
            for work in self._in_hand
            if work.lease.id in lease_ids and not work.responded
        }
        if not lost:
            return
        for work in lost.values():
            work.cut_short = True
        logger.warning(
            "%d requests are cut short, because their leases were not renewed in time and another "
            "worker may have them now",
            len(lost),
            extra={"spider": self._spider},
        )
        downloads.cancel(lost.keys(), LeaseLost("its lease was not renewed in time"))
