"""Commands that change entries, in steps: each is one short transaction that counts what it did.

So the crawl goes on meanwhile, and a command whose worker was killed continues where it was.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Entry
from crawlproj.frontier.commands import PREVIEW_GONE, SKIPPED_BY_COMMAND, Command, Result, Verb
from crawlproj.frontier.sqlite import command_sql
from crawlproj.frontier.sqlite.schema import LAST, for_job

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from crawlproj.frontier.commands import Selection

ROWS = 20_000  # looked at in one step: some 20 ms
KEYS = 2_000  # requeued in one step

_TO_SKIP = """
SELECT seq, key, site, url, payload, priority, not_before FROM frontier_entries_JOB
WHERE seq > :after AND seq <= :upto AND state = 0 AND frontier_selects(site, url)
"""
# Only entries that were written down as skipped, so none that has returned to pending since.
_SKIP = """
UPDATE frontier_entries_JOB SET state = 4, delayed = 0, reason = :reason
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND state = 0
RETURNING site
"""
# RETURNING gives the new values, so what was delayed is asked before.
_DELAYED = """
SELECT site, COUNT(*) FROM frontier_entries_JOB
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND state = 0 AND delayed = 1
GROUP BY site
"""
_PRIORITIZE = """
UPDATE frontier_entries_JOB SET priority = :priority
WHERE seq > :after AND seq <= :upto AND state = 0 AND priority != :priority
  AND frontier_selects(site, url)
"""
_FAILED = "SELECT site, reason FROM frontier_entries_JOB WHERE key = ? AND state = 3"
_REQUEUE = """
UPDATE frontier_entries_JOB
SET state = 0, reason = NULL, attempts = 0, delayed = 0, not_before = 0 WHERE key = ?
"""


@dataclass(slots=True)
class Changed:
    """The effect of a step on the counts: numbers of entries by site, or by reason.

    skipped: of all, and claimable: those of them that could have been claimed.
    requeued: by (site, reason). result: of the command, if that was its last step.
    """

    skipped: int = 0
    claimable: Counter[int] = field(default_factory=Counter)
    requeued: Counter[tuple[int, str]] = field(default_factory=Counter)
    result: Result | None = None


def register(db: sqlite3.Connection, selection: Selection, sites: Mapping[str, int]) -> None:
    """Make the SQL function ``frontier_selects(site, url)`` select what ``selection`` does."""
    taken = {number for name, number in sites.items() if selection.takes_site(name)}
    matches = selection.url_matcher()

    def selects(site: int, url: str) -> bool:
        return site in taken and matches(url)

    db.create_function("frontier_selects", 2, selects)


def to_skip(
    db: sqlite3.Connection,
    job_id: int,
    command: Command,
    generation: int,
    sites: Mapping[str, int],
) -> tuple[list[int], list[Entry]]:
    """Return the entries that the next step of a SKIP skips: their ``seq``, and themselves."""
    if command.generation != generation:
        return [], []
    register(db, command.selection, sites)
    names = {number: name for name, number in sites.items()}
    rows = db.execute(for_job(_TO_SKIP, job_id), _span(command_sql.progress(db, command.id)[0]))
    seqs, entries = [], []
    for seq, key, site, url, payload, priority, not_before in rows:
        seqs.append(seq)
        entries.append(Entry(key, names[site], url, payload, priority, not_before))
    return seqs, entries


def _span(cursor: int) -> dict[str, int]:
    return {"after": cursor, "upto": cursor + ROWS}


def step(
    db: sqlite3.Connection,
    job_id: int,
    command: Command,
    generation: int,
    sites: Mapping[str, int],
    worker: str,
    now: float,
    *,
    added: int = 0,
    seqs: Sequence[int] = (),
) -> Changed:
    """Apply the next step of a command in the open transaction.

    added: how many entries ADD has put. seqs: what SKIP skips, as ``to_skip`` returned it.
    """
    changed = Changed()
    cursor, urls = command_sql.progress(db, command.id)
    note = ""
    if command.generation != generation:
        done, number, note = True, 0, "its generation has ended"
    elif command.verb is Verb.ADD:
        done, number = True, added
    elif command.verb is Verb.REQUEUE:
        done, number, cursor, note = _requeue(db, job_id, command.token, cursor, changed)
    else:
        (last,) = db.execute(for_job(LAST, job_id)).fetchone()
        if command.verb is Verb.SKIP:
            number = _skip(db, job_id, seqs, changed)
        else:
            register(db, command.selection, sites)
            priority = {"priority": int(command.arguments["priority"])}
            given = {**_span(cursor), **priority}
            number = db.execute(for_job(_PRIORITIZE, job_id), given).rowcount
        cursor += ROWS
        done = cursor >= last
    command_sql.advance(db, command.id, cursor, number)
    if done:
        changed.result = Result(command.id, worker, now, urls + number, note)
        command_sql.acknowledge(db, changed.result)
    return changed


def _skip(db: sqlite3.Connection, job_id: int, seqs: Sequence[int], changed: Changed) -> int:
    given = {"seqs": json.dumps(list(seqs)), "reason": SKIPPED_BY_COMMAND}
    delayed = dict(db.execute(for_job(_DELAYED, job_id), given).fetchall())
    rows = db.execute(for_job(_SKIP, job_id), given).fetchall()
    changed.skipped = len(rows)
    changed.claimable = Counter(site for (site,) in rows)
    changed.claimable.subtract(delayed)
    return len(rows)


def _requeue(
    db: sqlite3.Connection, job_id: int, token: str, cursor: int, changed: Changed
) -> tuple[bool, int, int, str]:
    keys = command_sql.previewed(db, token)
    if keys is None:
        return True, 0, cursor, PREVIEW_GONE
    failed, requeue = for_job(_FAILED, job_id), for_job(_REQUEUE, job_id)
    for key in keys[cursor : cursor + KEYS]:
        row = db.execute(failed, (key,)).fetchone()
        if row is not None:
            site, reason = row
            db.execute(requeue, (key,))
            changed.requeued[site, reason or ""] += 1
    cursor += KEYS
    return cursor >= len(keys), changed.requeued.total(), cursor, ""
