"""The stock side: the whole job of benchmarks/stock.py with scrapy-redis, set up by its README."""

from __future__ import annotations

from typing import Any

from scrapy.linkextractors import LinkExtractor

from benchmarks.stock import SqlitePipeline, StockSiteSpider


class StockRedisSpider(StockSiteSpider):
    """Several sites; scheduler and dupefilter in Redis."""

    name = "sites"
    custom_settings = {  # noqa: RUF012 - Scrapy's way
        "ITEM_PIPELINES": {SqlitePipeline: 300},
        "SCHEDULER": "scrapy_redis.scheduler.Scheduler",
        "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
        "SCHEDULER_PERSIST": True,
    }

    def __init__(self, urls: str, **kwargs: Any) -> None:
        self.start_urls = urls.split(",")
        super().__init__(self.start_urls[0], **kwargs)
        self.start_urls = urls.split(",")
        hosts = [url.split("/")[2] for url in self.start_urls]
        self.links = LinkExtractor(allow_domains=hosts)
