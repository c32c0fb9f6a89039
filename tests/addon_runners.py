"""Scripts that run a spider with the add-on: addon_runners.py KIND URL [ALLOWED]."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.crawler import AsyncCrawlerProcess, AsyncCrawlerRunner, CrawlerRunner
from scrapy.utils.reactor import install_reactor
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from scrapy.http import Response


class Theirs(Spider):
    name = "theirs"
    start_urls = [sys.argv[2]]  # noqa: RUF012 - Scrapy's way

    def parse(self, response: Response) -> None:
        sys.stdout.write(f"fetched {response.status}\n")


def process_without_reactor(settings: dict[str, Any]) -> None:
    process = AsyncCrawlerProcess({**settings, "TWISTED_REACTOR_ENABLED": False})
    process.crawl(Theirs)
    process.start()


def runner_without_reactor(settings: dict[str, Any]) -> None:
    async def main() -> None:
        await AsyncCrawlerRunner({**settings, "TWISTED_REACTOR_ENABLED": False}).crawl(Theirs)

    asyncio.run(main())


def runner_before_the_reactor(settings: dict[str, Any]) -> None:
    runner = CrawlerRunner(settings)
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    reactor: Any = importlib.import_module("twisted.internet.reactor")
    runner.crawl(Theirs).addBoth(lambda _: reactor.stop())
    reactor.run()


def runner_after_the_reactor(settings: dict[str, Any]) -> None:
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet.task import react  # noqa: PLC0415 - imports the reactor

    def main(_: object) -> Deferred[None]:
        return Deferred.fromFuture(AsyncCrawlerRunner(settings).crawl(Theirs))

    react(main)


if __name__ == "__main__":
    globals()[sys.argv[1]](
        {
            "ADDONS": {"crawlproj.addon.Addon": 300},
            "GUARD_ALLOW": sys.argv[3:],
            "LOG_LEVEL": "ERROR",
        }
    )
