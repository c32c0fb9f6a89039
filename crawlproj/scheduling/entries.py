"""A spider's requests as entries of its frontier, and back; what cannot be stored is kept here."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

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
from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.statscollectors import StatsCollector

    from crawlproj.frontier.base import Entry, Lease

logger = logging.getLogger(__name__)


class Lost(BadPayload):
    """The request was kept in the memory of a process that has ended."""

    reason = "lost"


class Entries:
    """Turns requests into entries and entries into requests.

    retry_times: RETRY_TIMES, for a retry that cannot be stored.
    shared: other processes work on the frontier, so every part of a request must be stored.
    by_domain: a registrable domain is one queue, so one worker has all of it and keeps its limits.
    """

    def __init__(
        self,
        spider: Spider,
        stats: StatsCollector,
        *,
        retry_times: int,
        shared: bool,
        by_domain: bool,
    ) -> None:
        self._spider = spider
        self._stats = stats
        self._retry_times = retry_times
        self._shared = shared
        self._by_domain = by_domain
        self._volatile: dict[int, Request] = {}
        self._warned = False

    def is_filtered(self, request: Request) -> bool:
        """Whether a request is fetched only once, however often it is enqueued.

        Scrapy marks seeds dont_filter; a continued crawl must not fetch them again.
        """
        return not request.dont_filter or bool(request.meta.get("is_start_request"))

    def key_of(self, request: Request) -> int:
        """Return the key of a new request: one of its own if the request is not filtered."""
        if self.is_filtered(request):
            return key_of(request)
        return secrets.randbits(64) - (1 << 63)

    def entry_of(self, request: Request, key: int) -> Entry:
        """Return a new request as an entry. Raises Unstorable if others work on the frontier."""
        request.meta.pop(RETRY_AT, None)  # a copy of the page's
        entry = self._stored(request, key, latest=False)
        if self._by_domain:
            return replace(entry, site=registrable_domain(entry.site))
        return entry

    def retried(self, request: Request, lease: Lease) -> Entry | None:
        """Return what goes back in place of ``lease`` so that ``request`` is sent; None to give up.

        If ``request`` cannot be stored, what was leased goes back, without the meta that its
        retries are counted by; so the lease's attempts count instead.
        """
        leased, retry_at = lease.entry, request.meta.pop(RETRY_AT, 0.0)
        try:
            entry = self._stored(request, leased.key, latest=True)
        except Unstorable as exc:
            if lease.attempts < request.meta.get("max_retry_times", self._retry_times):
                return replace(leased, not_before=retry_at)
            logger.error("Given up, because another process could not rebuild it: %s", exc)
            return None
        return replace(entry, not_before=retry_at, site=leased.site)

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
        """Return ``request`` as an entry; latest: it replaces one with the same key."""
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
