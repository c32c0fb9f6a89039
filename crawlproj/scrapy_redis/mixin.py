"""Keeps scrapy-redis's RedisMixin from reading Redis itself, which would block the event loop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy_redis.spiders import RedisMixin

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


def disable_reading(spider: Any, crawler: Crawler) -> None:
    """Disconnect the mixin's spider_idle, and let its readers find nothing.

    A subclass's own spider_idle stays connected. Logs a warning if the subclass reads start URLs in
    a method of its own, which will not be called.
    """
    if inherits(spider, "spider_idle"):
        crawler.signals.disconnect(spider.spider_idle, signals.spider_idle)
    spider.logger.logger.addFilter(_is_not_url_warning)
    spider.count_size = lambda _key: 0
    spider.fetch_data = lambda _key, _size: []
    for name in ("next_requests", "schedule_next_requests"):
        if not inherits(spider, name):
            logger.warning(
                "%s.%s() is not called, because it would block the event loop: override "
                "make_request_from_data() to change how a start URL becomes a request",
                type(spider).__name__,
                name,
                extra={"spider": spider},
            )


def inherits(spider: RedisMixin, name: str) -> bool:
    """Return whether the spider's method ``name`` is the mixin's."""
    return getattr(type(spider), name) is getattr(RedisMixin, name)


def _is_not_url_warning(record: logging.LogRecord) -> bool:
    """Drop the mixin's warning about each start URL that is not JSON: both forms are supported."""
    return "String request is deprecated" not in record.getMessage()
