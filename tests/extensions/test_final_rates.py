"""The stats of Scrapy's LogStats are there, though it does not log."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from scrapy import Spider
from scrapy.utils.test import get_crawler

from crawlproj.extensions.final_rates import FinalRates

if TYPE_CHECKING:
    import pytest


def test_the_rates_are_in_the_stats_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    crawler = get_crawler()
    caplog.set_level(logging.INFO)
    caplog.clear()
    spider = Spider("any")
    rates = FinalRates.from_crawler(crawler)
    rates.spider_opened(spider)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for name, value in {
        "start_time": began,
        "finish_time": began + timedelta(minutes=2),
        "response_received_count": 60,
        "item_scraped_count": 30,
    }.items():
        crawler.stats.set_value(name, value)
    rates.spider_closed(spider, "finished")
    assert crawler.stats.get_value("responses_per_minute") == 30
    assert crawler.stats.get_value("items_per_minute") == 15
    assert not caplog.records
