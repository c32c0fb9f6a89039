"""Drops items that say something impossible, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from crawlproj.config import text_lists

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler


def _is_url(value: Any) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return ""
    return "is no absolute http or https URL"


def _is_text(value: Any) -> str:
    return "" if isinstance(value, str) else "is no text"


def _is_status(value: Any) -> str:
    fine = isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599
    return "" if fine else "is no HTTP status"


def _is_depth(value: Any) -> str:
    fine = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return "" if fine else "is no whole number from 0 up"


def _is_time(value: Any) -> str:
    return "" if isinstance(value, int | float) and value >= 0 else "is no number of seconds"


_CHECKS: dict[str, Callable[[Any], str]] = {
    "url": _is_url,
    "requested_url": _is_url,
    "status": _is_status,
    "title": _is_text,
    "description": _is_text,
    "canonical": _is_text,
    "language": _is_text,
    "text": _is_text,
    "content_type": _is_text,
    "content_hash": _is_text,
    "depth": _is_depth,
    "fetched_at": _is_time,
    "failed_at": _is_time,
    "reason": _is_text,
}


class ValidationPipeline:
    """Checks the fields that the store knows (those an item has), on items that have a ``url``.

    ITEM_REQUIRED_FIELDS: {item class name: [field, …]}; a field that is missing, None or "" drops
        the item too, whatever it is. The message names class, URL, field and what is wrong; the
        stats count ``validation/dropped`` and ``validation/dropped/<field>``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._required = text_lists(crawler.settings, "ITEM_REQUIRED_FIELDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidationPipeline:
        """Make it; ConfigError when ITEM_REQUIRED_FIELDS is malformed."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Return ``item``, or raise DropItem."""
        adapter = ItemAdapter(item)
        kind = type(item).__name__
        for name in self._required.get(kind, ()):
            if adapter.get(name) in (None, ""):
                self._drop(kind, adapter, name, "is required and missing")
        if "url" in adapter:
            for name in adapter:
                check = _CHECKS.get(name)
                value = adapter[name]
                if check is not None and (value is not None or name == "url"):
                    wrong = check(value)
                    if wrong:
                        self._drop(kind, adapter, name, f"{wrong}: {value!r:.100}")
        return item

    def _drop(self, kind: str, adapter: ItemAdapter, name: str, wrong: str) -> None:
        self._stats.inc_value("validation/dropped")
        self._stats.inc_value(f"validation/dropped/{name}")
        raise DropItem(f"{kind} {adapter.get('url', '')}: {name} {wrong}")
