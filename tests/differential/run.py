"""Runs every shape in this process: ``run.py with|without FOLDER``; writes FOLDER/seen.json."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.utils.reactor import install_reactor

from tests.differential.shapes import SHAPES
from tests.differential.web import running_web

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

    from tests.differential.web import Web

SETTINGS: dict[str, Any] = {
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": False,
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "DOWNLOAD_TIMEOUT": 120,
    "RETRY_TIMES": 1,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "PROGRESS_ENABLED": False,
    "HOG_THRESHOLD": 0,  # on a busy machine, all crawls of the process together block the loop
}
# Stats whose values depend on time, memory and headers.
_VARYING = (
    "downloader/request_bytes", "downloader/response_bytes", "elapsed_time_seconds", "finish_time",
    "items_per_minute", "memusage/", "responses_per_minute", "start_time",
)  # fmt: skip
# Stats of other crawls in the process, or of what only one of the two has.
_NOT_COMPARED = (
    "frontier/", "hogs/", "log_count/", "scheduler/dequeued/", "scheduler/enqueued/",
    "scheduler/unserializable",
)  # fmt: skip
_ONLY_OURS = "Kept in memory, "  # a warning; Scrapy keeps all requests there
_AT_ONCE = 8
# A crawl takes two seconds, and a hundred times as long on a machine that has other work.
_PATIENCE_S = 300


class Log(logging.Handler):
    """Keeps the warnings and errors that name the crawler's spider, without their reasons.

    It leaves out the warning that a request cannot be stored, which only the add-on gives.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[tuple[str, str]] = []
        self._crawler = crawler

    def emit(self, record: logging.LogRecord) -> None:
        spider = getattr(record, "spider", None)
        if spider is not None and spider is self._crawler.spider:
            message, _, _ = record.getMessage().partition("\n")
            if not message.startswith(_ONLY_OURS):
                self.lines.append((record.levelname, message.partition(": ")[0]))


async def seen_by(shape: type[Spider], web: Web, settings: dict[str, Any], folder: Path) -> Any:
    """Run a shape; return what came out of it, in an order of its own."""
    crawler = AsyncCrawlerRunner(settings).create_crawler(shape)
    items: list[Any] = []

    def keep(item: Any) -> None:
        items.append([type(item).__name__, ItemAdapter(item).asdict()])

    crawler.signals.connect(keep, signals.item_scraped)
    log = Log(crawler)
    logging.getLogger().addHandler(log)
    async with asyncio.timeout(_PATIENCE_S) as patience:
        await crawler.crawl_async(web=web.url)
    if patience.expired():  # Scrapy returns as if the crawl had ended
        raise TimeoutError(f"the crawl went on for {_PATIENCE_S} s")
    assert crawler.spider is not None
    seen = {
        "items": _sorted(items),
        "notes": _sorted(getattr(crawler.spider, "notes", [])),
        "asked": _sorted(web.asked.get(crawler.spider.name, [])),
        "stats": _stats(crawler),
        "log": sorted(log.lines),
        "files": {
            path.name: _sorted(path.read_text("latin-1").splitlines())
            for path in (folder / crawler.spider.name).rglob("*")
            if path.is_file()
        },
    }
    return json.loads(json.dumps(seen, default=str).replace(web.url, "WEB"))


def _stats(crawler: Crawler) -> dict[str, Any]:
    found = crawler.stats.get_stats()
    return {
        name: "present" if name.startswith(_VARYING) else found[name]
        for name in sorted(found)
        if not name.startswith(_NOT_COMPARED)
    }


def _sorted(values: Any) -> list[Any]:
    return sorted(values, key=lambda value: json.dumps(value, default=str))


async def run_all(*, with_addon: bool, folder: Path) -> dict[str, Any]:
    """Run all shapes, some at a time; return what was seen of each."""
    turns = asyncio.Semaphore(_AT_ONCE)
    settings = dict(SETTINGS)
    if with_addon:
        settings["ADDONS"] = {"crawlproj.addon.Addon": 300}

    async def one(shape: type[Spider], web: Web) -> Any:
        async with turns:
            try:
                return await seen_by(shape, web, settings, folder)
            except Exception as exc:  # noqa: BLE001 - what a shape raises is seen of it, too
                return {"raised": repr(exc)}

    async with running_web() as web:
        chosen = SHAPES.items()
        seen = await asyncio.gather(*(one(shape, web) for _, shape in chosen))
    return dict(zip(SHAPES, seen, strict=True))


def main(how: str, place: str) -> None:
    """Run all shapes on the reactor, as Scrapy's commands do."""
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from scrapy.utils.defer import deferred_f_from_coro_f  # noqa: PLC0415
    from twisted.internet.task import react  # noqa: PLC0415 - imports the reactor

    folder = Path(place)

    async def run(_: object) -> None:
        seen = await run_all(with_addon=how == "with", folder=folder)
        (folder / "seen.json").write_text(json.dumps(seen))

    react(deferred_f_from_coro_f(run))


if __name__ == "__main__":
    main(*sys.argv[1:])
