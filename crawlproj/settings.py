"""The Scrapy settings of this project: fast, safe by default, and polite to sites.

docs/reference/settings.md documents each setting with its unit. crawlproj/addon.py applies the same
settings to other projects.
"""

from __future__ import annotations

import os
from typing import Any

from scrapy.settings import default_settings

BOT_NAME = "crawlproj"
SPIDER_MODULES = ["crawlproj.spiders"]
NEWSPIDER_MODULE = "crawlproj.spiders"
COMMANDS_MODULE = "crawlproj.commands"
ADDONS = {
    "crawlproj.runs.Runs": 0,
    "crawlproj.switched_off.SwitchedOff": 1000,  # the last, because others may switch something on
}

# Where the crawl keeps its state and its pages; see frontier/url.py and store/url.py.
# FRONTIER_URL defaults to REDIS_URL if that is set, else to a file in JOBDIR, else to
# sqlite:///crawl.db.
STORE_URL = "sqlite:///crawl.db"

# Be polite: obey robots.txt, send a User-Agent that names us, limit the requests to each site.
ROBOTSTXT_OBEY = True
USER_AGENT = "crawlproj/0.1 (Scrapy; a polite crawler)"
CONCURRENCY_MAX_PER_SITE = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 8  # used by schedulers without permits, such as Scrapy's
CONCURRENT_REQUESTS = 64
DOWNLOAD_DELAY = 0  # permits space out requests: by Crawl-delay, and by this if it is set

SCHEDULER = "crawlproj.scheduler.Scheduler"
STATS_CLASS = "crawlproj.stats.StatsCollector"
# Bytes of pages being parsed and stored. Scrapy's default, 5 MB, is only ten pages of 500 kB.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 32 * 1024 * 1024
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop"

DOWNLOADER_MIDDLEWARES: dict[str, Any] = {
    "crawlproj.downloadermiddlewares.put_aside.PutAsideMiddleware": 80,
    "crawlproj.downloadermiddlewares.choice.ChoiceMiddleware": 85,
    "crawlproj.downloadermiddlewares.file_names.FileNamesMiddleware": 87,
    "crawlproj.downloadermiddlewares.traps.TrapMiddleware": 90,
    "crawlproj.downloadermiddlewares.conditional.ConditionalMiddleware": 95,
    "crawlproj.downloadermiddlewares.robots.RobotsTxtMiddleware": 100,
    "crawlproj.downloadermiddlewares.tdmrep.TdmrepMiddleware": 110,
    "crawlproj.downloadermiddlewares.refusals.RefusalsMiddleware": 551,  # next to RetryMiddleware
    "crawlproj.downloadermiddlewares.metarefresh.MetaRefreshMiddleware": 580,
    # Below what follows refreshes and redirects, which may lead to a login.
    "crawlproj.downloadermiddlewares.login.LoginMiddleware": 582,
    # Above the one that decompresses.
    "crawlproj.downloadermiddlewares.page_type.PageTypeMiddleware": 585,
    "crawlproj.downloadermiddlewares.decompression.DecompressionMiddleware": 590,
    "crawlproj.downloadermiddlewares.redirect.RedirectMiddleware": 600,
    "crawlproj.downloadermiddlewares.login.LoginRedirectMiddleware": 650,
    "crawlproj.downloadermiddlewares.cookies.CookiesMiddleware": 700,
    # Nearest to the downloader, so that they see responses exactly as the site sent them.
    "crawlproj.downloadermiddlewares.concurrency.ConcurrencyMiddleware": 960,
    "crawlproj.downloadermiddlewares.latency.LatencyMiddleware": 970,
    # Requests that it sends again must have lost what the next one adds.
    "crawlproj.downloadermiddlewares.network.NetworkMiddleware": 975,
    "crawlproj.downloadermiddlewares.access.AccessMiddleware": 980,
    "crawlproj.downloadermiddlewares.signing.SigningMiddleware": 990,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
}
SPIDER_MIDDLEWARES: dict[str, Any] = {
    "crawlproj.spidermiddlewares.seeds.SeedsMiddleware": 10,
    "crawlproj.spidermiddlewares.httperror.HttpErrorNotingMiddleware": 50,
    # Scrapy's, which count what they leave out: nearer to the spider than DepthMiddleware (900).
    "crawlproj.spidermiddlewares.cuts.CountingUrlLengthMiddleware": 800,
    "crawlproj.spidermiddlewares.cuts.DepthLimitMiddleware": 910,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
}
ITEM_PIPELINES: dict[str, Any] = {
    "crawlproj.pipelines.signals.SignalsPipeline": 50,
    "crawlproj.pipelines.validation.ValidationPipeline": 100,
    "crawlproj.pipelines.files.FilesPipeline": 800,
    "crawlproj.pipelines.store.StorePipeline": 900,
    "crawlproj.pipelines.parquet.ParquetPipeline": 950,
}
EXTENSIONS: dict[str, Any] = {
    "crawlproj.extensions.progress.Progress": 0,
    "crawlproj.extensions.watchdog.Watchdog": 0,
    "crawlproj.extensions.metrics.Metrics": 0,
    "crawlproj.extensions.live.LivePublisher": 0,
    "crawlproj.extensions.report.Report": 10,
    "crawlproj.extensions.feeds.ContinuedFeeds": 10,  # after Scrapy's FeedExporter
    "crawlproj.scrapy_redis.feed.StartUrlsFeed": 0,
    "crawlproj.extensions.fleet.FleetWorker": 0,
    "crawlproj.extensions.breadcrumbs.Breadcrumbs": 0,
    "crawlproj.extensions.repeated_bodies.RepeatedBodies": 0,
    "crawlproj.extensions.final_rates.FinalRates": 0,
    "scrapy.extensions.logstats.LogStats": None,
}

DOWNLOAD_HANDLERS: dict[str, Any] = {
    "http": "crawlproj.http.DownloadHandler",
    "https": "crawlproj.http.DownloadHandler",
    # A link must never make the crawler read local files or use other protocols.
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_TIMEOUT = 60

# Crawling pages needs no session, and the cookies of a thousand sites cost memory and time.
COOKIES_ENABLED = False
# Omits the line per page and per item, which would be most of the log. The store has them.
LOG_FORMATTER = "crawlproj.logformatter.QuietLogFormatter"
LOG_LEVEL = "INFO"
# A URL that fails for good is in the failures table and the summary; do not log it as an error.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
# Scrapy's, without the exceptions of its own download handlers, whose import takes a third of the
# time of a start.
RETRY_EXCEPTIONS = [
    exception
    for exception in default_settings.RETRY_EXCEPTIONS
    if not str(exception).startswith("scrapy.core.downloader.handlers.")
]
FEED_EXPORT_ENCODING = "utf-8"
FEED_STORAGES = {
    "": "crawlproj.feeds.PrivateFileFeedStorage",
    "file": "crawlproj.feeds.PrivateFileFeedStorage",
}
FEED_EXPORTERS = {"csv": "crawlproj.feeds.SafeCsvItemExporter"}

# Open no port on which others could run code in this process.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False


def from_environment() -> dict[str, str]:
    """Return the settings that environment variables give: CRAWLPROJ_NAME sets NAME.

    Containers are configured this way, and a URL with a password stays out of command lines, which
    process lists and scrapyd's web pages show.
    """
    prefix = "CRAWLPROJ_"
    return {
        name.removeprefix(prefix): value
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }


globals().update(from_environment())
