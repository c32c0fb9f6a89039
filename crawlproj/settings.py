"""The Scrapy settings of this project: cheap per page, safe by default, polite to sites."""

from __future__ import annotations

from typing import Any

BOT_NAME = "crawlproj"
SPIDER_MODULES: list[str] = []

# A good guest: obeys robots.txt, says who it is, a few requests at a time per site.
ROBOTSTXT_OBEY = True
USER_AGENT = "crawlproj/0.1 (Scrapy; a polite crawler)"
CONCURRENT_REQUESTS_PER_DOMAIN = 8
CONCURRENT_REQUESTS = 64

# Scrapy starts CONCURRENT_ITEMS tasks for every response; a page has one or two items.
CONCURRENT_ITEMS = 2
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop"

DOWNLOAD_HANDLERS: dict[str, Any] = {
    "http": "crawlproj.http.DownloadHandler",
    "https": "crawlproj.http.DownloadHandler",
    # A link must never make the crawler read local files or talk other protocols.
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_TIMEOUT = 60

# Nothing listens, and nothing runs code that was sent to it.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

LOG_LEVEL = "INFO"
FEED_EXPORT_ENCODING = "utf-8"
