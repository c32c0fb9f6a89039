"""Needs of SQLite's way to keep rows alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from crawlproj.store.base import Row
from crawlproj.store.sqlite import SqliteStore
from tests.frontier.helpers import run
from tests.store.helpers import page

TEXT = 500_000
TABLES = ("pages", "failures", "skipped", "links", "changes")
URLS = st.sampled_from(("http://a/", "http://b/", "http://ü/"))
LINKS = st.sampled_from(([], [{"url": "http://to/"}]))
TIMES = st.integers(1, 9).map(float)
PAGES = st.builds(
    lambda url, content, at, links: page(url, content, fetched_at=at, links=links),
    *(URLS, st.sampled_from(("", "x", "y")), TIMES, LINKS),
)
ROWS = st.one_of(
    PAGES,
    st.builds(
        lambda url, status, at: Row(
            "failures", {"url": url, "reason": "http", "status": status, "failed_at": at}
        ),
        *(URLS, st.sampled_from((404, 500)), TIMES),
    ),
    st.builds(lambda url: Row("skipped", {"url": url, "reason": "robots"}), URLS),
    st.builds(lambda url, at: Row("checks", {"url": url, "checked_at": at}), URLS, TIMES),
)


def test_a_check_of_an_unchanged_page_does_not_write_its_text_again(tmp_path: Path) -> None:
    log = tmp_path / "crawl.db-wal"
    store = SqliteStore(tmp_path / "crawl.db")
    run(store.open())
    run(store.write([page("http://a/", "x", text="x" * TEXT, fetched_at=100.5)]))
    before = log.stat().st_size
    for at in (10_100.5, 40_100.5, 700_100.5):
        run(store.write([Row("checks", {"url": "http://a/", "checked_at": at})]))
    assert before > TEXT
    assert log.stat().st_size - before < TEXT / 4
    run(store.close())


@given(st.lists(ROWS, max_size=3), st.lists(PAGES | ROWS, max_size=8))
def test_a_batch_leaves_the_same_rows_as_its_rows_one_at_a_time(
    before: list[Row], rows: list[Row]
) -> None:
    together, one_by_one = tables_after([before, rows]), tables_after([[r] for r in before + rows])
    assert together == one_by_one


def tables_after(batches: list[list[Row]]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables of a new file to which ``batches`` were written."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "crawl.db")
        run(store.open())
        for batch in batches:
            run(store.write(batch))
        run(store.close())
        with closing(sqlite3.connect(Path(folder) / "crawl.db")) as db:
            return {
                table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608
                for table in TABLES
            }
