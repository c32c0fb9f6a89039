"""The log of commands, and what workers publish, as tables of the frontier's file.

::

    frontier_commands  id, job, …; applied is 1 once a command that changes entries has a result,
                       cursor says how far it got, urls what it has changed so far
    frontier_results   what became of a command at each worker
    frontier_previews  the keys (8 bytes each) that a token stands for
    frontier_live      each worker's latest document
    frontier_ticks     a ring of each worker's last ticks

The functions work in the caller's transaction, if there is one.
"""

from __future__ import annotations

import json
import secrets
from array import array
from typing import TYPE_CHECKING

from crawlproj.frontier.commands import CHANGING, MAX_COMMANDS, Command, Record, Result, Verb
from crawlproj.frontier.live import TICKS_KEPT, Tick, WorkerNews

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

# Separate statements, because files of an earlier release have the other tables but not these.
TABLES = """
CREATE TABLE IF NOT EXISTS frontier_commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    at REAL NOT NULL,
    who TEXT NOT NULL,
    verb TEXT NOT NULL,
    arguments TEXT NOT NULL,
    token TEXT NOT NULL,
    applied INTEGER NOT NULL DEFAULT 0,
    cursor INTEGER NOT NULL DEFAULT 0,
    urls INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS frontier_results (
    command INTEGER NOT NULL,
    worker TEXT NOT NULL,
    at REAL NOT NULL,
    urls INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (command, worker)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frontier_previews (
    token TEXT PRIMARY KEY, at REAL NOT NULL, keys BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frontier_live (
    job INTEGER NOT NULL, worker TEXT NOT NULL, at REAL NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (job, worker)
);
CREATE TABLE IF NOT EXISTS frontier_ticks (
    job INTEGER NOT NULL, worker TEXT NOT NULL, slot INTEGER NOT NULL,
    at REAL NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (job, worker, slot)
) WITHOUT ROWID
"""

_PREVIEW_KEPT_S = 86400.0
_OLD = "SELECT id FROM frontier_commands WHERE job = ? ORDER BY id DESC LIMIT -1 OFFSET ?"
_COLUMNS = "id, generation, at, who, verb, arguments, token"
_CHANGING = ", ".join(f"'{verb}'" for verb in sorted(CHANGING))


def has_tables(db: sqlite3.Connection) -> bool:
    """Return whether the file has the tables of commands."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'frontier_commands'").fetchone()
    return found is not None


def append(db: sqlite3.Connection, job_id: int, command: Command) -> int:
    """Append a command, forget the oldest if there are too many, and reopen the job if needed."""
    cursor = db.execute(
        "INSERT INTO frontier_commands (job, generation, at, who, verb, arguments, token) "
        "SELECT id, generation, ?, ?, ?, ?, ? FROM frontier_jobs WHERE id = ?",
        (command.at, command.who, str(command.verb), command.data(), command.token, job_id),
    )
    number = cursor.lastrowid or 0
    for (old,) in db.execute(_OLD, (job_id, MAX_COMMANDS)).fetchall():
        db.execute("DELETE FROM frontier_results WHERE command = ?", (old,))
        db.execute("DELETE FROM frontier_commands WHERE id = ?", (old,))
    if command.reopens:
        db.execute("UPDATE frontier_jobs SET finished = 0 WHERE id = ?", (job_id,))
    return number


def commands(db: sqlite3.Connection, job_id: int, after: int) -> list[Command]:
    """Return the commands after an id, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM frontier_commands WHERE job = ? AND id > ? ORDER BY id"  # noqa: S608
    return [_command(row) for row in db.execute(sql, (job_id, after))]


