"""Yields a Page item for every response in an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawlproj.config import text
from crawlproj.content.fields import chosen_fields
from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.http import DownloadHandler
from crawlproj.http.replay import ReplayHandler
from crawlproj.pages import failure_of, page_of
from crawlproj.reasons import error_of, outcome_of
from crawlproj.spiders.arguments import refuse_unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page

__all__ = ["ArchivedSpider"]


class ArchivedSpider(Spider):
    """Takes every URL that the archive in REPLAY_DIR has, except robots.txt. Follows no links.

    It is the spider of ``scrapy replay DIR``, where no other is named. Raises ConfigError without
    REPLAY_DIR, and if an argument is given.
    """

    name = "archived"
    job = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_unknown(self, kwargs)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ArchivedSpider:
        """Build the spider, whose job is named for the archive."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        folder = text(crawler.settings, "REPLAY_DIR", "")
        if not folder:
            raise ConfigError(f"the spider {cls.name!r} needs an archive: scrapy replay DIR")
        spider.job = f"{cls.name} {Path(folder).resolve()}"
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each URL."""
        handler = DownloadHandler.from_crawler(self.crawler)
        assert isinstance(handler, ReplayHandler)  # noqa: S101 - REPLAY_DIR chooses it
        for url in handler.reader.urls():
            yield Request(url, errback=self.failed)

    def parse(self, response: Response) -> Iterator[Page]:
        """Yield the page."""
        yield page_of(response, chosen_fields(self.settings))

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield the item for a URL that failed; nothing for a skipped one."""
        if outcome_of(error_of(failure))[0] is State.FAILED:
            yield failure_of(failure)
