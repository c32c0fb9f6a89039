"""The tables of an SQLite store that have a row for each URL, and ``links`` and ``changes``."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from crawlproj.store.base import HINTS
from crawlproj.store.revisions import KNOWN, MISSING, Known, Revision, observed, revision
from crawlproj.store.rows import CHANGE_COLUMNS, COLUMNS, LINK_COLUMNS, links_of, values_of
from crawlproj.store.sqlite_hints import put_hints
from crawlproj.store.sqlite_unknown import unknown_pages
from crawlproj.zstandard import zstd

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from crawlproj.store.base import Row

_UPSERT = {
    table: (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608 - our own names
        "ON CONFLICT (url) DO UPDATE SET "
        + ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    )
    for table, columns in COLUMNS.items()
}
_END_OTHER = {
    "failures": "DELETE FROM skipped WHERE url = ?",
    "skipped": "DELETE FROM failures WHERE url = ?",
}
# All that has to be known to put a page, in one statement: each one that runs makes the threads of
# this process take turns, which costs more than what it looks up (see also sqlite_unknown.py).
_BEFORE_PAGE = f"""
SELECT
    EXISTS (SELECT 1 FROM failures WHERE url = :url),
    EXISTS (SELECT 1 FROM skipped WHERE url = :url),
    EXISTS (SELECT 1 FROM links WHERE page = :url),
    (SELECT url FROM pages WHERE content_hash = :content AND content_hash <> ''
        AND duplicate_of IS NULL AND url <> :url),
    pages.url IS NOT NULL, duplicate_of, {", ".join(KNOWN)}
FROM (SELECT 1) LEFT JOIN pages ON pages.url = :url
"""  # noqa: S608 - our own names
_NOTHING_BEFORE: tuple[Any, ...] = (0, 0, 0, None, 0, None, *(None for _ in KNOWN))
_STEP = 32  # characters: the first three or four numbers of a history
_TEXT = "SELECT text FROM pages WHERE url = ?"
_PUT_LINK = f"INSERT INTO links ({', '.join(LINK_COLUMNS)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
_PUT_CHANGE = f"INSERT INTO changes ({', '.join(CHANGE_COLUMNS)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
# Of all new pages of a batch at once, for the same reason. The lists are JSON, read with
# json_extract because SQLite 3.37, which Ubuntu 22.04 has, does not know the operator ->>.
_PUT_NEW = """
INSERT INTO changes (url, kind, at)
SELECT json_extract(value, '$[0]'), 'new', json_extract(value, '$[1]') FROM json_each(?)
"""
_MISSING_BEFORE = f"""
SELECT failed_at FROM failures WHERE url = ? AND status IN {tuple(sorted(MISSING))}
"""  # noqa: S608 - numbers
_GONE = "UPDATE pages SET gone_at = ?, status = ? WHERE url = ? AND gone_at IS NULL"
# Of all checks of a batch at once.
_BEFORE_CHECKS = """
SELECT rowid, url, coalesce(checked_at, fetched_at), history FROM pages
WHERE url IN (SELECT value FROM json_each(?))
"""
_UNCHANGED = """
UPDATE pages
SET checked_at = json_extract(news.value, '$[1]'), history = json_extract(news.value, '$[2]')
FROM json_each(?) AS news WHERE pages.rowid = json_extract(news.value, '$[0]')
"""
_END_CHECKED = [
    f"DELETE FROM {table} WHERE url IN (SELECT value FROM json_each(?))"  # noqa: S608
    for table in ("failures", "skipped")
]
_MISSING = f"status IN {tuple(sorted(MISSING))}"
# The later of a page's checks and of what became of it since; the columns of Checked.
CHECKED = {
    "pages": f"""
SELECT pages.url, coalesce(pages.depth, 0),
    max(coalesce(checked_at, fetched_at, 0), coalesce(failed_at, 0), coalesce(skipped_at, 0)),
    coalesce(failures.reason, skipped.reason, ''), coalesce(failures.{_MISSING}, 0),
    content_hash, etag, last_modified, history, '', lastmod, changefreq, noted_at,
    iif(noted_at < checked_at, lastmod, told), iif(noted_at < checked_at, noted_at, told_at),
    fetched_at
FROM pages LEFT JOIN failures ON failures.url = pages.url
    LEFT JOIN skipped ON skipped.url = pages.url LEFT JOIN hints ON hints.url = pages.url
WHERE pages.url >= :start AND (:end IS NULL OR pages.url < :end) ORDER BY pages.url LIMIT :limit
""",  # noqa: S608 - our own names
    **{
        table: f"""
SELECT url, coalesce(depth, 0), coalesce({at}, 0), reason, 0, '', NULL, NULL, NULL, {leads_to}
FROM {table}
WHERE url >= :start AND (:end IS NULL OR url < :end)
    AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.url = {table}.url)
