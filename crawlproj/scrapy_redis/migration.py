"""Moves one spider's requests from scrapy-redis to the frontier, as ``scrapy migrate`` asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from crawlproj.config import text
from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.scrapy_redis.move import Moved, mark_done, move
from crawlproj.scrapy_redis.queue import RequestQueue
from crawlproj.scrapy_redis.stored_requests import RequestReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scrapy import Spider
    from scrapy.settings import BaseSettings

    from crawlproj.frontier.base import Entry, Frontier

_MAX_REASONS = 10
_FINGERPRINTS = """\
{key}: {count:,} fingerprints cannot be moved: each is the SHA-1 of a request, from which the
  request cannot be restored. So a URL that was fetched before is fetched once more when a page
  links to it, unless --done-urls FILE names it."""


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """The options of ``scrapy migrate``.

    done_urls: file of URLs, one per line, that have been fetched.
    trust_pickle: whether queued pickles may run code.
    dry_run: whether to count only.
    delete: whether to delete moved requests, and the dupefilter once all were moved.
    """

    done_urls: Path | None = None
    trust_pickle: bool = False
    dry_run: bool = False
    delete: bool = False


class Migration:
    """The migration of one spider's queue.

    spider: its methods are the callbacks. It needs no initialisation.

    Raises ConfigError if a setting is wrong.
    """

    def __init__(self, settings: BaseSettings, spider: Spider, options: MigrationOptions) -> None:
        self._options = options
        config = CrawlConfig.from_settings(settings)
        if config.frontier_url.startswith("memory:"):
            raise ConfigError("FRONTIER_URL is memory:, which would lose every moved request")
        self._frontier: Frontier = config.frontier()
        self._job = config.job_of(spider)
        self._reader = RequestReader(
            spider,
            trust_pickle=options.trust_pickle,
            by_domain=self._frontier.shared
            and ConcurrencyConfig.from_settings(settings).scope == "domain",
        )
        names = {"spider": spider.name}
        queue_class = str(settings.get("SCHEDULER_QUEUE_CLASS") or "")
        self._queue = RequestQueue(
            RedisConfig.from_settings(settings),
            text(settings, "SCHEDULER_QUEUE_KEY", "%(spider)s:requests") % names,
            lifo=queue_class.endswith(("LifoQueue", "SpiderStack")),
        )
        self._dupefilter = (
            text(settings, "SCHEDULER_DUPEFILTER_KEY", "%(spider)s:dupefilter") % names
        )

    async def run(self) -> bool:
        """Mark the done URLs, move the queue, and print the results.

        Returns whether all requests were moved. Raises ConfigError and FrontierError.
        """
        console = Console(soft_wrap=True, highlight=False)
        options, moved = self._options, Moved()
        try:
            length = await self._queue.open()
            if not options.dry_run and (length or options.done_urls):
                await self._frontier.open(self._job)
                if options.done_urls:
                    done = self._done_entries(options.done_urls)
                    number, new = await mark_done(self._frontier, done)
                    console.print(
                        f"{options.done_urls}: {number:,} URLs are done, {new:,} of them new"
                    )
            await self._move(moved, length)
            console.print("\n".join(self._report(moved)), markup=False)
            if fingerprints := await self._queue.size_of_set(self._dupefilter):
                console.print(
                    _FINGERPRINTS.format(key=self._dupefilter, count=fingerprints), markup=False
                )
            if options.delete and not moved.refused:
                await self._queue.delete(self._dupefilter)
        finally:
            await self._frontier.close()
            await self._queue.close()
        return not moved.refused

    def _done_entries(self, path: Path) -> Iterator[Entry]:
        number = 0
        try:
            with path.open() as lines:
                for number, line in enumerate(lines, 1):  # noqa: B007 - the error names it
                    if url := line.strip():
                        yield self._reader.done_entry(url)
        except OSError as exc:
            raise ConfigError(f"--done-urls {path}: {exc.strerror}") from None
        except ValueError as exc:
            raise ConfigError(f"--done-urls {path}, line {number}: {exc}") from None

    async def _move(self, moved: Moved, length: int) -> None:
        """Move the queue of ``length`` requests; adds the results to ``moved``."""
        if not length:
            return
        frontier = None if self._options.dry_run else self._frontier
        batches = move(self._queue, frontier, self._reader, delete=self._options.delete)
        screen = Console(stderr=True)
        with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task(self._queue.key, total=length)
            async for batch in batches:
                moved.add(batch)
                progress.advance(task, batch.total)

    def _report(self, moved: Moved) -> list[str]:
        if not moved.total:
            return [f"{self._queue.key} holds no requests"]
        counts = [f"{moved.new:,} {'can be moved' if self._options.dry_run else 'moved'}"]
        if moved.known:
            counts.append(f"{moved.known:,} already known")
        if moved.refused:
            counts.append(f"{moved.refused.total():,} refused (they stay in the queue)")
        lines = [f"{self._queue.key} ({self._queue.kind}): {', '.join(counts)}"]
        lines += [
            f"  {count:,} × {reason}, for example {moved.examples[reason]}"
            for reason, count in moved.refused.most_common(_MAX_REASONS)
        ]
        if len(moved.refused) > _MAX_REASONS:
            lines.append(f"  and {len(moved.refused) - _MAX_REASONS} more reasons")
        return lines
