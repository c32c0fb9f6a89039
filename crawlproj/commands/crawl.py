"""``scrapy crawl``: Scrapy's, with a plain message and an exit status for what goes wrong."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

from scrapy.commands import crawl
from scrapy.exceptions import UsageError
from scrapy.settings import SETTINGS_PRIORITIES

from crawlproj.check_settings import check_settings
from crawlproj.config import integer
from crawlproj.errors import ConfigError, CrawlprojError

if TYPE_CHECKING:
    import argparse

logger = logging.getLogger(__name__)

# finish_reason of a crawl that could not do its work
_BAD_ENDS = frozenset(
    f"{part}-{how}"
    for part in ("frontier", "start-urls", "store")
    for how in ("unusable", "failed")
)


def raise_setup_error(running: object) -> None:
    """Raise UsageError if the crawl of which ``running`` is the task could not be set up."""
    if isinstance(running, asyncio.Task) and running.done() and not running.cancelled():
        error = running.exception()
        if isinstance(error, CrawlprojError):
            raise UsageError(str(error), print_help=False)
        if error is not None:  # a component that cannot be imported, for example
            logger.error("The crawl could not be set up: %s", error, exc_info=error)


class Command(crawl.Command):
    """Exit status: 0 done or stopped in order, 1 the crawl could not do its work, 2 wrong usage.

    STOPPED_EXIT_STATUS: instead of 0 after a signal, for a supervisor that starts another then.
    """

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Leave a terminal to the live display: log warnings only, unless LOG_LEVEL is given."""
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        given = (self.settings.getpriority("LOG_LEVEL") or 0) >= SETTINGS_PRIORITIES["cmdline"]
        if sys.stderr.isatty() and not given and self.settings.getbool("PROGRESS_ENABLED", True):
            self.settings.set("LOG_LEVEL", "WARNING", priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by ``args``."""
        if len(args) != 1:
            raise UsageError("name one spider, for example: scrapy crawl site -a url=…")
        process = self.crawler_process
        assert process is not None  # noqa: S101 - Scrapy sets it
        try:
            crawler = process.create_crawler(args[0])
        except KeyError:
            known = ", ".join(sorted(process.spider_loader.list()))
            raise UsageError(f"there is no spider {args[0]!r}; there are: {known}") from None
        try:
            check_settings(crawler.settings)
            stopped = integer(crawler.settings, "STOPPED_EXIT_STATUS", 0)
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None
        running = process.crawl(crawler, **opts.spargs)
        process.start()
        raise_setup_error(running)
        if process.bootstrap_failed:
            self.exitcode = 1
            return
        # Not get_value(), where scrapy-redis's collector expects every value to be a number.
        reason = crawler.stats.get_stats().get("finish_reason")
        if reason in _BAD_ENDS:
            self.exitcode = 1
        elif reason == "shutdown":
            self.exitcode = stopped
