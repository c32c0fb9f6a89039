"""Items as rows of a segment, the partitions that they belong to, and their Arrow types."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from crawlproj.items import Page
from crawlproj.store.item_rows import ItemTable, Kind, as_kind, json_of, table_of
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TYPES: dict[Kind, Any] = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "numeric": pa.float64(),
    "text": pa.string(),
    "blob": pa.binary(),
}
"""Kind of a column → its type in Parquet."""

BUCKETS = 16
"""How many values ``site_hash`` has."""

_PAGE_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("url", "requested_url"), "text"),
    "status": "integer",
    **dict.fromkeys(("title", "description", "canonical", "language", "text"), "text"),
    **dict.fromkeys(("content_type", "content_hash"), "text"),
    "depth": "integer",
    "fetched_at": "real",
    **dict.fromkeys(("duplicate_of", "etag", "last_modified", "text_hash", "file"), "text"),
    **dict.fromkeys(("markdown", "main_text", "main_markdown", "structured_data"), "text"),
    **dict.fromkeys(("headings", "images"), "text"),
    "html": "blob",
    **dict.fromkeys(("timings", "signals", "links", "extra"), "text"),
}
_JSON = ("timings", "signals", "links", "extra")
_PLAIN = attrgetter(*(name for name in _PAGE_KINDS if name not in _JSON))
_PAGE_FIELDS = frozenset(Page.__dataclass_fields__)

PAGE_SCHEMA = pa.schema(
    [("_key", pa.string()), *((name, TYPES[kind]) for name, kind in _PAGE_KINDS.items())]
)
"""Of the files of ``pages``."""

SEGMENT_SCHEMA = pa.schema([("_path", pa.string()), *PAGE_SCHEMA, ("_item", pa.string())])
"""Of a segment: the partition, and either a page or the JSON of another item."""

_ROW_TYPE = pa.struct(list(SEGMENT_SCHEMA))
_EPOCH = date(1970, 1, 1)
_NO_PAGE = (None,) * len(_PAGE_KINDS)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Row(NamedTuple):
    """A row to write.

    values: of SEGMENT_SCHEMA's columns. crawl: the job and its generation, within which ``key``
    identifies the row; None if the row is like no other.
    """

    values: tuple[Any, ...]
    crawl: tuple[str, str] | None
    key: str


def row_of(item: Any, fields: Mapping[str, Any] | None, page: str, identity: Sequence[Any]) -> Row:
    """Return the row of an item.

    fields: of an item that is not a Page. page: the URL that it came from. identity: of the item;
    its first two parts are the job and its generation, if there are more. Raises TypeError or
    ValueError if it has no place in a table.
    """
    key = blake2b(repr(identity).encode(errors="backslashreplace"), digest_size=16).hexdigest()
    crawl = (str(identity[0]), str(identity[1])) if len(identity) > 2 else None
    if isinstance(item, Page):
        path = partition("pages", item.url, item.fetched_at)
        return Row((path, key, *_page_values(item), None), crawl, key)
    admitted = ItemTable().admit(fields or {})
    plain = {
        name: {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value
        for name, value in admitted.items()
        if value is not None
    }
    path = partition(table_of(type(item).__name__), page, time.time())
    return Row((path, key, *_NO_PAGE, _encode({"_page": page, **plain})), crawl, key)


def partition(table: str, url: str, at: float) -> str:
    """Return the folder of a row: "pages/site_hash=7/day=2026-11-28", the day in UTC."""
    return f"{table}/site_hash={_bucket(site_of(url))}/day={_day(int(at // 86_400))}"


@lru_cache(maxsize=8192)
def _bucket(site: str) -> int:
    digest = blake2b(site.encode(errors="backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    """Return a day as ISO 8601. number: days since 1970. Raises ValueError beyond the year 9999."""
    return (_EPOCH + timedelta(days=number)).isoformat()


def batch_of(rows: Sequence[Row]) -> Any:
    """Return rows as a record batch of SEGMENT_SCHEMA.

    Raises TypeError, ValueError, OverflowError or ArrowException if a value is not of its type.
    """
    # In one call, because an array for each column takes twice as long.
    return pa.RecordBatch.from_struct_array(pa.array([row.values for row in rows], type=_ROW_TYPE))


def array_of(values: Sequence[Any], kind: Kind) -> Any:
    """Return stored values (see ``stored_as``) as an array of a kind that holds them all."""
    return pa.array([_fit(value, kind) for value in values], type=TYPES[kind])


def _fit(value: Any, kind: Kind) -> Any:
    if value is None or kind in {"blob", "integer"}:
        return value
    return as_kind(value, kind) if kind == "text" else float(value)


def _page_values(page: Page) -> tuple[Any, ...]:
    extra = None
    if type(page) is not Page and len(page.__dataclass_fields__) > len(_PAGE_FIELDS):
        more = page.__dataclass_fields__.keys() - _PAGE_FIELDS
        extra = json_of({name: getattr(page, name) for name in sorted(more)})
    timings = _encode(page.timings) if page.timings else None
    signals = _encode(page.signals) if page.signals else None
    links = _encode(page.links) if page.links else None
    return (*_PLAIN(page), timings, signals, links, extra)
