"""The tables of the SQLite frontier, and all its statements.

::

    frontier_meta       name → value: "schema", and "opens": how often a job was opened
    frontier_jobs       id, name, generation, finished
    frontier_notes      site → note; seq is the order in which the notes were written
    frontier_sites_J    id, name                      (J: the job's id)
    frontier_entries_J  one row per entry; seq is the order of discovery

``command_sql.py`` has the tables of commands.

Each job has tables of its own, so that forgetting a generation drops two tables instead of deleting
a million rows. ``delayed`` is 1 while a pending entry waits for ``not_before``; it keeps such
entries out of the index that claims use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import State, Totals
from crawlproj.frontier.sqlite import command_sql
from crawlproj.sqlite_locks import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = 1

_FILE_TABLES = """
CREATE TABLE frontier_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE frontier_jobs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    finished INTEGER NOT NULL
);
"""

# Separate, because files of an earlier release have the other tables but not this one.
_NOTES_TABLE = """
CREATE TABLE IF NOT EXISTS frontier_notes (
    seq INTEGER PRIMARY KEY, site TEXT NOT NULL UNIQUE, note TEXT NOT NULL
)
"""

_JOB_TABLES = """
DROP TABLE IF EXISTS frontier_sites_JOB;
DROP TABLE IF EXISTS frontier_entries_JOB;
CREATE TABLE frontier_sites_JOB (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE frontier_entries_JOB (
    seq INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    site INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL,
    reason TEXT,
    url TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE UNIQUE INDEX frontier_key_JOB ON frontier_entries_JOB (key);
CREATE INDEX frontier_ready_JOB ON frontier_entries_JOB (site, priority DESC)
    WHERE state = 0 AND delayed = 0;
CREATE INDEX frontier_delayed_JOB ON frontier_entries_JOB (not_before)
    WHERE state = 0 AND delayed = 1;
"""

_HAS_META = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'frontier_meta'"
OPENS = "SELECT value FROM frontier_meta WHERE name = 'opens'"
COUNT_OPEN = "UPDATE frontier_meta SET value = value + 1 WHERE name = 'opens'"
ADD_JOB = "INSERT OR IGNORE INTO frontier_jobs (name, generation, finished) VALUES (?, 0, 1)"
JOB = "SELECT id, generation, finished FROM frontier_jobs WHERE name = ?"
START_JOB = "UPDATE frontier_jobs SET generation = ?, finished = 0 WHERE id = ?"
FINISH_JOB = "UPDATE frontier_jobs SET finished = 1 WHERE id = ?"
JOBS = "SELECT id, name, generation, finished FROM frontier_jobs ORDER BY name"
NOTE = "INSERT OR REPLACE INTO frontier_notes (site, note) VALUES (?, ?)"
NOTE_ON = "SELECT site, note FROM frontier_notes WHERE site = ?"
NOTES = """
SELECT site, note FROM (SELECT seq, site, note FROM frontier_notes ORDER BY seq DESC LIMIT ?)
ORDER BY seq
"""
SITES = "SELECT id, name FROM frontier_sites_JOB"
PUT_SITE = "INSERT INTO frontier_sites_JOB (name, id) VALUES (?, ?)"
PUT = """
INSERT OR IGNORE INTO frontier_entries_JOB
    (key, site, delayed, priority, not_before, url, payload) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
# Whenever a statement begins or ends, the threads of the process may take turns, which costs more
# than a row. So one statement does what it can for all rows of a round.
PUT_TOGETHER = 16  # entries
PUT_MANY = PUT.rstrip() + ", (?, ?, ?, ?, ?, ?, ?)" * (PUT_TOGETHER - 1)
LAST = "SELECT COALESCE(MAX(seq), 0) FROM frontier_entries_JOB"
PUT_SINCE = """
SELECT name, delayed, COUNT(*) FROM frontier_entries_JOB JOIN frontier_sites_JOB ON id = site
WHERE seq > ? GROUP BY site, delayed
"""
NEXT = """
SELECT seq, key, url, payload, priority, not_before, attempts FROM frontier_entries_JOB
WHERE state = 0 AND delayed = 0 AND site = ? ORDER BY priority DESC, seq LIMIT ?
"""
LEASE = """
UPDATE frontier_entries_JOB SET state = 1 WHERE seq IN (SELECT value FROM json_each(?))
"""
END = """
UPDATE frontier_entries_JOB SET state = ?, reason = ?
WHERE seq IN (SELECT value FROM json_each(?))
"""
FORGET = "DELETE FROM frontier_entries_JOB WHERE seq = ?"
PUT_BACK = """
UPDATE frontier_entries_JOB
SET state = 0, attempts = ?, delayed = ?, priority = ?, not_before = ?, url = ?, payload = ?
WHERE seq = ?
"""
DUE = """
SELECT name, COUNT(*) FROM frontier_entries_JOB JOIN frontier_sites_JOB ON id = site
WHERE state = 0 AND delayed = 1 AND not_before <= ? GROUP BY site
"""
WAKE = """
UPDATE frontier_entries_JOB SET delayed = 0
WHERE state = 0 AND delayed = 1 AND not_before <= ?
"""
NEXT_READY = """
SELECT MIN(not_before) FROM frontier_entries_JOB
WHERE state = 0 AND delayed = 1 AND not_before > ?
"""
SKIP = "UPDATE frontier_entries_JOB SET state = 4, delayed = 0, reason = ? WHERE state = 0"
ORPHANS = "UPDATE frontier_entries_JOB SET state = 0, attempts = attempts + 1 WHERE state = 1"
READY = """
SELECT name, n FROM (
    SELECT site, COUNT(*) AS n FROM frontier_entries_JOB
    WHERE state = 0 AND delayed = 0 GROUP BY site
) JOIN frontier_sites_JOB ON id = site
"""

_COUNT_BY_SITE = """
SELECT name, state, reason, n FROM (
    SELECT site, state, reason, COUNT(*) AS n FROM frontier_entries_JOB
    GROUP BY site, state, reason
) JOIN frontier_sites_JOB ON id = site
"""
_COUNT_BY_STATE = """
SELECT state, reason, COUNT(*) FROM frontier_entries_JOB GROUP BY state, reason
"""


def for_job(sql: str, job_id: int) -> str:
    """Return ``sql`` with the names of the job's tables."""
    return sql.replace("_JOB", f"_{job_id}")


def set_up(db: sqlite3.Connection, path: Path) -> None:
    """Create the frontier's tables if they are missing.

    Raises FrontierError if the file has another schema.
    """
    with transaction(db):
        if not has_frontier(db, path):
            _run_script(db, _FILE_TABLES)
            rows = [("schema", SCHEMA), ("opens", 0)]
            db.executemany("INSERT INTO frontier_meta (name, value) VALUES (?, ?)", rows)
        db.execute(_NOTES_TABLE)
        _run_script(db, command_sql.TABLES)


def has_frontier(db: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file holds a frontier; raises FrontierError if it has another schema."""
    if db.execute(_HAS_META).fetchone() is None:
        return False
    found = db.execute("SELECT value FROM frontier_meta WHERE name = 'schema'").fetchone()
    if found != (SCHEMA,):
        raise FrontierError(
            f"frontier file {path} has schema {found and found[0]}, but this version of crawlproj "
            f"reads schema {SCHEMA}: upgrade crawlproj or give another file"
        )
    return True


def _run_script(db: sqlite3.Connection, script: str) -> None:
    """Run statements in the open transaction (``executescript`` would commit it)."""
    for statement in script.split(";"):
        db.execute(statement)


def create_job_tables(db: sqlite3.Connection, job_id: int) -> None:
    """Create a job's tables, empty, in the open transaction."""
    _run_script(db, for_job(_JOB_TABLES, job_id))


def count_by_site(db: sqlite3.Connection, job_id: int) -> dict[str, Totals]:
    """Return the counts by site. Scans all entries of the job."""
    sites: dict[str, Totals] = {}
    for site, state, reason, count in db.execute(for_job(_COUNT_BY_SITE, job_id)):
        add(sites.setdefault(site, Totals()), State(state), reason, count)
    return sites


def count_by_state(db: sqlite3.Connection, job_id: int) -> Totals:
    """Return the counts over the job. Scans all its entries."""
    totals = Totals()
    for state, reason, count in db.execute(for_job(_COUNT_BY_STATE, job_id)):
        add(totals, State(state), reason, count)
    return totals


def sum_of(sites: Iterable[Totals]) -> Totals:
    """Return the counts over all sites."""
    totals = Totals()
    for site in sites:
        totals.pending += site.pending
        totals.leased += site.leased
        totals.done += site.done
        for state, reasons in ((State.FAILED, site.failed), (State.SKIPPED, site.skipped)):
            for reason, count in reasons.items():
                add(totals, state, reason, count)
    return totals


def add(totals: Totals, state: State, reason: str | None, count: int) -> None:
    """Add ``count`` entries in ``state`` to ``totals``; a negative number takes them away."""
    match state:
        case State.PENDING:
            totals.pending += count
        case State.LEASED:
            totals.leased += count
        case State.DONE:
            totals.done += count
        case State.FAILED:
            totals.failed[reason or ""] = totals.failed.get(reason or "", 0) + count
            if not totals.failed[reason or ""]:
                del totals.failed[reason or ""]
        case State.SKIPPED:
            totals.skipped[reason or ""] = totals.skipped.get(reason or "", 0) + count
