"""Feeds scrapy-redis's start URLs to the scheduler, so that RedisSpiders run unchanged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["StartUrlsFeed"]


class StartUrlsFeed:
    """An extension that is active for spiders with scrapy_redis.spiders.RedisMixin.

    Start URLs become requests whenever the scheduler has room for them, even while the crawl is
    busy, and leave Redis once the frontier has them (see ``StartUrls``). Data from which
    ``make_request_from_data`` makes no request are logged and put aside in ``<redis_key>:bad``.

    An idle crawl stays open for max_idle_time (MAX_IDLE_TIME_BEFORE_CLOSE; 0: for ever) or
    SCHEDULER_IDLE_BEFORE_CLOSE seconds, whichever is longer.
    """

    def __init__(self, crawler: Crawler) -> None:
        # Whoever uses the mixin has imported it; nobody else should wait for its import.
        spiders = sys.modules.get("scrapy_redis.spiders")
        if spiders is None or not isinstance(crawler.spider, spiders.RedisMixin):
            raise NotConfigured
        if crawler.spider.server is None:
            raise NotConfigured
        if not hasattr(crawler.spider, "max_idle_time"):
            raise ConfigError(
                f"{spiders.__file__} is of an old scrapy-redis, which this Scrapy cannot run: "
                "delete the project's copy, and install scrapy-redis 0.9"
            )
        from crawlproj.scrapy_redis.feeder import Feeder  # noqa: PLC0415 - see above

        self._feeder = Feeder(crawler, crawler.spider)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StartUrlsFeed:
        """Build the extension.

        Raises NotConfigured if the spider does not use RedisMixin, ConfigError if a setting is
        wrong, or the project's scrapy_redis too old.
        """
        return cls(crawler)
