"""The whole job in an idiomatic Scrapy project: LinkExtractor, selectors, a pipeline."""

from __future__ import annotations

import json
import sqlite3
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy.http import TextResponse
from scrapy.linkextractors import LinkExtractor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

FIELDS = (
    *("url", "requested_url", "status", "title", "description", "canonical", "language"),
    *("text", "content_type", "content_hash", "depth", "fetched_at", "timings"),
)
COMMIT_EVERY = 100


class SqlitePipeline:
    """Upserts pages into STOCK_DATABASE; commits every 100 items and at the end."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path)
        self.db.execute(
            f"CREATE TABLE IF NOT EXISTS pages ({', '.join(FIELDS)}, PRIMARY KEY (url))"
        )
        self.insert = f"INSERT OR REPLACE INTO pages VALUES ({', '.join('?' * len(FIELDS))})"
        self.items = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SqlitePipeline:
        return cls(crawler.settings["STOCK_DATABASE"])

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        self.db.execute(self.insert, [item[name] for name in FIELDS])
        self.items += 1
        if self.items % COMMIT_EVERY == 0:
            self.db.commit()
        return item

    def close_spider(self) -> None:
        self.db.commit()
        self.db.close()


class StockSiteSpider(scrapy.Spider):
    """Follows every link of the host and keeps the fields of crawlproj's Page."""

    name = "site"
    custom_settings = {"ITEM_PIPELINES": {SqlitePipeline: 300}}  # noqa: RUF012 - Scrapy's way

    def __init__(self, url: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [url]
        self.links = LinkExtractor(allow_domains=[urlsplit(url).netloc])

    def parse(self, response: Response) -> Iterator[Any]:
        if not isinstance(response, TextResponse):
            return
        texts = response.xpath("//body//text()[not(parent::script or parent::style)]").getall()
        canonical = response.css("link[rel=canonical]::attr(href)").get()
        yield {
            "url": response.url,
            "requested_url": response.meta.get("redirect_urls", [response.url])[0],
            "status": response.status,
            "title": response.css("title::text").get(""),
            "description": response.css("meta[name=description]::attr(content)").get(""),
            "canonical": response.urljoin(canonical) if canonical else "",
            "language": response.css("html::attr(lang)").get(""),
            "text": " ".join(" ".join(texts).split()),
            "content_type": (response.headers.get("Content-Type") or b"").decode(),
            "content_hash": blake2b(response.body, digest_size=16).hexdigest(),
            "depth": response.meta["depth"],
            "fetched_at": time.time(),
            "timings": json.dumps({"ttfb": response.meta["download_latency"]}),
        }
        for link in self.links.extract_links(response):
            yield scrapy.Request(link.url)
