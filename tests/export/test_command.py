"""scrapy export as users type it, and what becomes of the file when something fails."""

from __future__ import annotations

import os
import pty
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.export.helpers import SUFFIXES, fill, read
from tests.processes import Scrapy, scrapy
from tests.store.helpers import page
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# A text that compresses badly, so that every format is larger than the limit below.
ROWS = [
    page(f"https://a.example/{n}", text=os.urandom(2000).hex(), fetched_at=1e9) for n in range(100)
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    fill(url, ROWS)
    return url


def export(store: str, path: Path, *more: str) -> tuple[int, str]:
    return scrapy("export", str(path), "-s", f"STORE_URL={store}", *more)


def test_a_file_is_written_and_the_command_says_what_is_in_it(store: str, tmp_path: Path) -> None:
    path = tmp_path / "pages.csv"
    code, shown = export(
        store, path, "--columns", "url,status", "--site", "a.example", "--limit", "9"
    )
    size = path.stat().st_size
    assert (code, shown) == (0, f"{path} has 9 rows of pages ({size} bytes)\n")
    assert read(path)[0] == {"url": "https://a.example/0", "status": "200"}


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("pages.txt", (), ".csv, .jsonl"),
        ("pages.csv", ("--columns", "titel"), "no column 'titel'"),
        ("pages.csv", ("--status", "ok"), "--status takes"),
        ("pages.csv", ("--since", "soon"), "--since takes"),
        ("pages.csv", ("--limit", "0"), "--limit must be at least 1"),
        ("out.csv", (), "--table"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_one_line(
    name: str, more: tuple[str, ...], message: str, store: str, tmp_path: Path
) -> None:
    code, shown = export(store, tmp_path / name, *more)
    assert code == 2
    assert message in shown
    assert "Traceback" not in shown
    assert not (tmp_path / name).exists()


def test_a_misspelt_site_is_noted_with_the_nearest_one(store: str, tmp_path: Path) -> None:
    code, shown = export(store, tmp_path / "pages.csv", "--site", "a.exmple")
    assert (
        code,
        "note: no row of pages is of the site a.exmple: did you mean a.example" in shown,
    ) == (0, True), shown


def test_what_an_export_would_destroy_stays(store: str, tmp_path: Path) -> None:
    fill(own := f"sqlite:///{tmp_path}/pages.sqlite", ROWS[:1])
    code, shown = export(own, tmp_path / "pages.sqlite")
    assert (code, "the crawl's own database" in shown) == (1, True), shown
    code, shown = export(store, tmp_path / "pages.sqlite", "-s", f"FRONTIER_URL={own}")
    assert (code, "the crawl's own database" in shown) == (1, True), shown
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE precious (x)")
        code, shown = export(store, other, "--table", "pages")
        assert (code, "in use (other.sqlite-wal" in shown) == (1, True), shown
    with closing(sqlite3.connect(other)) as db:
        assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("precious",)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_one_line_and_leaves_the_old_file(
    suffix: str, store: str, tmp_path: Path
) -> None:
    path = tmp_path / f"pages{suffix}"
    path.write_text("old")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))

    words = ["export", str(path), "-s", f"STORE_URL={store}"]
    ended = subprocess.run(
        [sys.executable, "-m", "scrapy", *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=little_room,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith(f"error: {path} was not written (")
    assert ended.stderr.count("\n") == 1
    assert path.read_text() == "old"
    assert not list(tmp_path.glob(".*"))


def test_a_signal_ends_an_export_and_nothing_is_left(store: str, tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    fill(store, [page(f"https://b.example/{n}", text="x" * 200_000) for n in range(1500)])
    part = tmp_path / ".pages.jsonl.part"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = Scrapy("export", str(path), "-s", f"STORE_URL={store}")
        until(lambda: part.exists() and part.stat().st_size > 100_000, process)
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert not path.exists()
        assert not part.exists()


def test_a_terminal_sees_a_progress_bar(store: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = ["export", str(tmp_path / "pages.csv"), "-s", f"STORE_URL={store}"]
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", *words],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait() == 0
    os.close(ours)
    assert b"100 of 100 rows" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux says so when the other end is closed
        return b""
