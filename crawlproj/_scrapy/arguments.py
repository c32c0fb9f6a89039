"""Remembers which arguments a spider was started with.

Scrapy hands them to the spider, which may keep them or not, and to nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler

from crawlproj._scrapy import require

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        _arguments[self] = {**{str(place): value for place, value in enumerate(args)}, **kwargs}
        return create(self, *args, **kwargs)

    create_spider.remembers = True  # type: ignore[attr-defined]
    Crawler._create_spider = create_spider  # type: ignore[method-assign]


def arguments_of(spider: Spider) -> Mapping[str, Any]:
    """Return the arguments of ``spider``; positional ones are named "0", "1", …

    Empty if the crawler was made before ``remember_arguments`` was called.
    """
    crawler = getattr(spider, "crawler", None)
    return _arguments.get(crawler, {}) if crawler is not None else {}


def create_spider(crawler: Crawler, arguments: Mapping[str, Any]) -> Spider:
    """Return the spider that the crawler would run with these arguments."""
    return crawler._create_spider(**arguments)
