"""Changes by a batch to pages that a PostgreSQL store has: duplicates, and ``changes``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crawlproj.store import postgres_sql as sql
from crawlproj.store.revisions import MISSING, Known, Revision, observed, revision
from crawlproj.store.rows import COLUMNS
from crawlproj.zstandard import zstd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

_CONTENT = COLUMNS["pages"].index("content_hash")


class Changes:
    """The pages of a batch whose content changes.

    Build it before the batch is merged, with the pages by URL in the order of the batch. It fills
    in the columns that the store knows, in place.

    history: whether the text of a changed page is kept in ``changes``.
    kinds: how many rows ``changes`` got, by kind, once it is settled.
    """

    def __init__(
        self, db: psycopg.Connection[Any], pages: Mapping[str, list[Any]], *, history: bool
    ) -> None:
        self._db = db
        self._pages = pages
        self._history = history
        self.kinds: Counter[str] = Counter()
        self._kept: dict[str, str] = {}  # unchanged duplicates → their first page
        self._moved: dict[str, str] = {}  # pages whose content changes → the new content
        self._left: set[str] = set()  # contents that lose their first page
        self._rows: list[tuple[Any, ...]] = []  # of ``changes``
        if pages:
            self._compare()

    def _compare(self) -> None:
        before = {
            url: (first, Known.of(row))
            for url, first, *row in self._db.execute(sql.BEFORE, (list(self._pages),)).fetchall()
        }
        moved = [
            url for url, (_, known) in before.items()
            if known.content_hash != self._pages[url][_CONTENT]
        ]  # fmt: skip
        texts = dict(self._db.execute(sql.TEXTS, (moved,)).fetchall()) if moved else {}
        for url, values in self._pages.items():
            first, known = before.get(url, (None, None))
            page = dict(zip(COLUMNS["pages"], values, strict=True))
            new = revision(page, known, lambda url=url: texts.get(url))  # type: ignore[misc]
            values[:] = {**page, **new.columns}.values()
            if new.kind:
                self._rows.append(self._row(url, new, texts.get(url)))
            content = values[_CONTENT]
            if known is not None and known.content_hash == content:
                if first is not None:
                    self._kept[url] = first
                continue
            self._moved[url] = content
            if known is not None and known.content_hash and first is None:
                self._left.add(known.content_hash)

    def _row(self, url: str, new: Revision, text: str | None) -> tuple[Any, ...]:
        keep = self._history and new.changed and text is not None
        kept = zstd.compress(text.encode()) if keep and text is not None else None
        return (url, new.kind, new.at, new.since, kept)

    def settle(self) -> dict[str, str]:
        """Update ``duplicate_of`` after the merge; return the batch's duplicates → first page."""
        db, moved = self._db, list(self._moved)
        self.kinds.update(kind for _, kind, *_ in self._rows)
        if self._rows:
            db.execute(sql.PUT_CHANGES, [list(column) for column in zip(*self._rows, strict=True)])
        if self._left:
            db.execute(sql.PROMOTE, {"left": list(self._left), "moved": moved})
        contents = sorted(set(self._moved.values()))
        found = db.execute(sql.FIRSTS, {"contents": contents, "moved": moved}).fetchall()
        first_of: dict[str, str] = dict(found)
        duplicates: dict[str, str] = {}
        for url, content in self._moved.items():
            if content and first_of.setdefault(content, url) != url:
                duplicates[url] = first_of[content]
        db.execute(sql.SETTLE, (moved, [duplicates.get(url) for url in moved]))
        return self._kept | duplicates


def note_unchanged(db: psycopg.Connection[Any], checks: Mapping[str, float]) -> None:
    """Note checks that found pages as they were: URL → when."""
    rows = []
    for url, _, *row in db.execute(sql.BEFORE, (list(checks),)).fetchall():
        known, at = Known.of(row), checks[url]
        rows.append((url, at, observed(known.history, known.checked_at, at, changed=False)))
    if rows:
        db.execute(sql.NOTE_UNCHANGED, [list(column) for column in zip(*rows, strict=True)])
    for statement in sql.END_OTHERS["pages"][:2]:
        db.execute(statement, (list(checks),))


def note_missing(db: psycopg.Connection[Any], failures: Mapping[str, list[Any]]) -> int:
    """Note checks that found no page; returns how many pages are gone now.

    Call it before ``failures`` (URL → values) are merged.
    """
    gone = 0
    columns = COLUMNS["failures"]
    status, at = columns.index("status"), columns.index("failed_at")
    missing = [
        (url, values[status], values[at] or 0.0)
        for url, values in failures.items()
        if values[status] in MISSING
    ]
    if missing:
        arrays = [list(column) for column in zip(*missing, strict=True)]
        gone = len(db.execute(sql.NOTE_GONE, (*arrays, sorted(MISSING))).fetchall())
        db.execute(sql.NOTE_CHECKED, (arrays[0], arrays[2]))
    return gone
