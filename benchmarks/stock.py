"""The same jobs as an idiomatic stock Scrapy spider does them, with default settings."""

from __future__ import annotations

import sqlite3
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy.http import TextResponse
from scrapy.linkextractors import LinkExtractor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

FIELDS = (
    *("url", "requested_url", "status", "title", "description", "canonical", "language"),
    *("text", "content_type", "content_hash", "depth", "fetched_at"),
)


class SqlitePipeline:
    """Upserts pages; commits every 100 items and at the end."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path)
        self.db.execute(
            f"CREATE TABLE IF NOT EXISTS pages ({', '.join(FIELDS)}, PRIMARY KEY (url))"
        )
        self.items = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SqlitePipeline:
        return cls(crawler.settings["STOCK_DATABASE"])

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        places = ", ".join("?" * len(FIELDS))
        values = [item[name] for name in FIELDS]
        self.db.execute(f"INSERT OR REPLACE INTO pages VALUES ({places})", values)
        self.items += 1
        if self.items % 100 == 0:
            self.db.commit()
        return item

    def close_spider(self) -> None:
        self.db.commit()
        self.db.close()


class StockSiteSpider(scrapy.Spider):
    """Follows every link of the host and keeps the fields of crawlproj's Page."""

    name = "stock-site"

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [url, f"{url.rstrip('/')}/sitemap.xml"]
        self.links = LinkExtractor(allow_domains=[urlsplit(url).netloc])

    def parse(self, response: Response) -> Iterator[Any]:
        assert isinstance(response, TextResponse)
        if response.url.endswith("/sitemap.xml"):
            for url in response.xpath("//*[local-name()='loc']/text()").getall():
                yield response.follow(url)
            return
        texts = response.xpath(
            "//body//text()[not(ancestor::script or ancestor::style or ancestor::template)]"
        )
        canonical = response.css("link[rel=canonical]::attr(href)").get()
        yield {
            "url": response.url,
            "requested_url": response.meta.get("redirect_urls", [response.url])[0],
            "status": response.status,
            "title": response.css("title::text").get(""),
            "description": response.css("meta[name=description]::attr(content)").get(""),
            "canonical": response.urljoin(canonical) if canonical else "",
            "language": response.css("html::attr(lang)").get(""),
            "text": " ".join(" ".join(texts.getall()).split()),
            "content_type": (response.headers.get("Content-Type") or b"").decode(),
            "content_hash": blake2b(response.body, digest_size=16).hexdigest(),
            "depth": response.meta["depth"],
            "fetched_at": time.time(),
        }
        for link in self.links.extract_links(response):
            yield response.follow(link)


class FetchSpider(scrapy.Spider):
    """Fetches the URLs of a file and does nothing with them; the same spider for both sides."""

    name = "fetch"

    def __init__(self, file: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file = file

    async def start(self) -> AsyncIterator[scrapy.Request]:
        with open(self.file) as lines:  # noqa: ASYNC230, PTH123 - a local file of the benchmark
            for line in lines:
                yield scrapy.Request(line.strip())

    def parse(self, response: Response) -> None:
        """Do nothing."""
