"""The files of a crawl are for its owner only, whatever the umask."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from crawlproj.private_files import create, opener, write_whole
from crawlproj.store.sqlite import SqliteStore
from tests.frontier.helpers import run
from tests.processes import options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_files_are_private_and_existing_ones_keep_their_mode(tmp_path: Path) -> None:
    new, old, whole = tmp_path / "new", tmp_path / "old", tmp_path / "whole"
    old.write_text("text")
    old.chmod(0o640)
    create(new)
    create(old)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    create(tmp_path / "link")
    assert mode(tmp_path / "target") == 0o600
    write_whole(whole, "é")
    with open(tmp_path / "opened", "wb", opener=opener):
        pass
    assert [mode(path) for path in (new, whole, tmp_path / "opened")] == [0o600] * 3
    assert (mode(old), old.read_text(), whole.read_text("utf-8")) == (0o640, "text", "é")


def test_a_store_and_the_files_beside_it_are_private(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    run(store.open())
    assert {path.name for path in tmp_path.iterdir()} >= {"store.db", "store.db-wal"}
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    run(store.close())


@pytest.mark.slow
def test_database_feeds_and_report_of_a_crawl_are_private(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/crawl.db"
    code, shown = scrapy(
        *("crawl", "site", "-a", "url=http://127.0.0.1:1/", "-O", f"{tmp_path}/feeds/all.csv"),
        *options({"FRONTIER_URL": database, "STORE_URL": database, "LOG_LEVEL": "ERROR"}),
        *("-s", f"REPORT={tmp_path}/report.json", "-s", "RETRY_TIMES=0"),
    )
    assert code == 1, shown  # the guard refuses the only page
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in made} >= {"crawl.db", "all.csv", "report.json"}
    assert {path.name: mode(path) for path in made} == {path.name: 0o600 for path in made}
