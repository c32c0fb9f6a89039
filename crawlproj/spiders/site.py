"""Crawls whole sites: every page in scope, each as a Page item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml.etree import LxmlError
from scrapy import Request, Spider
from scrapy.http import TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap

from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.links import LinkExtractor
from crawlproj.links.html import forget_tree
from crawlproj.links.normalize import join, normalize, scope_from
from crawlproj.pages import failure_of, page_of
from crawlproj.reasons import error_of, outcome_of
from crawlproj.scheduler import scheduler_of
from crawlproj.signals import robots_parsed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page


class SiteSpider(Spider):
    """Follows every link in scope from the given pages, and the sitemaps robots.txt names.

    url: one or more start URLs, separated by commas.
    scope: what is followed: "host" (the same hosts), "domain" (the same registrable domains) or
        "prefix" (below the directory of a start URL).
    max_pages: end after so many URLs (sitemaps included); 0 means all.

    Raises ConfigError naming the argument that is missing or wrong.
    """

    name = "site"

    def __init__(
        self, url: str = "", scope: str = "host", max_pages: str | int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.seeds = self._seeds(url)
        self.scope = scope_from(scope, self.seeds)
        try:
            self.max_pages = int(max_pages)
        except ValueError:
            self.max_pages = -1
        if self.max_pages < 0:
            raise ConfigError(f"-a max_pages must be a whole number, not {max_pages!r}")
        # The same crawl, run again, continues; max_pages may differ.
        self.job = f"site {scope} {','.join(sorted(self.seeds))}"
        self.links = LinkExtractor()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SiteSpider:
        """Make the spider; ``max_pages`` becomes the setting MAX_PAGES."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider.max_pages:
            crawler.settings.set("MAX_PAGES", spider.max_pages, priority="spider")
        crawler.signals.connect(spider.follow_sitemaps, robots_parsed)
        return spider

    def _seeds(self, urls: str) -> list[str]:
        seeds = []
        for url in filter(None, (part.strip() for part in urls.split(","))):
            seed = normalize(url if "://" in url else f"https://{url}")
            if seed is None:
                self.logger.error("-a url: %r is no http or https URL; left out", url)
            else:
                seeds.append(seed)
        if not seeds:
            raise ConfigError(
                f"-a url={urls!r} names no http or https URL; "
                "write for example: scrapy crawl site -a url=https://example.org"
            )
        return seeds

    async def start(self) -> AsyncIterator[Request]:
        """Yield the start pages."""
        for url in self.seeds:
            yield Request(url, errback=self.failed)

    def parse(self, response: Response) -> Iterator[Page | Request]:
        """Yield the page, and requests for links not seen before."""
        page = page_of(response)
        urls: list[str] = []
        # A redirect may have led out of scope: keep the page that was asked for, follow nothing.
        if isinstance(response, TextResponse) and self.scope.allows(response.url):
            urls = self.links.extract_urls(response)
            forget_tree(response)  # the page may wait for the store a while
        yield page
        for url in self.unseen(urls):
            if self.scope.allows(url):
                yield Request(url, errback=self.failed)

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield what is stored of a URL that failed for good; nothing of one that was skipped."""
        if outcome_of(error_of(failure))[0] is State.FAILED:
            yield failure_of(failure)

    def unseen(self, urls: Iterable[str]) -> Iterable[str]:
        """Yield those of ``urls`` that may be new to the scheduler when it is their turn."""
        scheduler = scheduler_of(self.crawler)
        return scheduler.unseen(urls) if scheduler is not None else urls

    def follow_sitemaps(self, origin: str, sitemaps: list[str]) -> None:
        """Enqueue the sitemaps of a site in scope."""
        if self.scope.allows(f"{origin}/") or any(url.startswith(origin) for url in self.seeds):
            for request in self._sitemap_requests(filter(None, map(normalize, sitemaps))):
                self.crawler.engine.crawl(request)

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Yield the pages in scope that a sitemap names, and the sitemaps of a sitemap index."""
        body = response.body
        try:
            if gzip_magic_number(response):
                body = gunzip(body, max_size=self.settings.getint("DOWNLOAD_MAXSIZE"))
            sitemap = Sitemap(body)
            locs = (join(response.url, entry["loc"]) for entry in sitemap if entry.get("loc"))
            urls = (url for url in locs if url is not None)
            if sitemap.type == "sitemapindex":
                yield from self._sitemap_requests(urls)
                return
            for url in self.unseen(filter(self.scope.allows, urls)):
                yield Request(url, errback=self.failed)
        except (LxmlError, StopIteration, ValueError, OSError, EOFError) as exc:
            self.logger.warning("Not a sitemap, left alone: %s (%s)", response.url, exc)

    def _sitemap_requests(self, urls: Iterable[str]) -> Iterator[Request]:
        for url in urls:
            yield Request(url, callback=self.parse_sitemap, errback=self.failed, priority=10)
