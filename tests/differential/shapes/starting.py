"""Ways to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, CSVFeedSpider, Rule, SitemapSpider, XMLFeedSpider

from tests.differential.shapes.shape import InWeb, Shape, register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response


class StartUrls(Shape):
    start = Spider.start

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start_urls = [self.url("page/1"), self.url("page/2"), self.url("page/1")]


class StartWithItems(Shape):
    async def start(self) -> AsyncIterator[Any]:
        yield {"from": "start"}
        yield self.get("page/1")
        yield {"from": "start", "again": True}


class EqualStarts(Shape):
    pages = ("page/1", "page/1", "page/1")

    async def start(self) -> AsyncIterator[Any]:
        async for request in super().start():
            yield request
        for _ in range(2):
            yield self.get("page/2")


class StartIsLinked(Shape):
    """A start page that other pages link to, and that links to itself."""

    pages = ("page/1?to=/startislinked/page/1?to=x",)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url}
        yield response.follow(self.url(self.pages[0]), callback=self.parse)


class StartRaises(Shape):
    async def start(self) -> AsyncIterator[Any]:
        yield self.get("page/1")
        raise ValueError("no more")


class StartCloses(Shape):
    pages = ("page/1", "page/2", "page/3")

    async def start(self) -> AsyncIterator[Any]:
        async for request in super().start():
            yield request
        raise CloseSpider("enough")

    def closed(self, reason: str) -> None:
        self.notes.append(["closed", reason])


class FromCrawler(Shape):
    pages = ("page/1",)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> FromCrawler:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.notes.append(["retries", crawler.settings.getint("RETRY_TIMES")])
        return spider


class Rules(CrawlSpider, InWeb):
    rules = (
        Rule(LinkExtractor(allow="leaf"), callback="leaf", cb_kwargs={"kind": "leaf"}),
        Rule(LinkExtractor(restrict_css="a"), follow=True, process_request="numbered"),
    )

    async def start(self) -> AsyncIterator[Any]:
        to = "%20".join(f"/rules/{path}" for path in ("page/2", "page/leaf", "page/leaf", "page/1"))
        yield Request(f"{self.web}/rules/page/1?to={to}", dont_filter=True)

    def numbered(self, request: Request, response: Response) -> Request:
        request.meta["from"] = response.url
        return request

    def leaf(self, response: Response, kind: str) -> Any:
        return {"kind": kind, "text": response.meta["link_text"], "depth": response.meta["depth"]}


class Sitemaps(SitemapSpider, InWeb):
    sitemap_rules = (("/page/", "page"),)

    async def start(self) -> AsyncIterator[Any]:
        urls = "".join(f"<url><loc>{self.web}/sitemaps/page/{n}</loc></url>" for n in range(3))
        body = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"
        kind = "kind=application/xml"
        yield Request(
            f"{self.web}/sitemaps/text/sitemap.xml?{kind}&body={body}", self._parse_sitemap
        )

    def page(self, response: Response) -> Any:
        return {"url": response.url}


class XmlFeed(XMLFeedSpider, InWeb):
    itertag = "book"

    async def start(self) -> AsyncIterator[Any]:
        body = "<books><book id='1'>A</book><book id='2'>B</book></books>"
        yield Request(f"{self.web}/xmlfeed/text/feed?kind=application/xml&body={body}")

    def parse_node(self, response: Response, selector: Any) -> Any:
        return {"id": selector.attrib["id"], "title": selector.xpath("text()").get()}


class CsvFeed(CSVFeedSpider, InWeb):
    async def start(self) -> AsyncIterator[Any]:
        yield Request(f"{self.web}/csvfeed/text/feed?kind=text/csv&body=a,b%0A1,2%0A3,4%0A")

    def parse_row(self, response: Response, row: Any) -> Any:
        return dict(row)


for _generic in (Rules, Sitemaps, XmlFeed, CsvFeed):
    register(_generic)
