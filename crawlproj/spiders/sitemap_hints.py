"""Passes the hints of sitemaps and feeds about pages to the spiders that refresh them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.items import PageHints
from crawlproj.refresh.hints import CHANGEFREQS, time_of
from crawlproj.scheduler import scheduler_of
from crawlproj.urls import site_of
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawlproj.links.sitemap import Location
    from crawlproj.refresh.auto import Auto

_BATCH = 500  # hints that are stored at once
_MAX_WAIT_S = 60.0  # for sitemaps, which another worker may have


class SitemapHints:
    """Stores what sitemaps say, and knows which of them have yet to be read.

    policy: knows which sites are believed.
    """

    def __init__(self, policy: Auto, crawler: Crawler) -> None:
        self._policy = policy
        self._crawler = crawler
        self._batch: list[tuple[str, float | None, str | None, bool]] = []
        self._stored: asyncio.Future[str | None] | None = None  # the batch that was last written
        self._expected: set[str] = set()
        self._read = asyncio.Event()

    def expect(self, sitemap: str) -> None:
        """Take in that ``sitemap`` is going to be read."""
        self._expected.add(sitemap)

    def note(self, url: str, location: Location, sitemap: str) -> None:
        """Take in what ``sitemap`` says of the page ``url``."""
        lastmod = time_of(location.lastmod, time.time()) if location.lastmod else None
        changefreq = location.changefreq.lower() or None
        if changefreq not in CHANGEFREQS:
            changefreq = None
        if lastmod is not None or changefreq is not None:
            self._batch.append((url, lastmod, changefreq, self._policy.vouches(site_of(url))))
        if len(self._batch) >= _BATCH:
            self._write(sitemap)

    def end(self, sitemap: str) -> None:
        """Take in that ``sitemap`` was read, or cannot be."""
        if self._batch:
            self._write(sitemap)
        self._expected.discard(sitemap)
        if not self._expected:
            self._read.set()

    async def all_read(self) -> None:
        """Wait until the expected sitemaps were read and their hints stored; a minute at most."""
        if self._expected:
            self._read.clear()
            await set_within(self._read, _MAX_WAIT_S)
            self._expected.clear()
        if self._stored is not None:
            with suppress(Exception):  # the pipeline reports it; these are only hints
                await self._stored

    def _write(self, sitemap: str) -> None:
        batch, self._batch = self._batch, []
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and scheduler.books.write is not None:
            self._stored = scheduler.books.write(PageHints(sitemap, time.time(), batch))
