"""The Scrapy settings of this project: cheap per page, safe by default, polite to sites.

docs/reference/settings.md gives each one's unit and meaning. crawlproj/addon.py applies the same
settings to other people's projects.
"""

from __future__ import annotations

import os
from typing import Any

BOT_NAME = "crawlproj"
SPIDER_MODULES = ["crawlproj.spiders"]
NEWSPIDER_MODULE = "crawlproj.spiders"
COMMANDS_MODULE = "crawlproj.commands"

# Where the crawl's state and its pages are; see frontier/url.py and store/url.py.
# FRONTIER_URL: REDIS_URL if that is set, else sqlite:///crawl.db
STORE_URL = "sqlite:///crawl.db"

# A good guest: obeys robots.txt, says who it is, a few requests at a time per site.
ROBOTSTXT_OBEY = True
USER_AGENT = "crawlproj/0.1 (Scrapy; a polite crawler)"
CONCURRENCY_MAX_PER_SITE = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 8  # for a scheduler that does not ask for permits
CONCURRENT_REQUESTS = 64
DOWNLOAD_DELAY = 0  # permits space requests out: Crawl-delay, and this one when it is set

SCHEDULER = "crawlproj.scheduler.Scheduler"
# Scrapy starts CONCURRENT_ITEMS tasks for every response; a page has one or two items.
CONCURRENT_ITEMS = 2
# Pages being parsed and stored, in bytes; the default of 5 MB is ten pages of half a megabyte.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 32 * 1024 * 1024
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop"

DOWNLOADER_MIDDLEWARES: dict[str, Any] = {
    "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware": 100,
    # Nearest to the downloader: nothing must come between them and what the site said.
    "crawlproj.downloadermiddlewares.concurrency.ConcurrencyMiddleware": 960,
    "crawlproj.downloadermiddlewares.latency.LatencyMiddleware": 970,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
}
SPIDER_MIDDLEWARES: dict[str, Any] = {
    "crawlproj.spidermiddlewares.seeds.SeedsMiddleware": 10,
    "crawlproj.spidermiddlewares.httperror.HttpErrorNotingMiddleware": 50,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
}
ITEM_PIPELINES: dict[str, Any] = {
    "crawlproj.pipelines.validation.ValidationPipeline": 100,
    "crawlproj.pipelines.store.StorePipeline": 900,
}
EXTENSIONS: dict[str, Any] = {
    "crawlproj.extensions.progress.Progress": 0,
    "crawlproj.extensions.watchdog.Watchdog": 0,
    "crawlproj.extensions.metrics.Metrics": 0,
    "crawlproj.extensions.report.Report": 10,
    "crawlproj.scrapy_redis.feed.StartUrlsFeed": 0,
    "crawlproj.extensions.fleet.FleetWorker": 0,
    "crawlproj.extensions.breadcrumbs.Breadcrumbs": 0,
    "scrapy.extensions.logstats.LogStats": None,  # Progress tells more
}

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

# A crawl of pages needs no session, and cookies of a thousand sites are memory and time.
COOKIES_ENABLED = False
# One line per page and per item is most of the log; the tables have them.
LOG_FORMATTER = "crawlproj.logformatter.QuietLogFormatter"
LOG_LEVEL = "INFO"
# A URL that failed for good is a row of the failures table and in the summary, not an error here.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
FEED_EXPORT_ENCODING = "utf-8"

# Nothing listens, and nothing runs code that was sent to it.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# CRAWLPROJ_NAME in the environment sets NAME: containers are configured so, and a URL with a
# password stays off command lines, which a process list and scrapyd's web pages show.
globals().update(
    (name.removeprefix("CRAWLPROJ_"), value)
    for name, value in os.environ.items()
    if name.startswith("CRAWLPROJ_")
)
