"""``scrapy crawl``: Scrapy's command, with plain error messages and exit statuses."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.commands import crawl
from scrapy.exceptions import UsageError
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.misc import load_object

from crawlproj._scrapy.command import log_into_file
from crawlproj._scrapy.process import forgive_copies
from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.config import integer
from crawlproj.errors import ConfigError, CrawlprojError, no_spider
from crawlproj.fleet.children import ORPHANED
from crawlproj.memory import give_large_blocks_back
from crawlproj.open_files import allow_many_open_files
from crawlproj.reasons import FAILED_CRAWLS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from scrapy.crawler import Crawler, CrawlerProcessBase

logger = logging.getLogger(__name__)

_YOUNG_OBJECTS = 2000


def raise_setup_error(running: object) -> None:
    """Raise UsageError if setting up a crawl failed with an error the user can correct.

    running: the crawl's task. Any other error is logged.
    """
    if isinstance(running, asyncio.Task) and running.done() and not running.cancelled():
        error = running.exception()
        if isinstance(error, CrawlprojError):
            raise UsageError(str(error), print_help=False)
        if error is not None:  # a component that cannot be imported, for example
            logger.error("Cannot set up the crawl: %s", error, exc_info=error)


def only_spider(args: Sequence[str], example: str) -> str:
    """Return the name of the spider. Raises UsageError if it is not all that is given."""
    for argument in args:
        if "=" in argument:
            raise UsageError(
                f"{argument} is not the name of a spider: an argument of the spider is written "
                f"-a {argument}",
                print_help=False,
            )
    if len(args) != 1:
        raise UsageError(f"name one spider, for example: {example}")
    return args[0]


def refuse_repeats(arguments: Sequence[str]) -> None:
    """Raise UsageError if -a has the same name twice, of which Scrapy would drop the first."""
    names = [argument.partition("=")[0] for argument in arguments]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"-a {name} is given more than once: write one, with commas between its values",
                print_help=False,
            )


def add_serve_option(parser: argparse.ArgumentParser) -> None:
    """Add --serve."""
    parser.add_argument(
        "--serve",
        action="store_true",
        help="serve the dashboard and the API beside the crawl, at http://127.0.0.1:8400 "
        "(SERVE_PORT)",
    )


def _drain_on(number: signal.Signals) -> None:
    """Let a signal end the crawl as SIGTERM does, but once: the second SIGTERM would cut it short.

    A signal that is ignored, as SIGHUP is under nohup, stays so.
    """

    def drain(*_: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        signal.raise_signal(signal.SIGTERM)

    if signal.getsignal(number) is signal.SIG_DFL:
        signal.signal(number, drain)


def _collect_garbage() -> None:
    """Let the garbage collector work, but leave out what was imported and set up, which stays."""
    gc.freeze()
    # A few pages in flight have Python's 700 objects, after which it would look for garbage among
    # them. Not many more: only the collector frees the pages of spiders that use response.css().
    young, *older = gc.get_threshold()
    gc.set_threshold(max(young, _YOUNG_OBJECTS), *older)
    gc.enable()


class Command(ReadsEnvironment, crawl.Command):
    """Exit statuses: 0 finished or stopped, 1 the crawl failed, 2 wrong usage or a wrong setting.

    STOPPED_EXIT_STATUS replaces 0 after a signal or a drain, for a supervisor that starts another
    crawl then.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own option to Scrapy's."""
        super().add_options(parser)
        add_serve_option(parser)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """On a terminal, log only warnings, to keep the live display readable."""
        # The modules that Scrapy imports next stay, so collecting garbage meanwhile frees nothing.
        gc.disable()
        refuse_repeats(opts.spargs)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        # A level given on the command line wins.
        given = (self.settings.getpriority("LOG_LEVEL") or 0) >= SETTINGS_PRIORITIES["cmdline"]
        if sys.stderr.isatty() and not given and self.settings.getbool("PROGRESS_ENABLED", True):
            self.settings.set("LOG_LEVEL", "WARNING", priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by ``args``."""
        try:
            self._run(args, opts)
        except UsageError as exc:
            log_into_file(str(exc))
            raise

    def _run(self, args: list[str], opts: argparse.Namespace) -> None:
        name = only_spider(args, "scrapy crawl site -a url=…")
        process = self.crawler_process
        assert process is not None  # noqa: S101 - Scrapy sets it
        try:
            crawler = process.create_crawler(name)
        except KeyError:
            raise UsageError(no_spider(name, process.spider_loader.list())) from None
        # Scrapy imports every command to list them, and no other needs this much.
        from crawlproj.addon import Addon  # noqa: PLC0415
        from crawlproj.check_settings import check_settings  # noqa: PLC0415

        try:
            # In other people's projects, the add-on has yet to change settings. It checks them.
            addons = crawler.settings.getdict("ADDONS").items()
            if Addon not in (load_object(one) for one, order in addons if order is not None):
                check_settings(crawler.settings)
            stopped = integer(crawler.settings, "STOPPED_EXIT_STATUS", 0)
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None
        if opts.serve:
            self._crawl_served(process, crawler, opts, stopped)
        else:
            self._crawl(process, crawler, opts, stopped)

    def _crawl_served(
        self,
        process: CrawlerProcessBase,
        crawler: Crawler,
        opts: argparse.Namespace,
        stopped: int,
    ) -> None:
        from crawlproj.serve.beside import Beside  # noqa: PLC0415 - see above

        try:
            beside = Beside(crawler.settings)
            try:
                beside.start()
                self._crawl(process, crawler, opts, stopped)
            finally:
                beside.stop()
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None

    def _crawl(
        self,
        process: CrawlerProcessBase,
        crawler: Crawler,
        opts: argparse.Namespace,
        stopped: int,
    ) -> None:
        """Run the crawl and set the exit status. stopped: the one after a signal."""
        crawler.signals.connect(_collect_garbage, signals.spider_opened)
        _drain_on(signal.SIGHUP)  # a closed terminal
        _drain_on(ORPHANED)
        forgive_copies(process)
        allow_many_open_files()
        give_large_blocks_back()
        running = process.crawl(crawler, **opts.spargs)
        process.start()
        raise_setup_error(running)
        if process.bootstrap_failed:
            self.exitcode = 1
            return
        # Not get_value(): scrapy-redis's collector expects every value there to be a number.
        reason = crawler.stats.get_stats().get("finish_reason")
        if reason in FAILED_CRAWLS:
            self.exitcode = 1
        elif reason in {"shutdown", "drained"}:
            self.exitcode = stopped