ORDER BY url LIMIT :limit
"""  # noqa: S608 - our own names
        for table, at, leads_to in (
            ("failures", "failed_at", "''"),
            (
                "skipped",
                "skipped_at",
                "CASE reason WHEN 'redirected' THEN coalesce(detail, '') ELSE '' END",
            ),
        )
    },
}


class SqlitePages:
    """Writes rows within the transaction that is open on ``db``; ``finish`` it before the commit.

    rows: all that will be put. changes: counts the rows of ``changes``, by kind.
    history: whether the text of a changed page is kept there.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        rows: Sequence[Row],
        changes: Counter[str],
        *,
        history: bool,
    ) -> None:
        self._db = db
        self._unknown = unknown_pages(db, rows)
        self._new: list[tuple[str, float]] = []  # rows of changes, not written yet
        self._changes = changes
        self._history = history

    def put(self, row: Row) -> None:
        """Upsert a failure or a skipped URL, or hints."""
        if row.table == HINTS:
            put_hints(self._db, row.values)
            return
        url, status = row.values.get("url"), row.values.get("status")
        missing = row.table == "failures" and status in MISSING
        before = self._db.execute(_MISSING_BEFORE, (url,)).fetchone() if missing else None
        self._db.execute(_UPSERT[row.table], values_of(row.table, row.values))
        self._db.execute(_END_OTHER[row.table], (url,))
        if missing:
            self._note_missing(url, status, row.values.get("failed_at"), before)

    def _note_missing(self, url: Any, status: Any, at: Any, before: Any) -> None:
        """Note a check that found no page; ``before``: when the last one did, if it did."""
        stored = self._db.execute("SELECT checked_at FROM pages WHERE url = ?", (url,)).fetchone()
        if stored is None:
            return
        again = before is not None and before[0] != at  # else it is one answer, stored twice
        if again and self._db.execute(_GONE, (at, status, url)).rowcount:
            self._put_change(url, Revision({}, "gone", True, at, stored[0]), None)
        self._db.execute("UPDATE pages SET checked_at = ? WHERE url = ?", (at, url))

    def note_unchanged(self, checks: Mapping[str, float]) -> None:
        """Note checks that found pages as they were: URL → when."""
        urls, news = json.dumps(list(checks)), []
        before = self._db.execute(_BEFORE_CHECKS, (urls,)).fetchall()
        for row_id, url, checked_at, history in before:
            at = checks[url]
            now = observed(history, checked_at, at, changed=False)
            news.append((row_id, at, _padded(now)))
        self._db.execute(_UNCHANGED, (json.dumps(news),))
        for statement in _END_CHECKED:
            self._db.execute(statement, (urls,))

    def _end_others(self, url: Any) -> None:
        self._db.execute("DELETE FROM failures WHERE url = ?", (url,))
        self._db.execute("DELETE FROM skipped WHERE url = ?", (url,))

    def put_page(self, values: Mapping[str, Any]) -> str | None:
        """Upsert a page and return the URL of the page it duplicates, if any."""
        db, url, content = self._db, values.get("url"), values.get("content_hash") or ""
        place = {"url": url, "content": content}
        has_failure, has_skip, has_links, first, is_known, was_duplicate_of, *values_before = (
            _NOTHING_BEFORE if url in self._unknown else db.execute(_BEFORE_PAGE, place).fetchone()
        )
        known = Known.of(values_before) if is_known else None
        new = revision(values, known, lambda: self._text(url))
        columns = {**new.columns, "history": _padded(new.columns["history"])}
        row, links = values_of("pages", {**values, **columns}), links_of(values)
        previous = self._text(url) if self._history and new.changed else None
        db.execute(_UPSERT["pages"], row)
        if has_failure or has_skip:
            self._end_others(url)
        if has_links:
            db.execute("DELETE FROM links WHERE page = ?", (url,))
        if links:
            db.executemany(_PUT_LINK, links)
        if new.kind:
            self._put_change(url, new, previous)
        if known is not None and known.content_hash == content:
            return was_duplicate_of  # type: ignore[no-any-return]
        duplicate_of: str | None = first
        if known is not None or duplicate_of is not None:
            db.execute("UPDATE pages SET duplicate_of = ? WHERE url = ?", (duplicate_of, url))
        if known is not None and known.content_hash and was_duplicate_of is None:
            self._promote(known.content_hash)
        return duplicate_of

    def _text(self, url: Any) -> str | None:
        row = self._db.execute(_TEXT, (url,)).fetchone()
        return row[0] if row is not None else None

    def _put_change(self, url: Any, new: Revision, previous: str | None) -> None:
        self._changes[new.kind] += 1
        if new.kind == "new" and isinstance(new.at, float) and math.isfinite(new.at):
            self._new.append((url, new.at))
            return
        self.finish()  # in order
        kept = zstd.compress(previous.encode()) if previous is not None else None
        self._db.execute(_PUT_CHANGE, (url, new.kind, new.at, new.since, kept))

    def finish(self) -> None:
        """Write what was put off."""
        if self._new:
            self._db.execute(_PUT_NEW, (json.dumps(self._new),))
            self._new.clear()

    def _promote(self, content: str) -> None:
        """Make the earliest remaining page of ``content`` its first page."""
        first = self._db.execute(
            "SELECT url FROM pages WHERE content_hash = ? AND content_hash <> '' "
            "ORDER BY rowid LIMIT 1",
            (content,),
        ).fetchone()
        if first:
            self._db.execute(
                "UPDATE pages SET duplicate_of = nullif(?, url) "
                "WHERE content_hash = ? AND content_hash <> ''",
                (first[0], content),
            )


def _padded(history: str | None) -> str | None:
    """Return ``history`` with spaces at its end, so that it is usually as long as the one before.

    SQLite overwrites a row in place if its size stays the same; else it writes the texts anew.
    """
    return history and history.ljust(-(-len(history) // _STEP) * _STEP)
