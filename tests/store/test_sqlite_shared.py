"""Several processes write to the same file, as the workers of a fleet do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.store.sqlite import SqliteStore
from tests import ROOT
from tests.frontier.helpers import entry, put, run, several
from tests.store.writer import ROWS, url
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def start(path: Path, number: int, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(path), str(number), str(batches)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_four_processes_that_create_and_fill_a_file_at_once_lose_nothing(tmp_path: Path) -> None:
    path, batches = tmp_path / "pages.db", 40
    writers = [start(path, number, batches) for number in range(4)]
    for writer in writers:
        busy, errors = writer.communicate(timeout=PATIENCE_S)
        assert writer.returncode == 0, errors
        assert busy.strip() == "0", "the store was busy for longer than a transaction takes"
    wanted = {
        url(number, batch, row)
        for number in range(4)
        for batch in range(batches)
        for row in range(ROWS)
    }
    with closing(sqlite3.connect(path)) as db:
        assert {found for (found,) in db.execute("SELECT url FROM pages")} == wanted
        firsts = db.execute(
            "SELECT content_hash, count(*) FROM pages WHERE duplicate_of IS NULL GROUP BY 1"
        ).fetchall()
        assert len(firsts) == 7
        assert {count for _, count in firsts} == {1}
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_opening_a_store_waits_while_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "pages.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        writer = start(path, 0, 1)
        try:
            writer.wait(4)
        except subprocess.TimeoutExpired:
            db.execute("ROLLBACK")
        busy, errors = writer.communicate(timeout=PATIENCE_S)
    assert writer.returncode == 0, errors
    assert busy.strip() == "0"


_LOOK = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('{}'); d.close()"


@pytest.mark.parametrize("looks", ["SELECT count(*) FROM pages", "PRAGMA user_version = 7"])
def test_who_opens_and_closes_a_file_during_a_crawl_leaves_its_log_alone(
    tmp_path: Path, looks: str
) -> None:
    path = tmp_path / "crawl.db"
    frontier, store = SqliteFrontier(path), SqliteStore(path)
    run(frontier.open("job"))
    run(store.open())
    put(frontier, *several())
    subprocess.run([sys.executable, "-c", _LOOK.format(looks), str(path)], check=True)
    assert path.with_name("crawl.db-wal").exists()
    put(frontier, entry(999))
    with closing(sqlite3.connect(path)) as db:
        (entries,) = db.execute("SELECT count(*) FROM frontier_entries_1").fetchone()
        assert entries == len(several()) + 1
    run(store.close())
    run(frontier.close())
