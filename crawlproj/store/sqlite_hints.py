"""The table ``hints`` of an SQLite store: what sitemaps say of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

HINTS_TABLE = """
CREATE TABLE IF NOT EXISTS hints (
    url TEXT NOT NULL PRIMARY KEY, lastmod REAL, changefreq TEXT, noted_at REAL NOT NULL, told REAL,
    told_at REAL, vouched_at REAL
) STRICT, WITHOUT ROWID;
"""
_CHECKED_AT = "(SELECT checked_at FROM pages WHERE pages.url = hints.url)"
_PUT = f"""
INSERT INTO hints (url, lastmod, changefreq, noted_at, vouched_at)
VALUES (:url, :lastmod, :changefreq, :noted_at, CASE
    WHEN :believed AND :lastmod <= (SELECT checked_at FROM pages WHERE pages.url = :url)
    THEN :noted_at END)
ON CONFLICT (url) DO UPDATE SET
    told = CASE WHEN noted_at < {_CHECKED_AT} THEN lastmod ELSE told END,
    told_at = CASE WHEN noted_at < {_CHECKED_AT} THEN noted_at ELSE told_at END,
    vouched_at = CASE WHEN excluded.lastmod > {_CHECKED_AT} THEN vouched_at
        ELSE excluded.vouched_at END,
    lastmod = excluded.lastmod, changefreq = excluded.changefreq, noted_at = excluded.noted_at
"""  # noqa: S608 - our own names


def put_hints(db: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    """Upsert the ``hints`` of a row, within the transaction that is open."""
    names = ("url", "lastmod", "changefreq", "believed")
    rows = [dict(zip(names, hint, strict=True)) for hint in values["hints"]]
    db.executemany(_PUT, [row | {"noted_at": values["noted_at"]} for row in rows])
