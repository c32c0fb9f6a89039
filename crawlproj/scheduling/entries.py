"""A spider's requests as entries of its frontier, and back; what cannot be stored is kept here."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.utils.httpobj import urlparse_cached

from crawlproj.clock import crawl_time
from crawlproj.scheduling.carried import Carried
from crawlproj.scheduling.classes import classes_of
from crawlproj.scheduling.given import without_given
from crawlproj.scheduling.keys import Keys
from crawlproj.scheduling.serialize import (
    RETRY_AT,
    UNANSWERED_AT,
    BadPayload,
    Unstorable,
    entry_of,
    found_at_of,
    request_of,
)
from crawlproj.scheduling.volatile import (
    Source,
    fate_of,
    is_volatile,
    source_of,
    volatile_entry,
)
from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

    from crawlproj.frontier.base import Clock, Entry, Lease, Written
    from crawlproj.scheduling.crawl_config import CrawlConfig

logger = logging.getLogger(__name__)

_MOST_WARNINGS = 10


class Lost(BadPayload):
    """The request was kept in the memory of a process that has ended."""

    reason = "lost"


class Entries:
    """Turns requests into entries and entries into requests.

    keys: which key a request has. retry_times: RETRY_TIMES, for a retry that cannot be stored.
    shared: other processes work on the frontier, so every part of a request must be stored.
    by_domain: a registrable domain is one queue, so one worker has all of it and keeps its limits.
    clock: unix seconds.
    """

    def __init__(
        self,
        spider: Spider,
        stats: StatsCollector,
        keys: Keys,
        *,
        retry_times: int,
        shared: bool,
        by_domain: bool,
        clock: Clock = crawl_time,
    ) -> None:
        self.spider = spider
        self.keys = keys
        self._clock = clock
        self._stats = stats
        self._retry_times = retry_times
        self._shared = shared
        self._by_domain = by_domain
        self._volatile: dict[int, Request] = {}
        self._ended: set[int] = set()  # of these; a duplicate is not kept again
        self._carried = Carried()
        self._warned: set[str] = set()  # of these kinds of requests
        classes_of(spider)  # before callbacks import what the next process would not know

    @classmethod
    def of_crawl(
        cls, spider: Spider, crawler: Crawler, *, shared: bool, by_domain: bool, config: CrawlConfig
    ) -> Entries:
        """Return the entries of a crawl; ``by_domain`` counts only if they are shared."""
        return cls(
            spider,
            crawler.stats,
            Keys.of_crawl(spider, crawler, shared=shared, filtering=config.filtering),
            retry_times=crawler.settings.getint("RETRY_TIMES"),
            shared=shared,
            by_domain=shared and by_domain,
        )

    def entry_of(
        self,
        request: Request,
        key: int,
        origin: Request | None = None,
        source: Entry | Source = Source.UNKNOWN,
    ) -> Entry:
        """Return a new request as an entry. Raises Unstorable if others work on the frontier.

        origin: the request whose meta it may have copied. source: where it came from, in case it
        cannot be stored.
        """
        for name in (RETRY_AT, UNANSWERED_AT):
            request.meta.pop(name, None)  # a copy of the page's
        slot = chosen_slot(request, origin or request)
        entry = self._stored(request, key, int(self._clock()), source)
        if slot:
            return replace(entry, site=slot)
        if self._by_domain:
            return replace(entry, site=registrable_domain(entry.site))
        return entry

    def entry_of_url(self, url: str, priority: int) -> Entry:
        """Return the entry of a plain request that the spider did not make."""
        request = Request(url, priority=priority)
        return self.entry_of(request, self.keys.identity(request))

    def retried(
        self, request: Request, lease: Lease, failed: Request | None = None
    ) -> Entry | None:
        """Return what goes back in place of ``lease`` so that ``request`` is sent; None to give up.

        failed: the request that was sent, if ``request`` may be a copy with what it was given.

        If ``request`` cannot be stored, what was leased goes back, without the meta that its
        retries are counted by; so the lease's attempts count instead. In this process it gets the
        same objects again: a browser's page that is open would stay so, and most are limited.
        """
        leased, retry_at = lease.entry, request.meta.pop(RETRY_AT, 0.0)
        chosen_slot(request, request)
        try:
            source = source_of(leased, leased.key) if is_volatile(leased) else leased
            found_at = found_at_of(leased.payload)
            entry = self._stored(request, leased.key, found_at, source, latest=True)
        except Unstorable as exc:
            self._carried.keep(leased.key, request)
            own = failed and without_given(request, failed, self.spider, seen=False)
            if own:
                own.meta[RETRY_AT] = retry_at
                return self.retried(own, lease)
            if lease.attempts < request.meta.get("max_retry_times", self._retry_times):
                self._stats.inc_value("scheduler/enqueued")
                return replace(leased, not_before=retry_at)
            logger.error(
                "Given up, because another process could not rebuild it: %s",
                exc,
                extra={"spider": self.spider},
            )
            return None
        return replace(entry, not_before=retry_at, site=leased.site)

    def request_of(self, entry: Entry) -> Request:
        """Return the request that ``entry`` stands for. Raises BadPayload; Lost, which is one."""
        self._stats.inc_value("scheduler/dequeued")
        if not is_volatile(entry):
            request = request_of(entry, self.spider, shared=self._shared)
            self._carried.give_back(entry.key, request)
            return request
        try:
            return self._volatile[entry.key]
        except KeyError:
            raise Lost(f"{entry.url}: lost with the process that held it in memory") from None

    def count(self, written: Written, known: int) -> None:
        """Count what a write showed; ``known`` of its entries the frontier knew already.

        Duplicates are counted as Scrapy's duplicate filter does.
        """
        if known:
            self._stats.inc_value("dupefilter/filtered", known)
            self._stats.inc_value("scheduler/enqueued", -known)
        if written.stale:
            self._stats.inc_value("frontier/stale_acks", written.stale)

    def forget(self, entry: Entry) -> None:
        """Note that ``entry`` has ended."""
        request = self._volatile.pop(entry.key, None)
        if request is not None and self.keys.is_filtered(request):
            self._ended.add(entry.key)
        self._carried.forget(entry.key)

    def _stored(
        self,
        request: Request,
        key: int,
        found_at: int | None,
        source: Entry | Source,
        *,
        latest: bool = False,
    ) -> Entry:
        """Return ``request`` as an entry; latest: it replaces one with the same key."""
        entry = self._as_entry(request, key, found_at, source, latest=latest)
        self._stats.inc_value("scheduler/enqueued")
        return entry

    def _as_entry(
        self,
        request: Request,
        key: int,
        found_at: int | None,
        source: Entry | Source,
        *,
        latest: bool,
    ) -> Entry:
        try:
            entry = entry_of(request, self.spider, key, shared=self._shared, found_at=found_at)
        except Unstorable as exc:
            if self._shared:
                raise
            self._warn(request, exc, source)
            self._stats.inc_value("scheduler/unserializable")
            if latest or (key not in self._volatile and key not in self._ended):
                self._volatile[key] = request
            return volatile_entry(request, key, source)
        if not self._shared and (latest or key not in self._carried):
            self._carried.keep(key, request)
        return entry

    def _warn(self, request: Request, why: Unstorable, source: Entry | Source) -> None:
        """Log why a request is not stored, once for each reason."""
        reason = str(why).removeprefix(f"{request}: ")
        if reason not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(reason)
            logger.warning(
                "Kept in memory, and %s if this process dies: %s",
                fate_of(source),
                why,
                extra={"spider": self.spider},
            )


def chosen_slot(request: Request, origin: Request) -> str:
    """Return the slot that the spider chose in ``meta``, or "".

    The downloader writes the host there if there is none. That is removed, because copies of the
    meta go to other hosts.
    """
    slot = request.meta.get("download_slot")
    if slot is None:
        return ""
    if slot in {urlparse_cached(request).hostname, urlparse_cached(origin).hostname}:
        del request.meta["download_slot"]
        return ""
    return str(slot)
