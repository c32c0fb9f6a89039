"""A crawl whose database is locked says so at once, and who holds the lock."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.sqlite_locks import warn_if_locked

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
db.execute("CREATE TABLE t (x)")
db.execute("BEGIN IMMEDIATE")
db.execute("INSERT INTO t VALUES (1)")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_lock_is_reported_with_the_process_that_holds_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for mode in ("DELETE", "WAL"):
        path = tmp_path / f"{mode}.db"
        command = [sys.executable, "-c", HOLDER, str(path), mode]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as holder:
            assert holder.stdout is not None
            assert holder.stdin is not None
            holder.stdout.readline()
            warn_if_locked(path)
            assert f"{path} is locked by process {holder.pid}: the crawl waits" in caplog.text
            holder.stdin.close()


def test_a_file_that_is_free_new_or_no_database_is_not_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    free, text = tmp_path / "free.db", tmp_path / "text"
    with closing(sqlite3.connect(free)) as db:
        db.execute("CREATE TABLE t (x)")
    text.write_text("not a database, but long enough for a header of one" * 10)
    for path in (free, text, tmp_path / "new.db"):
        warn_if_locked(path)
    assert not caplog.text
    assert not (tmp_path / "new.db").exists()
