"""``scrapy migrate``: from scrapy-redis's queue to the frontier."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader

from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.errors import ConfigError, CrawlprojError, no_spider

if TYPE_CHECKING:
    import argparse

    from scrapy import Spider


class Command(ReadsEnvironment, ScrapyCommand):
    """Exit status: 0 all moved, 1 some refused, 2 wrong usage, 3 Redis or the frontier failed."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return what follows ``scrapy migrate``."""
        return "[options] <spider>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Move a spider's requests from scrapy-redis to the frontier"

    def long_desc(self) -> str:
        """Return the description of ``scrapy migrate -h``."""
        return (
            "Move the requests that scrapy-redis left in Redis to the frontier that FRONTIER_URL "
            "names. Stop the spider's workers first. The project's settings name the queue: "
            "REDIS_URL (or REDIS_HOST, REDIS_PORT, REDIS_DB) and SCHEDULER_QUEUE_KEY. You may run "
            "the command again: no request is moved twice. Exit status: 0 if all requests were "
            "moved; 1 if some were refused, which stay in the queue; 2 if an argument or a setting "
            "is wrong; 3 if Redis or the frontier failed, so that the command should be run again."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options to Scrapy's."""
        super().add_options(parser)
        parser.add_argument(
            "--done-urls",
            type=Path,
            metavar="FILE",
            help="a file of fetched URLs, one per line; they are not fetched again",
        )
        parser.add_argument(
            "--trust-pickle",
            action="store_true",
            help="run the code that queued pickles name, as scrapy-redis does: whoever can write "
            "to Redis can then run code here. Without it, such pickles are refused",
        )
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--dry-run", action="store_true", help="count what can be moved, and change nothing"
        )
        either.add_argument(
            "--delete",
            action="store_true",
            help="delete moved requests from the queue, and the dupefilter if none is left",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Move the requests of the spider named by ``args``."""
        # Scrapy imports every command to list them, and most need no Redis.
        from crawlproj.scrapy_redis.migration import (  # noqa: PLC0415
            Migration,
            MigrationOptions,
        )

        if len(args) != 1:
            raise UsageError("name one spider, for example: scrapy migrate myspider --dry-run")
        options = MigrationOptions(opts.done_urls, opts.trust_pickle, opts.dry_run, opts.delete)
        try:
            spider = self._spider(args[0])
            assert self.settings is not None  # noqa: S101 - Scrapy sets it
            all_moved = asyncio.run(Migration(self.settings, spider, options).run())
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None
        except CrawlprojError as exc:
            print(f"error: {exc}", file=sys.stderr)
            self.exitcode = 3
        else:
            self.exitcode = 0 if all_moved else 1

    def _spider(self, name: str) -> Spider:
        """Return the spider without initialising it: only its methods' names are needed."""
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        loader = get_spider_loader(self.settings)
        try:
            found = loader.load(name)
        except KeyError:
            raise ConfigError(no_spider(name, loader.list())) from None
        found.update_settings(self.settings)
        return found.__new__(found)
