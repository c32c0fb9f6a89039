"""``scrapy fleet``: several workers on one machine that share one job."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.conf import arglist_to_dict
from scrapy.utils.job import job_dir

from crawlproj._scrapy.arguments import create_spider, remember_arguments
from crawlproj.commands.crawl import add_serve_option, only_spider, refuse_repeats
from crawlproj.commands.environment import warn_of_misspelt
from crawlproj.commands.usage import KnowsItsOptions
from crawlproj.config import integer, text
from crawlproj.errors import ConfigError, CrawlprojError, no_spider
from crawlproj.private_files import create

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy import Spider
    from scrapy.settings import BaseSettings

    from crawlproj.serve.beside import Beside


class Command(KnowsItsOptions, ScrapyCommand):
    """Exit statuses: 0 finished or stopped, 1 the job failed, 2 wrong usage or a wrong setting."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        """Return what follows ``scrapy fleet``."""
        return "[options] <spider>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Run a spider in several processes that share one job"

    def long_desc(self) -> str:
        """Return the description in ``scrapy fleet --help``."""
        return (
            "Run a spider in several processes that share one job, restart those that crash, and "
            "show them together. Without REDIS_URL it starts a Redis of its own. Example: "
            "scrapy fleet site -n 4 -a url=https://example.org"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add -n, and -a and --serve as in ``scrapy crawl``."""
        super().add_options(parser)
        parser.add_argument(
            "-n",
            dest="workers",
            type=int,
            default=_processors(),
            metavar="N",
            help="number of worker processes (default: one per processor, here %(default)s)",
        )
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="set a spider argument; may be repeated",
        )
        add_serve_option(parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run workers of the spider named by ``args``."""
        # Scrapy imports every command to list them, and only this one needs a supervisor.
        from crawlproj.fleet.config import FleetConfig  # noqa: PLC0415
        from crawlproj.fleet.running import FleetRun  # noqa: PLC0415
        from crawlproj.fleet.screen import Screen  # noqa: PLC0415
        from crawlproj.report.places import places  # noqa: PLC0415
        from crawlproj.report.written import files_written, parquet_written  # noqa: PLC0415
        from crawlproj.scheduling.crawl_config import CrawlConfig  # noqa: PLC0415
        from crawlproj.store.files import saves_to  # noqa: PLC0415

        spider_name = only_spider(args, "scrapy fleet site -n 4 -a url=…")
        if opts.workers < 1:
            raise UsageError(f"-n must be at least 1, not {opts.workers}", print_help=False)
        refuse_repeats(opts.spargs)
        try:
            crawler, spider = self._spider(spider_name, opts.spargs)
            settings = crawler.settings
            config = FleetConfig.from_settings(settings, spider)
            stopped = integer(settings, "STOPPED_EXIT_STATUS", 0)
            beside = self._beside(settings) if opts.serve else None
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None
        warn_of_misspelt(settings)
        store_url = text(settings, "STORE_URL", "")
        screen = Screen(spider.name, config.interval_s)
        frontier = config.redis.masked if config.redis else str(config.folder / "redis")
        screen.compares = CrawlConfig.reopens(spider)
        screen.places = lambda counts: places(
            frontier,
            store_url,
            archive=text(settings, "WARC_DIR", ""),
            files=files_written(saves_to(settings, spider), counts),
            parquet=parquet_written(text(settings, "PARQUET_URL", ""), counts),
            logs=str(config.folder),
        )
        log = _open_log(config.folder, settings)
        log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s: %(message)s"))
        ours = logging.getLogger("crawlproj")
        ours.setLevel(logging.INFO)
        ours.handlers = [screen, log]

        def command(own: Mapping[str, str]) -> list[str]:
            words = [sys.executable, "-m", "scrapy", "crawl", spider_name]
            for argument in opts.spargs:
                words += ["-a", argument]
            for name, value in {**arglist_to_dict(opts.set), **own}.items():
                words += ["-s", f"{name}={value}"]
            return [*words, *(("-L", opts.loglevel) if opts.loglevel else ())]

        fleet = FleetRun(config, opts.workers, command, screen, store_url, beside)
        try:
            self.exitcode = asyncio.run(fleet.run())
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None
        except CrawlprojError as exc:
            logging.getLogger(__name__).error("%s", exc)
            self.exitcode = 1
        if fleet.stopped and self.exitcode == 0:
            self.exitcode = stopped

    @staticmethod
    def _beside(settings: BaseSettings) -> Beside:
        from crawlproj.serve.beside import Beside  # noqa: PLC0415 - an extra

        return Beside(settings)

    def _spider(self, name: str, arguments: list[str]) -> tuple[Crawler, Spider]:
        """Build the spider as a worker does, to check its arguments and to name the job."""
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        loader = get_spider_loader(self.settings)
        try:
            crawler = Crawler(loader.load(name), self.settings)
        except KeyError:
            raise UsageError(no_spider(name, loader.list())) from None
        try:
            given = arglist_to_dict(arguments)
        except ValueError:
            raise UsageError("-a must have the form NAME=VALUE", print_help=False) from None
        remember_arguments()
        return crawler, create_spider(crawler, given)


class _Log(logging.FileHandler):
    """Loses lines while the disk is full; the screen has them, too."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Print a traceback, unless the file cannot be written."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _open_log(folder: Path, settings: BaseSettings) -> logging.FileHandler:
    """Make the folders of a fleet, and open its log. Raises UsageError if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        job_dir(settings)  # workers that make it at the same time would fail
        create(folder / "fleet.log")
        return _Log(folder / "fleet.log", encoding="utf-8")
    except OSError as exc:
        raise UsageError(
            f"{exc.filename} cannot be written ({exc.strerror}): make it writable, or set "
            "FLEET_DIR to a folder elsewhere",
            print_help=False,
        ) from None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
