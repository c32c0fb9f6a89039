"""Remembers which arguments a spider was started with.

Scrapy hands them to the spider, which may keep them or not, and to nobody else.
"""

from __future__ import annotations

import sys
from inspect import unwrap
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from scrapy import Spider

_arguments: WeakKeyDictionary[Crawler, dict[str, Any]] = WeakKeyDictionary()


def remember_arguments() -> None:
    """Let every crawler remember the arguments of its spider from now on.

    Raises CrawlprojError if this Scrapy is built differently.
    """
    require(Crawler, "_create_spider")
    create = Crawler._create_spider
    if getattr(create, "remembers", False):
        return

    def create_spider(self: Crawler, *args: Any, **kwargs: Any) -> Spider:
        _arguments[self] = _named(args, kwargs)
        return create(self, *args, **kwargs)

    create_spider.remembers = True  # type: ignore[attr-defined]
    Crawler._create_spider = create_spider  # type: ignore[method-assign]


def remember_arguments_of_this_crawl() -> None:
    """Remember the arguments of the crawl that is being set up, if this is called meanwhile.

    An add-on in a spider's ``custom_settings`` is loaded after the spider was created. The
    arguments are then in the variables of the function that sets up the crawl, whoever called that.
    """
    functions = {unwrap(Crawler.crawl).__code__, Crawler.crawl_async.__code__}
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code in functions:
            found = frame.f_locals
            _arguments.setdefault(found["self"], _named(found["args"], found["kwargs"]))
            return
        frame = frame.f_back


def _named(places: Sequence[Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {**{str(place): value for place, value in enumerate(places)}, **names}


def arguments_of(spider: Spider) -> Mapping[str, Any]:
    """Return the arguments of ``spider``; positional ones are named "0", "1", …

    Empty if its arguments were not remembered.
    """
    crawler = getattr(spider, "crawler", None)
    return _arguments.get(crawler, {}) if crawler is not None else {}


def create_spider(crawler: Crawler, arguments: Mapping[str, Any]) -> Spider:
    """Return the spider that the crawler would run with these arguments."""
    return crawler._create_spider(**arguments)
