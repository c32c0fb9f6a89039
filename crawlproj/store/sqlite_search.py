"""The full-text index of an SQLite store: an FTS5 table that takes its texts from ``pages``.

Triggers keep it, in the transaction that changes a page, whoever changes it: a later crawl without
STORE_SEARCH, too. The words are not stemmed and keep their accents, as in the PostgreSQL store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_EXISTS = "SELECT 1 FROM sqlite_schema WHERE name = 'pages_search'"
_OLD = (
    "INSERT INTO pages_search (pages_search, rowid, title, text) "
    "VALUES ('delete', old.rowid, old.title, old.text)"
)
_NEW = "INSERT INTO pages_search (rowid, title, text) VALUES (new.rowid, new.title, new.text)"
_TABLE = """
CREATE VIRTUAL TABLE pages_search
USING fts5 (title, text, content = 'pages', tokenize = 'unicode61 remove_diacritics 0')
"""
_ON_UPDATE = f"""
CREATE TRIGGER pages_search_update AFTER UPDATE OF title, text ON pages
WHEN old.title IS NOT new.title OR old.text IS NOT new.text BEGIN {_OLD}; {_NEW}; END
"""
_CREATE = (
    _TABLE,
    f"CREATE TRIGGER pages_search_insert AFTER INSERT ON pages BEGIN {_NEW}; END",
    f"CREATE TRIGGER pages_search_delete AFTER DELETE ON pages BEGIN {_OLD}; END",
    _ON_UPDATE,
    "INSERT INTO pages_search (pages_search) VALUES ('rebuild')",  # the pages that are there
)


def create_search(db: sqlite3.Connection) -> None:
    """Create the index if it is missing, in the open transaction, of all pages so far."""
    if db.execute(_EXISTS).fetchone() is None:
        for statement in _CREATE:
            db.execute(statement)
