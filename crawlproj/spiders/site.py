"""Crawls whole sites and yields a Page item for every page in scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml.etree import LxmlError
from scrapy import Request, Spider
from scrapy.http import TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap

from crawlproj.content.fields import chosen_fields
from crawlproj.content.page import forget_content
from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.links import LinkExtractor
from crawlproj.pages import failure_of, page_of
from crawlproj.reasons import error_of, outcome_of
from crawlproj.scheduler import scheduler_of
from crawlproj.signals import robots_parsed
from crawlproj.urls import join, normalize, scope_from, valid_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page

__all__ = ["SiteSpider"]


_LINKING = ("a", "area", "frame", "iframe")


class SiteSpider(Spider):
    """Follows every link in scope from the start URLs, and the sitemaps that robots.txt names.

    url: one or more start URLs, separated by commas. Without a scheme, https is used.
    scope: which links to follow: "host" (same host as a start URL), "domain" (same registrable
        domain) or "prefix" (below the directory of a start URL).
    max_pages: stop after this many URLs, including sitemaps; 0 means no limit.

    Raises ConfigError naming the argument that is missing or wrong.
    """

    name = "site"
    page_fields: tuple[str, ...] = ()

    def __init__(
        self, url: str = "", scope: str = "host", max_pages: str | int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.seeds, errors = start_urls(url)
        if not self.seeds:
            raise ConfigError(
                f"-a url: {'; '.join(errors) or 'it is missing'}. Write for example: "
                f"scrapy crawl {self.name} -a url=https://example.org"
            )
        for error in errors:
            self.logger.error("-a url: %s; skipped", error)
        self.scope = scope_from(scope, self.seeds)
        try:
            self.max_pages = int(max_pages)
        except ValueError:
            self.max_pages = -1
        if self.max_pages < 0:
            raise ConfigError(f"-a max_pages must be a whole number, 0 or more, not {max_pages!r}")
        # A run with the same job continues the crawl, so max_pages, which may differ, is not in it.
        self.job = f"site {scope} {','.join(sorted(self.seeds))}"
        self.links = LinkExtractor(tags=_LINKING, attrs=("href", "src"))

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SiteSpider:
        """Build the spider, and set MAX_PAGES to ``max_pages``."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.page_fields = chosen_fields(crawler.settings)
        if spider.max_pages:
            crawler.settings.set("MAX_PAGES", spider.max_pages, priority="spider")
        crawler.signals.connect(spider.follow_sitemaps, robots_parsed)
        return spider

    @classmethod
    def handles_request(cls, request: Request) -> bool:  # noqa: ARG003 - Scrapy's interface
        """Return False: the spider is for no site, not even for *.site, as Scrapy would think."""
        return False

    async def start(self) -> AsyncIterator[Request]:
        """Yield the start pages."""
        for url in self.seeds:
            yield Request(url, errback=self.failed)

    def parse(self, response: Response) -> Iterator[Page | Request]:
        """Yield the page, and requests for its links in scope that may be new."""
        page = page_of(response, self.page_fields)
        urls: list[str] = []
        # A redirect may have led out of scope: keep that page, but do not follow its links.
        if isinstance(response, TextResponse) and self.scope.allows(response.url):
            urls = self.links.extract_urls(response)
            forget_content(response)  # the response stays in memory until the page is stored
        yield page
        for url in self.unseen(urls):
            if self.scope.allows(url):
                yield Request(url, errback=self.failed)

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield the item for a URL that failed for good; nothing for a skipped one."""
        if outcome_of(error_of(failure))[0] is State.FAILED:
            yield failure_of(failure)

    def unseen(self, urls: Iterable[str]) -> Iterable[str]:
        """Yield the ``urls`` that may be new to the scheduler, checked as they are consumed."""
        scheduler = scheduler_of(self.crawler)
        return scheduler.unseen(urls) if scheduler is not None else urls

    def follow_sitemaps(self, origin: str, sitemaps: list[str]) -> None:
        """Enqueue ``sitemaps``, those of ``origin``, if it is in scope or has a start URL."""
        if scheduler_of(self.crawler) is None:
            return  # a command looks at one page
        if self.scope.allows(f"{origin}/") or any(url.startswith(origin) for url in self.seeds):
            for request in self._sitemap_requests(filter(None, map(normalize, sitemaps))):
                self.crawler.engine.crawl(request)

    def parse_sitemap(self, response: Response) -> Iterator[Request]:
        """Yield requests for a sitemap's pages in scope, or for the sitemaps of a sitemap index."""
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
            self.logger.warning("Skipped %s, which is not a sitemap: %s", response.url, exc)

    def _sitemap_requests(self, urls: Iterable[str]) -> Iterator[Request]:
        for url in urls:
            yield Request(url, callback=self.parse_sitemap, errback=self.failed, priority=10)


def start_urls(text: str) -> tuple[list[str], list[str]]:
    """Return the URLs in a comma-separated list, normalized, and what is wrong with the others."""
    urls: list[str] = []
    errors: list[str] = []
    for url in filter(None, map(str.strip, text.split(","))):
        try:
            urls.append(valid_url(url if "://" in url else f"https://{url}"))
        except ValueError as exc:
            errors.append(str(exc))
    return urls, errors
