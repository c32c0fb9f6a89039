"""Which downloader middlewares see an answer after one of crawlproj's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.retry import RetryMiddleware

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_KNOWN = frozenset({"scrapy", "crawlproj"})  # packages


@dataclass(frozen=True, slots=True)
class Above:
    """The middlewares between one and Scrapy's RetryMiddleware, which gets their answers later.

    retries: whether there is a RetryMiddleware of Scrapy's at all. A project that has put one of
        its own in its place, or none, decides itself what is requested again.
    others: whether a middleware that is neither Scrapy's nor crawlproj's comes before it.
    """

    retries: bool
    others: bool


def above(crawler: Crawler, middleware: object) -> Above:
    """Return what is above ``middleware``, which is one of the crawl's downloader middlewares."""
    assert crawler.engine is not None  # noqa: S101 - there are answers
    middlewares: list[Any] = list(crawler.engine.downloader.middleware.middlewares)
    others = False
    for one in reversed(middlewares[: middlewares.index(middleware)]):
        if type(one) is RetryMiddleware:
            return Above(retries=True, others=others)
        if type(one).__module__.partition(".")[0] not in _KNOWN:
            others |= hasattr(one, "process_response") or hasattr(one, "process_exception")
    return Above(retries=False, others=others)
