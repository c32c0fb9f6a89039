"""A project's duplicate filter that decides by itself, asked as Scrapy's scheduler asks its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.dupefilters import BaseDupeFilter, RFPDupeFilter
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.python import global_object_name

from crawlproj.errors import ConfigError
from crawlproj.scheduling.serialize import key_of_text

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

# It filters as Scrapy's does; the frontier takes the place of its memory in Redis.
_SCRAPY_REDIS = "scrapy_redis.dupefilter.RFPDupeFilter"
_METHODS = ("request_seen", "open", "close", "log")


def own_filter_of(crawler: Crawler, spider: Spider) -> OwnFilter | None:
    """Return the DUPEFILTER_CLASS of a project; None if Scrapy's decides.

    Raises ConfigError if it is not a duplicate filter.
    """
    filters = load_object(crawler.settings["DUPEFILTER_CLASS"])
    decides = getattr(filters, "request_seen", None) is not RFPDupeFilter.request_seen
    name = global_object_name(filters)
    if filters is BaseDupeFilter or not decides or name == _SCRAPY_REDIS:
        return None
    built = build_from_crawler(filters, crawler)
    if missing := [each for each in _METHODS if not callable(getattr(built, each, None))]:
        raise ConfigError(
            f"DUPEFILTER_CLASS: {name} has no {missing[0]}(); derive it from "
            "scrapy.dupefilters.BaseDupeFilter"
        )
    own = OwnFilter(built, spider)
    crawler.signals.connect(own.close, signals.spider_closed)
    return own


class OwnFilter:
    """Asks ``asked``, whose ``request_seen`` is the project's, about each new request.

    A request that it lets through is fetched, also a second time, as in Scrapy. But its memory may
    end with the process, and that of the frontier does not. So a run that continues another one
    does not fetch again what it lets through for the first time, if the frontier knows it: the
    first request of a run has its usual key, and each further one with that key another one.
    """

    def __init__(self, asked: BaseDupeFilter, spider: Spider) -> None:
        self._asked = asked
        self._spider = spider
        self._earlier: Counter[int] = Counter()  # a million keys take 100 MB

    async def open(self) -> None:
        """Open the filter, which may take its time."""
        if (opening := self._asked.open()) is not None:
            await maybe_deferred_to_future(opening)

    async def close(self, reason: str) -> None:
        """Close the filter; reason: the crawl's."""
        if (closing := self._asked.close(reason)) is not None:
            await maybe_deferred_to_future(closing)

    def drops(self, request: Request) -> bool:
        """Ask whether ``request`` was seen; if it was, let the filter count and log it."""
        if not self._asked.request_seen(request):
            return False
        self._asked.log(request, self._spider)
        return True

    def key_of(self, key: int) -> int:
        """Return the key of a request that was let through and whose identity is ``key``."""
        earlier = self._earlier[key]
        self._earlier[key] += 1
        return key_of_text(f"let through {key} {earlier}") if earlier else key
