"""Scrapy's defaults, with robots.txt, concurrency and log level as on our side."""

from __future__ import annotations

BOT_NAME = "stock"
SPIDER_MODULES = ["benchmarks.stock"]
ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS = 64
CONCURRENT_REQUESTS_PER_DOMAIN = 64
LOG_LEVEL = "INFO"
