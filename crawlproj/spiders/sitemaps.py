"""How the spider ``site`` reads sitemaps."""

from __future__ import annotations

import logging
from abc import abstractmethod
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawlproj.frontier.base import State
from crawlproj.links.scope import domain_of
from crawlproj.links.sitemap import MAX_BYTES, Location, NotASitemap, read_sitemap
from crawlproj.links.traps import SITEMAP
from crawlproj.pages import failure_item
from crawlproj.scheduler import scheduler_of
from crawlproj.urls import join, normalize, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure
    from crawlproj.links.scope import Scope
    from crawlproj.links.traps import Traps
    from crawlproj.spiders.sitemap_hints import SitemapHints

_MAX_INDEXES = 5  # sitemap indexes between robots.txt and a sitemap
# The key of Request.meta for where start pages redirected to, which other processes must know, too.
MOVED = "scope_moved"
_TRAPS_WARNED_OF = 5
_MAX_ORIGINS = 1_000  # whose sitemaps wait for their first page


class SitemapRead(Exception):
    """A sitemap was read for its URLs; it is not a page."""

    frontier_outcome = (State.SKIPPED, "sitemap")


class ReadsSitemaps(Spider):
    """The part of a spider that reads the sitemaps that robots.txt names."""

    sitemap: str
    scope: Scope
    traps: Traps | None
    _starts: frozenset[str] = frozenset()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._moves: dict[str, dict[str, Any]] = {}  # the meta of a domain's requests
        self._sitemaps: dict[str, list[str]] = {}  # of origins without a page so far
        self.hints: SitemapHints | None = None

    def note_sitemaps(self, origin: str, sitemaps: list[str]) -> None:
        """Keep ``sitemaps``, which the robots.txt of ``origin`` names, until its first page.

        That page may be a start page whose redirect moves the scope. If all pages come from
        sitemaps and robots.txt names none, it may be where sitemaps usually are.
        """
        if self.sitemap == "only" and not sitemaps:
            sitemaps = [f"{origin}/sitemap.xml"]
        if sitemaps and len(self._sitemaps) < _MAX_ORIGINS:
            self._sitemaps[origin] = sitemaps

    def parse_sitemap(self, response: Response) -> Iterator[FetchFailure | Request]:
        """Yield requests for a sitemap's pages in scope, and enqueue the sitemaps of an index."""
        self._heed_start(response)
        indexes = response.meta.get(SITEMAP, 0)
        try:
            locations = iter(read_sitemap(response.body))
        except NotASitemap as exc:
            self._end(response, exc)
            assert response.request is not None  # noqa: S101 - Scrapy sets it
            yield failure_item(response.request, exc)
            return
        first = list(islice(locations, 1))
        pages = self._pages_in(chain(first, locations), response.url, indexes + 1)
        new = 0
        for request in self._page_requests(pages, response):
            new += 1
            yield request
        if not first and SITEMAP not in response.meta:
            self.logger.warning(
                "%s: nothing is followed, because it is a sitemap or a feed that names no page",
                self._asked(response),
            )
        if self.traps is not None:
            self.warn_of(self.traps.learn_sitemap(response.url, new))
        if self.hints is not None:
            self.hints.end(self._asked(response))
        self._end(response, SitemapRead())

    def _pages_in(self, locations: Iterable[Location], sitemap: str, indexes: int) -> Iterator[str]:
        """Yield the pages of a sitemap as they are read, and enqueue the sitemaps of an index."""
        for location in locations:
            if (url := join(sitemap, location.url)) is None:
                continue
            if not location.sitemap:
                if self.hints is not None:
                    self.hints.note(url, location, sitemap)
                yield url
            elif indexes <= _MAX_INDEXES:
                self._request_sitemap(url, indexes)
            else:
                self.logger.warning("%s is left out: too many indexes led to it", url)

    def _follow_sitemaps(self, *urls: str) -> None:
        """Enqueue the sitemaps that wait for a page of these URLs' origins."""
        if self._sitemaps and scheduler_of(self.crawler) is not None:  # no command for one page
            for origin in dict.fromkeys(map(origin_of, urls)):
                for url in filter(None, map(normalize, self._sitemaps.pop(origin, ()))):
                    self._request_sitemap(url, 0)

    def _request_sitemap(self, url: str, indexes: int) -> None:
        if not self.scope.allows_site_of(url):
            self.logger.info("The sitemap %s is left out: it is not on a site of the crawl", url)
            return
        self.crawler.engine.crawl(self.sitemap_request(url, indexes))

    def sitemap_request(self, url: str, indexes: int) -> Request:
        """Return the request for a sitemap to which ``indexes`` indexes led."""
        meta = {
            **((self._moves and self._meta_of(url)) or {}),
            SITEMAP: indexes,
            "download_maxsize": MAX_BYTES,
            "download_warnsize": 0,
        }
        return Request(
            url, callback=self.parse_sitemap, errback=self.failed, priority=10, meta=meta
        )

    def _heed_start(self, response: Response) -> bool:
        """Whether ``response`` is of a start page; let the scope move as it was redirected."""
        if (moved := response.meta.get(MOVED)) is not None:
            self._move(moved)
        # The depth first: it spares nearly every page a normalization.
        if response.meta.get("depth") or (start := self._asked(response)) not in self._starts:
            return False
        if (url := normalize(response.url)) is not None and url != start:
            self._move({start: url})
        return True

    def _asked(self, response: Response) -> str:
        """Return the URL that was requested, before redirects."""
        return normalize(response.meta.get("redirect_urls", [response.url])[0]) or ""

    def _move(self, moved: dict[str, str]) -> None:
        """Let the scope move from start pages to where they lead."""
        if self.scope.move(moved):
            for start, url in moved.items():
                # Other requests need not know: the scope stays within the domain.
                meta = self._moves.setdefault(domain_of(start), {MOVED: {}})
                meta[MOVED][start] = url
                self.logger.info("%s leads to %s, which now is the start page", start, url)

    def _meta_of(self, url: str) -> dict[str, Any] | None:
        """Return the meta of a request for ``url``, which others need to know its scope."""
        return self._moves.get(domain_of(url))

    def _end(self, response: Response, outcome: Exception) -> None:
        """Let the URL of ``response`` end as ``outcome`` says."""
        scheduler = scheduler_of(self.crawler)
        if scheduler is not None and response.request is not None:
            scheduler.in_hand.note_failure(response.request, outcome)

    def warn_of(self, trap: str) -> None:
        """Log that a trap was found, unless ``trap`` is ""; only the first few are warnings."""
        if not trap or self.traps is None:
            return
        number = len(self.traps.found)
        level = logging.WARNING if number <= _TRAPS_WARNED_OF else logging.INFO
        why = self.traps.found[trap]
        self.logger.log(level, "%s is not followed any more, because %s", trap, why)
        if number == _TRAPS_WARNED_OF:
            self.logger.warning("More such traps are logged at the level INFO")

    @abstractmethod
    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield the item for a URL that failed for good."""

    @abstractmethod
    def _page_requests(self, urls: Iterable[str], found_on: Response) -> Iterator[Request]:
        """Yield requests for pages that are to be fetched."""
