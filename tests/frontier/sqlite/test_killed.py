"""Owners of a SQLite frontier that are killed, and a second process that wants the file."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierInUse
from crawlproj.frontier.base import State
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.frontier.sqlite.status import read_status
from tests import ROOT
from tests.frontier.helpers import claim, entry, put, run
from tests.frontier.sqlite.owner import children

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@contextmanager
def owner(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that owns the file; it is killed at the end with SIGKILL."""
    command = [sys.executable, "-m", "tests.frontier.sqlite.owner", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read(process: subprocess.Popen[str], lines: int) -> list[list[str]]:
    assert process.stdout is not None
    return [process.stdout.readline().split() for _ in range(lines)]


def rest(process: subprocess.Popen[str]) -> list[list[str]]:
    """Return the lines that the process printed before it died, without an incomplete last one."""
    assert process.stdout is not None
    return [line.split() for line in process.stdout if line.endswith("\n")]


def states(path: Path) -> dict[int, tuple[State, int]]:
    """Return the state and attempts of each key in the file."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT key, state, attempts FROM frontier_entries_1").fetchall()
    return {key: (State(state), attempts) for key, state, attempts in rows}


def test_everything_confirmed_to_a_killed_owner_is_in_the_file_and_no_child_is_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crawl.db"
    random_ = random.Random(1)  # noqa: S311
    confirmed: list[list[str]] = []
    for _ in range(5):
        with owner(path) as process:
            confirmed += read(process, random_.randrange(1, 400))
            process.kill()
            confirmed += rest(process)
    entries = states(path)
    assert {int(line[1]) for line in confirmed if line[0] == "put"} <= entries.keys()
    acked = {int(line[1]) for line in confirmed if line[0] == "acked"}
    assert acked
    assert all(entries[key][0] is State.DONE for key in acked)
    for key, (state, _) in entries.items():
        if state is State.DONE:
            assert entries.keys() >= set(children(key))
    lease_ids = [line[2] for line in confirmed if line[0] == "claimed"]
    assert len(set(lease_ids)) == len(lease_ids)


def test_leases_of_a_killed_owner_are_pending_at_once_and_count_as_attempts(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    with owner(path) as process:
        read(process, 2)
    leased = {key for key, (state, _) in states(path).items() if state is State.LEASED}
    frontier = SqliteFrontier(path)
    assert run(frontier.open("job")).resumed
    assert run(frontier.totals()).leased == 0
    attempts = {lease.entry.key: lease.attempts for lease in claim(frontier, 10_000, 10_000)}
    assert {key for key, count in attempts.items() if count} == leased
    run(frontier.close())


def test_a_second_process_is_refused_with_the_owners_pid_and_disturbs_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crawl.db"
    frontier = SqliteFrontier(path)
    with owner(path) as process:
        read(process, 2)
        with pytest.raises(FrontierInUse, match=rf"crawl\.db is in use by process {process.pid}"):
            run(frontier.open("job"))
        assert process.poll() is None
        assert read(process, 1)[0]
        assert run(read_status(path))[0].totals.discovered > 0
    run(frontier.open("job"))
    assert put(frontier, entry(0)) == 0
    run(frontier.close())
