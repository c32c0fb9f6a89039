"""A spider's requests as entries of its frontier, and back; what cannot be stored is kept here."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.links.normalize import registrable_domain
from crawlproj.scheduling.serialize import (
    RETRY_AT,
    VOLATILE,
    BadPayload,
    Unstorable,
    entry_of,
    key_of,
    request_of,
    volatile_entry,
)

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.statscollectors import StatsCollector

    from crawlproj.frontier.base import Entry

logger = logging.getLogger(__name__)


class Lost(BadPayload):
    """The request was kept in the memory of a process that has ended."""

    reason = "lost"


class Entries:
    """See the module docstring.

    shared: other processes work on the frontier, so all of a request must be stored.
    by_domain: a registrable domain is one queue, so that one worker has it and keeps to its limits.
    """

    def __init__(
        self, spider: Spider, stats: StatsCollector, *, shared: bool, by_domain: bool
    ) -> None:
        self._spider = spider
        self._stats = stats
        self._shared = shared
        self._by_domain = by_domain
        self._volatile: dict[int, Request] = {}
        self._warned = False

    def is_filtered(self, request: Request) -> bool:
        """Whether a request is fetched once only, however often it is enqueued.

        Scrapy marks seeds dont_filter; a continued crawl must not fetch them again.
        """
        return not request.dont_filter or bool(request.meta.get("is_start_request"))

    def key_of(self, request: Request) -> int:
        """Return what a new request is known by: a number of its own if it is not filtered."""
        if self.is_filtered(request):
            return key_of(request)
        return secrets.randbits(64) - (1 << 63)

    def entry_of(self, request: Request, key: int, site: str = "") -> Entry:
        """Return ``request`` as an entry. Raises Unstorable, where others work on the frontier.

        site: the queue of the lease it goes back to; without one it is new, and its meta may be a
        copy of the page's.
        """
        retry_at = request.meta.pop(RETRY_AT, 0.0)
        entry = self._stored(request, key, latest=bool(site))
        if self._by_domain:
            entry = replace(entry, site=registrable_domain(entry.site))
        return replace(entry, not_before=retry_at, site=site) if site else entry

    def request_of(self, entry: Entry) -> Request:
        """Return the request that ``entry`` stands for. Raises BadPayload; Lost, which is one."""
        if entry.payload != VOLATILE:
            return request_of(entry, self._spider)
        try:
            return self._volatile[entry.key]
        except KeyError:
            raise Lost(f"{entry.url}: lost with the process that held it in memory") from None

    def forget(self, entry: Entry) -> None:
        """Note that ``entry`` has ended."""
        self._volatile.pop(entry.key, None)

    def _stored(self, request: Request, key: int, *, latest: bool) -> Entry:
        try:
            return entry_of(request, self._spider, key)
        except Unstorable as exc:
            if self._shared:
                raise
            if not self._warned:
                self._warned = True
                logger.warning("Kept in memory, and lost if this process dies: %s", exc)
            self._stats.inc_value("frontier/unstorable")
            if latest or key not in self._volatile:
                self._volatile[key] = request
            return volatile_entry(request, key)
