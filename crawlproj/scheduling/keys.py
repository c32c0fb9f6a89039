"""The keys by which a frontier knows requests: equal for those of which one is enough."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from scrapy import signals

from crawlproj._scrapy.signals import has_listener
from crawlproj.scheduling.announced import AnnouncedDuplicates
from crawlproj.scheduling.checks import CHECK, key_of_check
from crawlproj.scheduling.identity import identity_of
from crawlproj.scheduling.own_filter import own_filter_of
from crawlproj.scheduling.serialize import SEED, key_of_return, key_of_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

    from crawlproj.frontier.base import Entry
    from crawlproj.scheduling.own_filter import OwnFilter


class Keys:
    """Gives each request its key, and leaves out duplicates that need not go to the frontier.

    identity: the key of a request that is filtered; equal for requests of which one is enough.
    filtering: if False, every request is fetched, as if it had ``dont_filter``.
    own_filter: the project's, which is asked about each request without ``dont_filter``.
    duplicates: announces those of a run at once, if anyone wants to know.
    """

    def __init__(
        self,
        identity: Callable[[Request], int],
        duplicates: AnnouncedDuplicates,
        *,
        filtering: bool = True,
        own_filter: OwnFilter | None = None,
    ) -> None:
        self.identity = identity
        self._duplicates = duplicates
        self._filtering = filtering
        self._own_filter = own_filter
        # How many seeds with dont_filter had each identity. A list of a million takes 130 MB.
        self._seeds: Counter[int] = Counter()

    @classmethod
    def of_crawl(cls, spider: Spider, crawler: Crawler, *, shared: bool, filtering: bool) -> Keys:
        """Return the keys of a crawl; shared: other processes work on the frontier."""
        duplicates = AnnouncedDuplicates(
            crawler.stats,
            lambda: not shared and has_listener(crawler.signals, signals.request_dropped),
            logged=not shared and crawler.settings.getbool("DUPEFILTER_DEBUG"),
        )
        own_filter = own_filter_of(crawler, spider)
        return cls(identity_of(crawler), duplicates, filtering=filtering, own_filter=own_filter)

    async def open(self) -> None:
        """Open the project's filter, if there is one."""
        if self._own_filter is not None:
            await self._own_filter.open()

    def is_filtered(self, request: Request) -> bool:
        """Whether a request is fetched only if its key is new."""
        return self._filtering and not request.dont_filter

    def drops(self, request: Request, key: int) -> bool:
        """Whether a new request, which has ``key``, is left out at once.

        The project's filter is asked, or those who listen for duplicates are notified. The
        frontier leaves out the others.
        """
        if not self.is_filtered(request) or CHECK in request.meta:
            return False
        if self._own_filter is not None:
            return self._own_filter.drops(request)
        return self._duplicates.drops(request, key)

    def is_known_by_url(self, request: Request) -> bool:
        """Whether a later plain GET of the same URL is left out."""
        if self._own_filter is not None or not self.is_filtered(request):
            return False
        return request.method == "GET" and not request.body

    def of(self, request: Request) -> int:
        """Return the key of a new request: one of its own if it has ``dont_filter``.

        The key of a seed is the same in every run, so that a continued crawl does not fetch it
        again.
        """
        is_seed = request.meta.pop(SEED, False)
        if CHECK in request.meta and (key := key_of_check(request)) is not None:
            return key
        if self.is_filtered(request):
            key = self.identity(request)
            return key if self._own_filter is None else self._own_filter.key_of(key)
        if not is_seed:
            return secrets.randbits(64) - (1 << 63)
        key = self.identity(request)
        self._seeds[key] += 1
        return key_of_seed(key, self._seeds[key] - 1)

    def of_redirect(self, request: Request, source: Request, leased: Entry) -> int:
        """Return the key of ``request``, which is where ``source`` redirects to.

        leased: the entry of ``source``.
        """
        passed = request.meta.get("redirect_urls", ())
        if request.url in passed:  # known, but on the way it may have got a cookie
            return key_of_return(self.identity(request), len(passed))
        if request.dont_filter and leased.key == self.identity(source):
            # A retry may have set dont_filter, which does not apply to where that leads.
            return self.identity(request)
        return self.of(request)
