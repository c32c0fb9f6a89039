"""Filters that no row of a table passes, which are most often misspelt."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from crawlproj.errors import among, did_you_mean
from crawlproj.export.selection import URL_COLUMNS, Column, Filters, Selection
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.export.source import Source

_WORDS = {
    "site": "is of the site",
    "status": "has the status",
    "reason": "has the reason",
    "content_type": "has a content type that begins with",
}
_LOOKED_AT = 100_000  # rows for the words that there are: only what is proposed depends on them


def misspelt_filters(source: Source, selection: Selection) -> Iterator[str]:
    """Yield a sentence for each word of a filter that no row of the table passes.

    It names the nearest that there is, and all if they are few. The words of a table without rows
    are not doubted.
    """
    table = selection.table
    if not source.count(Selection(table, (), limit=1)):
        return
    for each in fields(Filters):
        if each.name not in _WORDS:
            continue
        for word in getattr(selection.filters, each.name):
            only: dict[str, Any] = {each.name: (word,)}
            if source.count(Selection(table, (), Filters(**only), limit=1)):
                continue
            known, whole = _known(source, table, each.name)
            shown = _shown(word)
            meant = (among if whole else did_you_mean)(shown, known)
            yield f"no row of {table} {_WORDS[each.name]} {shown}{meant}"


def _known(source: Source, table: str, name: str) -> tuple[set[str], bool]:
    """Return words that rows of the table pass, and whether these are all."""
    column = URL_COLUMNS.get(table, "_page") if name == "site" else name
    rows = source.rows(Selection(table, (Column(column, None),), limit=_LOOKED_AT))
    values = [value for (value,) in rows]
    known = {_word(name, str(value)) for value in values if value is not None}
    return known, len(values) < _LOOKED_AT


def _word(name: str, value: str) -> str:
    match name:
        case "site":
            return site_of(value)
        case "content_type":
            return value.partition(";")[0].strip().lower()
        case _:
            return value


def _shown(word: Any) -> str:
    """Return a word of a filter as it is written."""
    if isinstance(word, str):
        return word
    low, high = word
    return str(low) if low == high else f"{low}-{high}"
