"""Items as rows of the store."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter

from crawlproj.items import FetchFailure, Page, PageCheck, PageHints, SkippedUrl
from crawlproj.store.base import CHECKS, HINTS, Row
from crawlproj.store.item_rows import json_of, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.pipelines.sources import Source

DROPPED = "dropped_items"
_OUTCOMES = (
    (FetchFailure, "failures"),
    (SkippedUrl, "skipped"),
    (PageCheck, CHECKS),
    (PageHints, HINTS),
)
_MAX_TEXT = 10_000  # characters of a dropped item, and of why


class ItemRows:
    """Makes rows of items.

    keys: the setting STORE_KEY: item class → the fields that identify an item. Items of any other
        class are a row each.
    """

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = keys

    def row_of(self, item: Any, source: Source) -> Row:
        """Return the row to store for an item.

        Raises ValueError if a field that STORE_KEY names is missing, or its value cannot be stored.
        """
        if isinstance(item, Page):
            return Row("pages", _values(item))
        if isinstance(item, FetchFailure | SkippedUrl | PageCheck):
            return row_of_outcome(item)
        adapter = ItemAdapter(item)
        kind = type(item).__name__
        identity: Sequence[object] = source.identity
        if key := self._keys.get(kind):
            identity = [adapter.get(field) for field in key]
            if None in identity:
                missing = key[identity.index(None)]
                raise ValueError(f"{kind} of {source.page}: {missing}, of STORE_KEY, is missing")
        return Row(table_of(kind), dict(adapter), _digest(identity), source.page)

    def dropped(
        self, item: Any, source: Source, reason: str, detail: str, *, bare: bool = False
    ) -> Row:
        """Return the row for an item that was dropped or failed. bare: with nothing but its URL."""
        try:
            fields = dict(ItemAdapter(item))
            text = json_of({"url": fields.get("url", "")} if bare else fields)
        except (TypeError, ValueError):
            text = ascii(item)
        values = {
            "type": type(item).__name__,
            "reason": _clean(reason),
            "detail": _clean(detail)[:_MAX_TEXT],
            "item": text[:_MAX_TEXT],
            "dropped_at": time.time(),
        }
        return Row(DROPPED, values, _digest(source.identity), source.page)


def row_of_outcome(item: FetchFailure | SkippedUrl | PageCheck | PageHints) -> Row:
    """Return the row to store for what became of a URL, or what a sitemap says of some."""
    table = next(table for kind, table in _OUTCOMES if isinstance(item, kind))
    return Row(table, _values(item))


def _values(item: Page | FetchFailure | SkippedUrl | PageCheck | PageHints) -> dict[str, Any]:
    # An ItemAdapter takes six times as long, and every page comes this way.
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _digest(identity: Sequence[object]) -> str:
    return blake2b(json_of(identity).encode(), digest_size=16).hexdigest()


def _clean(text: str) -> str:
    """Return text without lone surrogates, which no database takes."""
    return text.encode(errors="backslashreplace").decode()