def waiting(db: sqlite3.Connection, job_id: int) -> list[Command]:
    """Return the commands that change entries and have no result, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM frontier_commands "  # noqa: S608 - only names
        f"WHERE job = ? AND applied = 0 AND verb IN ({_CHANGING}) ORDER BY id",
        (job_id,),
    )
    return [_command(row) for row in rows]


def _command(row: Sequence[object]) -> Command:
    number, generation, at, who, verb, arguments, token = row
    return Command(
        Verb(str(verb)), json.loads(str(arguments)), str(who), float(str(at)), str(token),
        int(str(number)), int(str(generation)),
    )  # fmt: skip


def acknowledge(db: sqlite3.Connection, result: Result) -> None:
    """Keep the first result of a worker for a command."""
    db.execute(
        "INSERT OR IGNORE INTO frontier_results VALUES (?, ?, ?, ?, ?)",
        (result.command, result.worker, result.at, result.urls, result.note),
    )
    db.execute("UPDATE frontier_commands SET applied = 1 WHERE id = ?", (result.command,))


def progress(db: sqlite3.Connection, command: int) -> tuple[int, int]:
    """Return how far a command got, and how many URLs it has changed."""
    row = db.execute("SELECT cursor, urls FROM frontier_commands WHERE id = ?", (command,))
    cursor, urls = row.fetchone() or (0, 0)
    return cursor, urls


def advance(db: sqlite3.Connection, command: int, cursor: int, urls: int) -> None:
    """Note how far a command got, and that it has changed ``urls`` more."""
    db.execute(
        "UPDATE frontier_commands SET cursor = ?, urls = urls + ? WHERE id = ?",
        (cursor, urls, command),
    )


def history(db: sqlite3.Connection, job_id: int, limit: int, only: int = 0) -> list[Record]:
    """Return the latest commands, or one, with their results, newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM frontier_commands "  # noqa: S608 - only names
        "WHERE job = ? AND ? IN (0, id) ORDER BY id DESC LIMIT ?",
        (job_id, only, limit),
    ).fetchall()
    return [Record(command, _results(db, command.id)) for command in map(_command, rows)]


def _results(db: sqlite3.Connection, command: int) -> tuple[Result, ...]:
    rows = db.execute(
        "SELECT command, worker, at, urls, note FROM frontier_results "
        "WHERE command = ? ORDER BY at, worker",
        (command,),
    )
    return tuple(Result(*row) for row in rows)


def keep_preview(db: sqlite3.Connection, keys: Iterable[int], now: float) -> str:
    """Keep the keys of a preview, and forget old previews; returns its token."""
    token = secrets.token_hex(12)
    db.execute("DELETE FROM frontier_previews WHERE at < ?", (now - _PREVIEW_KEPT_S,))
    blob = array("q", keys).tobytes()
    db.execute("INSERT INTO frontier_previews VALUES (?, ?, ?)", (token, now, blob))
    return token


def previewed(db: sqlite3.Connection, token: str) -> Sequence[int] | None:
    """Return the keys of a preview; None if it is not kept any more."""
    row = db.execute("SELECT keys FROM frontier_previews WHERE token = ?", (token,)).fetchone()
    if row is None:
        return None
    keys = array("q")
    keys.frombytes(row[0])
    return keys


def publish(
    db: sqlite3.Connection, job_id: int, worker: str, at: float, document: str, tick: str
) -> None:
    """Replace a worker's document, and write its tick over the oldest one."""
    db.execute("REPLACE INTO frontier_live VALUES (?, ?, ?, ?)", (job_id, worker, at, document))
    slot = int(at) % TICKS_KEPT
    db.execute(
        "REPLACE INTO frontier_ticks VALUES (?, ?, ?, ?, ?)", (job_id, worker, slot, at, tick)
    )


def withdraw(db: sqlite3.Connection, job_id: int, worker: str) -> None:
    """Forget a worker's document; its ticks stay."""
    db.execute("DELETE FROM frontier_live WHERE job = ? AND worker = ?", (job_id, worker))


def forget_published(db: sqlite3.Connection, job_id: int) -> None:
    """Forget what earlier workers of the job published."""
    db.execute("DELETE FROM frontier_live WHERE job = ?", (job_id,))
    db.execute("DELETE FROM frontier_ticks WHERE job = ?", (job_id,))


def news(db: sqlite3.Connection, job_id: int, since: float) -> list[WorkerNews]:
    """Return the documents that were published since a time."""
    rows = db.execute(
        "SELECT worker, at, document FROM frontier_live WHERE job = ? AND at >= ? ORDER BY worker",
        (job_id, since),
    )
    return [WorkerNews(*row) for row in rows]


def ticks(db: sqlite3.Connection, job_id: int, since: float) -> dict[str, list[Tick]]:
    """Return the ticks of each worker since a time, oldest first."""
    found: dict[str, list[Tick]] = {}
    rows = db.execute(
        "SELECT worker, at, data FROM frontier_ticks WHERE job = ? AND at >= ? ORDER BY worker, at",
        (job_id, since),
    )
    for worker, at, data in rows:
        found.setdefault(worker, []).append(Tick(at, data))
    return found
