"""Finds the pages of a batch that an SQLite store knows nothing of, as most of a first crawl.

Each statement that runs makes the threads of this process take turns, which costs more than what it
looks up. So two statements look up a whole batch.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from crawlproj.store.rows import COLUMNS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from crawlproj.store.base import Row

_KNOWN_URLS = """
SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM pages WHERE url = value)
    OR EXISTS (SELECT 1 FROM failures WHERE url = value)
    OR EXISTS (SELECT 1 FROM skipped WHERE url = value)
    OR EXISTS (SELECT 1 FROM links WHERE page = value)
"""
_KNOWN_CONTENTS = """
SELECT value FROM json_each(?)
WHERE EXISTS (SELECT 1 FROM pages WHERE content_hash = value AND content_hash <> '')
"""


def unknown_pages(db: sqlite3.Connection, rows: Sequence[Row]) -> set[str]:
    """Return the URLs of the pages among ``rows`` whose URL and content are met only there.

    Neither another of the rows nor any row of the file has them.
    """
    urls: Counter[str] = Counter()
    contents: Counter[str] = Counter()
    pages: dict[str, str] = {}
    for row in rows:
        url = row.values.get("url")
        if row.table not in COLUMNS or not isinstance(url, str):
            continue
        urls[url] += 1
        if row.table == "pages":
            pages[url] = str(row.values.get("content_hash") or "")
            contents[pages[url]] += 1
    single = {
        url: content
        for url, content in pages.items()
        if urls[url] == 1
        and (not content or contents[content] == 1)
        and "\0" not in url + content  # SQLite's JSON ends there
    }
    known_urls = _found(db, _KNOWN_URLS, single)
    known_contents = _found(db, _KNOWN_CONTENTS, single.values())
    return {
        url
        for url, content in single.items()
        if url not in known_urls and content not in known_contents
    }


def _found(db: sqlite3.Connection, statement: str, among: Collection[str]) -> set[str]:
    if not among:
        return set()
    return {value for (value,) in db.execute(statement, (json.dumps(list(among)),))}
