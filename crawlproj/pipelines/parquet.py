"""Writes items to Parquet files while the crawl runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import CloseSpider, NotConfigured

from crawlproj._scrapy.engine import begin_closing
from crawlproj.errors import StoreError
from crawlproj.items import Page
from crawlproj.parquet.config import ParquetConfig
from crawlproj.pipelines.logged_once import log_failures_once
from crawlproj.pipelines.sources import Sources, current_source
from crawlproj.scheduler import scheduler_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawlproj.parquet.sink import Sink

__all__ = ["ParquetPipeline"]

logger = logging.getLogger(__name__)


class ParquetPipeline:
    """Writes each item to the Parquet files in PARQUET_URL, and passes it on once it is durable.

    A page that is fetched again because its worker was killed is in them once; a check of a page
    that found another content is a row of its own. Raises NotConfigured if PARQUET_URL is empty.

    If nothing more can be written, closes the crawl with the reason "parquet-failed"; waiting
    items fail with NotStored, which returns their pages to the frontier. Stats: ``parquet/rows``
    and ``parquet/files`` that were written, their ``parquet/bytes``, and ``parquet/known`` for rows
    that were there.
    """

    def __init__(self, crawler: Crawler) -> None:
        config = ParquetConfig.from_settings(crawler.settings)
        if config is None:
            raise NotConfigured
        from crawlproj.parquet.rows import row_of  # noqa: PLC0415 - an extra
        from crawlproj.parquet.sink import Sink  # noqa: PLC0415

        self._row_of = row_of
        self._crawler = crawler
        self._sources = Sources(crawler)
        self._sink: Sink = Sink(config, config.folder(crawler.settings), self._stop, self._count)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline. Raises ConfigError if a setting is wrong."""
        return cls(crawler)

    async def open_spider(self) -> None:
        """Open the files. Raises CloseSpider("parquet-unusable") if they cannot be written."""
        self._sources.install()
        try:
            await self._sink.open()
        except StoreError as exc:
            logger.error("%s", exc, extra={"spider": self._crawler.spider})
            raise CloseSpider("parquet-unusable") from exc
        log_failures_once()

    async def process_item(self, item: Any) -> Any:
        """Return ``item`` once it is durable.

        Raises NotStored, or TypeError or ValueError if the item has no place in a table.
        """
        source = current_source()
        fields = None if isinstance(item, Page) else dict(ItemAdapter(item))
        identity = (*source.identity, source.checked_at)
        await self._sink.put(self._row_of(item, fields, source.page, identity))
        return item

    async def close_spider(self) -> None:
        """Write the files of the rows that wait."""
        if wrong := await self._sink.close():
            logger.error(
                "Rows wait in the journal; the next crawl with this PARQUET_URL writes them: %s",
                wrong,
                extra={"spider": self._crawler.spider},
            )
            if (scheduler := scheduler_of(self._crawler)) is not None:
                scheduler.fail()
        self._count()

    def _count(self) -> None:
        for name in ("rows", "files", "bytes", "known"):
            count = getattr(self._sink.counts, name)
            self._crawler.stats.set_value(f"parquet/{name}", count)

    def _stop(self, wrong: str) -> None:
        logger.error(
            "The crawl stops; run it again and it goes on: %s",
            wrong,
            extra={"spider": self._crawler.spider},
        )
        begin_closing(self._crawler.engine, "parquet-failed")
