"""Drops items with impossible values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from crawlproj.config import text_lists
from crawlproj.items import FetchFailure, Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler

__all__ = ["ValidationPipeline"]


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 999


def _is_depth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and value >= 0


_URL = (_is_url, "an absolute http or https URL")
_TEXT = (_is_text, "text")
_TIME = (_is_time, "a number of seconds since 1970")

# Field → its check, and what the check requires.
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "url": _URL,
    "requested_url": _URL,
    "status": (_is_status, "an HTTP status, 100 to 999"),
    "title": _TEXT,
    "description": _TEXT,
    "canonical": _TEXT,
    "language": _TEXT,
    "text": _TEXT,
    "content_type": _TEXT,
    "content_hash": _TEXT,
    "depth": (_is_depth, "a whole number, 0 or more"),
    "fetched_at": _TIME,
    "failed_at": _TIME,
    "reason": _TEXT,
}


class InvalidItem(DropItem):
    """An item that must not be stored.

    reason: in a form that many items share.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ValidationPipeline:
    """Drops pages and failures whose fields have impossible values, and incomplete items.

    Checks Page and FetchFailure; the fields of other classes may mean anything. A field that is
    None is not checked (except ``url``).

    ITEM_REQUIRED_FIELDS: {item class name: [field, …]}; drops an item of that class if one of the
        fields is missing, None or "".

    The message names the item's class, its URL, the field and the value. Stats:
    ``validation/dropped`` and ``validation/dropped/<field>``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._required = text_lists(crawler.settings, "ITEM_REQUIRED_FIELDS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidationPipeline:
        """Build the pipeline. Raises ConfigError if ITEM_REQUIRED_FIELDS is malformed."""
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        """Return ``item``, or raise DropItem."""
        kind = type(item).__name__
        for name in self._required.get(kind, ()):
            if ItemAdapter(item).get(name) in (None, ""):
                self._drop(kind, item, name, "is required but missing")
        if isinstance(item, Page | FetchFailure):
            for name, (is_valid, expected) in _CHECKS.items():
                value = getattr(item, name, None)
                if (value is not None or name == "url") and not is_valid(value):
                    self._drop(kind, item, name, f"must be {expected}, not {value!r:.100}")
        return item

    def _drop(self, kind: str, item: Any, name: str, wrong: str) -> None:
        self._stats.inc_value("validation/dropped")
        self._stats.inc_value(f"validation/dropped/{name}")
        raise InvalidItem(
            f"{kind} {ItemAdapter(item).get('url', '')}: {name} {wrong}", f"invalid {name}"
        )
