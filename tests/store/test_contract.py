"""The contract in store/base.py, checked on every backend."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.errors import ConfigError, StoreError
from crawlproj.store.base import Row, Store, StoreBusy
from crawlproj.store.sqlite import SqliteStore
from crawlproj.store.url import store_from_url
from tests import ROOT
from tests.frontier.helpers import run
from tests.properties import examples
from tests.store.backends import Backend, on_postgres, read
from tests.store.helpers import PAGES, check_first_pages, page

if TYPE_CHECKING:
    from tests.servers import Postgres


def test_of_two_rows_with_the_same_url_the_later_one_stays(backend: Backend) -> None:
    backend.write(page("http://a/", title="old"), page("http://a/", title="new"))
    assert backend.look("SELECT url, title FROM pages") == [("http://a/", "new")]


def test_the_chosen_fields_of_a_page_have_columns(backend: Backend) -> None:
    fields = {"markdown": "# a", "main_text": "a", "main_markdown": "a", "headings": "[]"}
    backend.write(page("http://a/", **fields, structured_data="{}", images="[]", html=b"\0\xff"))
    names = ", ".join([*fields, "structured_data", "images"])
    assert backend.look(f"SELECT {names} FROM pages") == [(*fields.values(), "{}", "[]")]  # noqa: S608
    ((html,),) = backend.look("SELECT html FROM pages")
    assert bytes(html) == b"\0\xff"


LINKS = "SELECT page, position, url, text, rel FROM links ORDER BY page, position"


def test_the_links_of_a_page_are_rows_and_replace_those_of_its_last_version(
    backend: Backend,
) -> None:
    first = [{"url": "http://b/", "text": "b", "rel": "nofollow"}, {"url": "http://b/"}]
    backend.write(page("http://a/", links=first), page("http://z/", links=[{"url": "http://a/"}]))
    assert backend.look(LINKS) == [
        ("http://a/", 0, "http://b/", "b", "nofollow"),
        ("http://a/", 1, "http://b/", "", ""),
        ("http://z/", 0, "http://a/", "", ""),
    ]
    backend.write(page("http://a/", links=[{"url": "http://c/"}]))
    assert [row[2] for row in backend.look(LINKS)] == ["http://c/", "http://a/"]
    backend.write(page("http://a/"), page("http://z/", links=[]))
    assert backend.look(LINKS) == []


@pytest.mark.parametrize(
    "links", [["http://b/"], [{"text": "b"}], [{"url": None}], [{"url": "\ud800"}], 7]
)
def test_a_page_with_malformed_links_is_rejected_whole(backend: Backend, links: Any) -> None:
    stored = backend.write(page("http://a/", links=links), page("http://b/"))
    assert list(stored.rejected) == [0]
    assert backend.look("SELECT url FROM pages") == [("http://b/",)]
    assert backend.look(LINKS) == []


def test_a_page_removes_the_failure_of_its_url_but_a_failure_keeps_the_page(
    backend: Backend,
) -> None:
    failure = Row("failures", {"url": "http://a/", "reason": "timeout"})
    backend.write(failure, page("http://a/"))
    assert backend.count() == {"pages": 1, "failures": 0, "skipped": 0, "duplicates": 0}
    backend.write(failure)
    assert backend.count() == {"pages": 1, "failures": 1, "skipped": 0, "duplicates": 0}


@pytest.mark.parametrize(
    "values",
    [
        {"title": "no url"},
        {"url": "http://bad/", "status": "two hundred"},
        {"url": "http://bad/", "title": "\ud800"},
        {"url": "http://bad/", "depth": 2**70},
        {"url": "http://bad/", "title": object()},
        {"url": "http://bad/", "other": object()},
    ],
)
def test_a_bad_row_is_rejected_without_failing_its_batch(
    backend: Backend, values: dict[str, Any]
) -> None:
    rows = [page("http://a/"), Row("pages", values), page("http://b/")]
    stored = backend.write(*rows)
    assert list(stored.rejected) == [1]
    assert backend.look("SELECT url FROM pages ORDER BY url") == [("http://a/",), ("http://b/",)]


def test_fields_without_a_column_are_stored_as_json(backend: Backend) -> None:
    backend.write(page("http://a/", price=3, tags=["x"], timings={"dns": 0.1}))
    ((extra, timings),) = backend.look("SELECT extra, timings FROM pages")
    assert json.loads(extra) == {"price": 3, "tags": ["x"]}
    assert json.loads(timings) == {"dns": 0.1}


def test_pages_with_equal_content_name_the_first_of_them(backend: Backend) -> None:
    stored = backend.write(page("http://a/", "h"), page("http://b/", "h"), page("http://c/"))
    assert stored.duplicates == {1: "http://a/"}
    backend.write(page("http://c/", "h"))
    backend.write(page("http://a/", "other"))
    assert backend.look("SELECT url, duplicate_of FROM pages ORDER BY url") == [
        ("http://a/", None),
        ("http://b/", None),
        ("http://c/", "http://b/"),
    ]


SMALL_BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"])), max_size=6),
    max_size=6,
)


async def contents(store: Store, batches: list[list[tuple[str, str]]]) -> None:
    await store.open()
    for batch in batches:
        await store.write([page(f"http://{url}/", content) for url, content in batch])
    await store.close()


def distinct_urls(batches: list[list[tuple[str, str]]]) -> int:
    return len({url for batch in batches for url, _ in batch})


@pytest.mark.slow
@given(SMALL_BATCHES)
def test_each_content_has_one_first_page_that_all_others_name_in_sqlite(
    batches: list[list[tuple[str, str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        run(contents(SqliteStore(path), [*batches, []]))
        rows = read(path, PAGES)
    assert len(rows) == distinct_urls(batches)
    check_first_pages(rows)


@examples(20)
@given(batches=SMALL_BATCHES)
def test_each_content_has_one_first_page_that_all_others_name_in_postgresql(
    postgres: Postgres, batches: list[list[tuple[str, str]]]
) -> None:
    url = postgres.url()
    run(contents(store_from_url(url), []))
    with psycopg.connect(url) as db:
        db.execute("TRUNCATE pages, failures")
    run(contents(store_from_url(url), batches))
    rows = on_postgres(url).look(PAGES)
    assert len(rows) == distinct_urls(batches)
    check_first_pages(rows)


def test_a_closed_store_raises_store_error(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    run(store.open())
    run(store.close())
    run(store.close())
    with pytest.raises(StoreError, match="closed"):
        run(store.checked("pages", "", "~", 1))


def test_a_locked_database_raises_store_busy_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    run(store.open())
    assert store._db is not None
    store._db.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"store\.db is locked"):
            run(store.write([page("http://a/")]))
    run(store.write([page("http://b/")]))
    assert read(path, "SELECT url FROM pages") == [("http://b/",)]
    run(store.close())


def test_the_error_for_an_unusable_file_names_it_and_the_cause(tmp_path: Path) -> None:
    foreign, garbage = tmp_path / "foreign.db", tmp_path / "garbage.db"
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE pages (x)")
    garbage.write_bytes(b"no database" * 1000)
    newer = tmp_path / "newer.db"
    with closing(sqlite3.connect(newer)) as db:
        db.executescript(
            "CREATE TABLE store_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
            "INSERT INTO store_meta VALUES ('schema', 99)"
        )
    for place, message in (
        (tmp_path / "missing" / "a.db", "folder exists"),
        (foreign, "not crawlproj's"),
        (garbage, "not an SQLite database"),
        (newer, "newer crawlproj"),
    ):
        with pytest.raises(StoreError, match=message) as raised:
            run(SqliteStore(place).open())
        assert str(place) in str(raised.value)


@pytest.mark.parametrize(
    "url", ["", "crawl.db", "redis://u:secret@h/1", "sqlite://x", "sqlite:///"]
)
def test_the_error_for_an_unknown_store_url_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="STORE_URL") as raised:
        store_from_url(url)
    assert "secret" not in str(raised.value)


def test_the_documented_queries_run_and_every_column_is_documented(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    run(store.open())
    run(store.write([page("http://a/", timings={"ttfb": 0.5})]))
    run(store.close())
    documented = (ROOT / "docs/reference/tables.md").read_text()
    queries = re.findall(r"```sql\n(.*?)```", documented, re.DOTALL)
    assert len(queries) == 5
    for query in queries:
        read(path, query)
    for (column,) in read(path, "SELECT name FROM pragma_table_info('pages')"):
        assert f"`{column}`" in documented
