"""``python -m crawlproj.scrapy_redis.migrate SPIDER``: from scrapy-redis's queue to the frontier.

Exit status: 0 everything is over there; 1 some requests were refused, and stay where they are;
2 an argument or a setting is wrong; 3 Redis or the frontier failed: run it again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

from crawlproj.config import text
from crawlproj.errors import ConfigError, CrawlprojError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.scrapy_redis.migration import Entries, Moved, mark_done, move
from crawlproj.scrapy_redis.queue import OldQueue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy import Spider
    from scrapy.settings import Settings

    from crawlproj.frontier.base import Entry, Frontier

_MAX_REASONS = 10
_FINGERPRINTS = """\
{key}: {count:,} fingerprints, which cannot be moved: each is the SHA-1 of a request, and what was
  hashed cannot be told from it. So of the URLs that were fetched before, those that are linked to
  again are fetched once more, unless --done-urls FILE names them."""


class Migration:
    """One spider's requests on their way.

    spider: whose methods the callbacks are. options: as ``_parser`` has them.

    Raises ConfigError.
    """

    def __init__(self, settings: Settings, spider: Spider, options: argparse.Namespace) -> None:
        self._options = options
        config = CrawlConfig.from_settings(settings)
        if config.frontier_url.startswith("memory:"):
            raise ConfigError("FRONTIER_URL is memory:, where nothing would stay")
        self._frontier: Frontier = config.frontier()
        self._job = config.job_of(spider)
        self._entries = Entries(
            spider,
            trust_pickle=options.trust_pickle,
            by_domain=self._frontier.shared
            and ConcurrencyConfig.from_settings(settings).scope == "domain",
        )
        names = {"spider": spider.name}
        queue_class = str(settings.get("SCHEDULER_QUEUE_CLASS") or "")
        self._old = OldQueue(
            RedisConfig.from_settings(settings),
            text(settings, "SCHEDULER_QUEUE_KEY", "%(spider)s:requests") % names,
            lifo=queue_class.endswith(("LifoQueue", "SpiderStack")),
        )
        self._dupefilter = (
            text(settings, "SCHEDULER_DUPEFILTER_KEY", "%(spider)s:dupefilter") % names
        )

    async def run(self) -> bool:
        """Mark what is done, move the queue, and print what was found; whether all was moved.

        Raises ConfigError and FrontierError.
        """
        console = Console(soft_wrap=True, highlight=False)
        done: Path | None = self._options.done_urls
        moved = Moved()
        try:
            length = await self._old.open()
            if not self._options.dry_run and (length or done):
                await self._frontier.open(self._job)
                if done:
                    number, new = await mark_done(self._frontier, self._done_urls(done))
                    console.print(f"{done}: {number:,} URLs are done, {new:,} of them new")
            await self._move(moved, length)
            console.print("\n".join(self._told(length, moved)), markup=False)
            if fingerprints := await self._old.members(self._dupefilter):
                told = _FINGERPRINTS.format(key=self._dupefilter, count=fingerprints)
                console.print(told, markup=False)
            if self._options.delete and not moved.refused:
                await self._old.delete(self._dupefilter)
        finally:
            await self._frontier.close()
            await self._old.close()
        return not moved.refused

    def _done_urls(self, path: Path) -> Iterator[Entry]:
        number = 0
        try:
            with path.open() as lines:
                for line in lines:
                    number += 1
                    if url := line.strip():
                        yield self._entries.of_done_url(url)
        except OSError as exc:
            raise ConfigError(f"--done-urls {path}: {exc.strerror}") from None
        except ValueError as exc:
            raise ConfigError(f"--done-urls {path}, line {number}: {exc}") from None

    async def _move(self, moved: Moved, length: int) -> None:
        """Move the queue of ``length`` requests; adds up in ``moved`` what became of them."""
        frontier = None if self._options.dry_run else self._frontier
        if not length:
            return
        screen = Console(stderr=True)
        with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task(self._old.key, total=length)
            async for part in move(self._old, frontier, self._entries, delete=self._options.delete):
                moved.new += part.new
                moved.known += part.known
                moved.refused += part.refused
                moved.examples = part.examples | moved.examples
                progress.advance(task, part.new + part.known + part.refused.total())

    def _told(self, length: int, moved: Moved) -> list[str]:
        if not length:
            return [f"{self._old.key} holds no requests"]
        verb = "could be moved" if self._options.dry_run else "moved"
        counts = [f"{moved.new:,} {verb}"]
        if moved.known:
            counts.append(f"{moved.known:,} known already")
        if moved.refused:
            counts.append(f"{moved.refused.total():,} refused (they stay there)")
        lines = [f"{self._old.key} ({self._old.kind}): {', '.join(counts)}"]
        lines += [
            f"  {count:,} × {why}, such as {moved.examples[why]}"
            for why, count in moved.refused.most_common(_MAX_REASONS)
        ]
        if len(moved.refused) > _MAX_REASONS:
            lines.append(f"  and {len(moved.refused) - _MAX_REASONS} more reasons")
        return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = get_project_settings()
        settings.setdict(dict(options.set), priority="cmdline")
        migration = Migration(settings, _spider(settings, options.spider), options)
        all_moved = asyncio.run(migration.run())
    except ConfigError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 - a command prints
        return 2
    except CrawlprojError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201
        return 3
    return 0 if all_moved else 1


def _spider(settings: Settings, name: str) -> Spider:
    """Return the spider without making it: what its callbacks are called is all that is needed."""
    try:
        found = SpiderLoader.from_settings(settings).load(name)
    except KeyError:
        raise ConfigError(
            f"there is no spider {name!r}: run this in the project's folder, `scrapy list` tells"
        ) from None
    found.update_settings(settings)
    return found.__new__(found)


def _setting(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{given!r}: write NAME=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m crawlproj.scrapy_redis.migrate",
        description=(
            "Moves the requests that scrapy-redis left in Redis to the frontier, whatever that is: "
            "FRONTIER_URL. Run it in the project's folder, with scrapy-redis's workers stopped. It "
            "reads the project's settings: REDIS_URL (or REDIS_HOST, REDIS_PORT, REDIS_DB) and "
            "SCHEDULER_QUEUE_KEY say where the queue is. It may be run again: nothing is moved "
            "twice."
        ),
        epilog=(__doc__ or "").partition("\n\n")[2],
    )
    parser.add_argument("spider", help="name of the spider whose requests they are")
    parser.add_argument(
        "-s", dest="set", metavar="NAME=VALUE", type=_setting, action="append", default=[],
        help="set a setting",
    )  # fmt: skip
    parser.add_argument(
        "--done-urls", type=Path, metavar="FILE",
        help="URLs, one a line, that have been fetched: they are not fetched again",
    )  # fmt: skip
    parser.add_argument(
        "--trust-pickle", action="store_true",
        help="run the code that queued pickles name, as scrapy-redis does; by default, those that "
        "are more than data are refused. Whoever could write to Redis can run code here then",
    )  # fmt: skip
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--dry-run", action="store_true", help="count what could be moved, and change nothing"
    )
    either.add_argument(
        "--delete", action="store_true",
        help="delete from the queue what has been moved, and the dupefilter if nothing is left",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
