"""Which downloader middlewares see an answer after one of crawlproj's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.retry import RetryMiddleware

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_KNOWN = frozenset({"scrapy", "crawlproj"})  # packages


@dataclass(frozen=True, slots=True)
class RetryChain:
    """The middlewares between one and Scrapy's RetryMiddleware, which gets their answers later.

    retries: whether there is a RetryMiddleware of Scrapy's at all. A project that has put one of
        its own in its place, or none, decides itself what is requested again.
    others: whether a middleware that is neither Scrapy's nor crawlproj's comes before it.
    """

    retries: bool
    others: bool


def retry_chain(crawler: Crawler, middleware: object) -> RetryChain:
    """Return the chain of ``middleware``, which is one of the crawl's downloader middlewares.

    A downloader of the project's own may keep its middlewares elsewhere; then nothing else is said
    to hear of refusals.
    """
    downloader = getattr(crawler.engine, "downloader", None)
    middlewares = getattr(getattr(downloader, "middleware", None), "middlewares", ())
    if middleware not in middlewares:
        return RetryChain(retries=True, others=False)
    others = False
    for one in reversed(middlewares[: middlewares.index(middleware)]):
        if type(one) is RetryMiddleware:
            return RetryChain(retries=True, others=others)
        if type(one).__module__.partition(".")[0] not in _KNOWN:
            others |= hasattr(one, "process_response") or hasattr(one, "process_exception")
    return RetryChain(retries=False, others=others)
