"""Each store is exported alike: tables, columns, filters, types, one moment."""

from __future__ import annotations

import sqlite3
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.errors import ReadOnlySqlTransaction
from pyarrow import parquet

from crawlproj.errors import ConfigError, StoreError
from crawlproj.export import misspelt
from crawlproj.export.selection import Filters
from crawlproj.export.url import source_from_url
from crawlproj.store.base import Row
from tests.export.helpers import exported, fill, read
from tests.store.helpers import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import PgBouncer, Postgres

NUMBERS = count()
ROWS = [
    page("https://a.example/", "one", fetched_at=100.0, content_type="text/html; charset=utf-8"),
    page("http://a.example/b", "one", fetched_at=200.0, content_type="Text/HTML"),
    page("https://a.example:8443/", "two", fetched_at=300.0, content_type="application/pdf"),
    page("https://aa.example/", "three", fetched_at=400.0, links=[{"url": "https://z.example/"}]),
    Row("failures", {"url": "https://a.example/f", "reason": "http-404", "status": 404}),
    Row("failures", {"url": "https://a.example/g", "reason": "timeout", "failed_at": 100.0}),
    Row("skipped", {"url": "https://a.example/s", "reason": "robots", "skipped_at": 100.0}),
    Row(
        "dropped_items",
        {"type": "Book", "reason": "no-price", "item": "{}", "dropped_at": 100.0},
        key="d",
        page="https://a.example/",
    ),
    Row("book", {"price": 12, "100% ?": "x"}, key="1", page="https://a.example/"),
    Row("book", {"price": 12.5, "cover": b"\0\xff"}, key="2", page="https://aa.example/"),
    Row("book", {"cover": "none"}, key="3", page="https://aa.example/"),
]


def in_sqlite(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder}/store.db"


def in_postgres(request: pytest.FixtureRequest) -> str:
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"export{next(NUMBERS)}")


def behind_pgbouncer(request: pytest.FixtureRequest) -> str:
    server: Postgres = request.getfixturevalue("postgres")
    pooler: PgBouncer = request.getfixturevalue("pgbouncer")
    server.create(database := f"export{next(NUMBERS)}")
    return pooler.url(database)


STORES: dict[str, Callable[[pytest.FixtureRequest], str]] = {
    "sqlite": in_sqlite,
    "postgres": in_postgres,
    "pgbouncer": behind_pgbouncer,
}


@pytest.fixture(params=STORES)
def empty(request: pytest.FixtureRequest) -> str:
    """The URL of a store that does not exist yet, or has no tables."""
    return STORES[request.param](request)


@pytest.fixture
def store(empty: str) -> str:
    """The URL of a store that has ROWS."""
    fill(empty, ROWS)
    return empty


def keys(store: str, path: Path, table: str, key: str, **filters: Any) -> set[str]:
    exported(store, path, table=table, columns=(key,), filters=Filters(**filters))
    return {row[key] for row in read(path)}


def test_every_table_can_be_exported_and_is_named_by_the_file_or_an_option(
    store: str, tmp_path: Path
) -> None:
    with source_from_url(store) as source:
        tables = source.tables()
    assert tables == ["pages", "failures", "skipped", "links", "changes", "dropped_items", "book"]
    rows = [exported(store, tmp_path / f"{table}.csv").rows for table in tables]
    assert rows == [4, 2, 1, 1, 4, 1, 3]
    assert exported(store, tmp_path / "mine.csv", table="book").table == "book"


def test_a_source_cannot_write(store: str) -> None:
    source: Any = source_from_url(store)
    with source, pytest.raises((sqlite3.OperationalError, ReadOnlySqlTransaction)):
        source._db.execute("DELETE FROM pages")


def test_a_table_that_is_not_there_is_an_error_that_lists_those_that_are(
    store: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"mine\.csv is not named after.*--table.*pages,.* book"):
        exported(store, tmp_path / "mine.csv")
    with pytest.raises(ConfigError, match="no table 'store_meta'"):
        exported(store, tmp_path / "mine.csv", table="store_meta")
    assert not (tmp_path / "mine.csv").exists()


def test_the_columns_of_both_stores_are_the_same_and_as_chosen(store: str, tmp_path: Path) -> None:
    exported(store, tmp_path / "pages.jsonl")
    columns = list(read(tmp_path / "pages.jsonl")[0])
    assert columns[:4] == ["url", "requested_url", "status", "title"]
    assert len(columns) == 32
    assert {"seq", "search"}.isdisjoint(columns)
    exported(store, tmp_path / "book.jsonl", columns=("price", "100% ?", "_page"))
    assert {tuple(row) for row in read(tmp_path / "book.jsonl")} == {("price", "100% ?", "_page")}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ("url", "titel"),
            r"no column 'titel': did you mean title\? \(it has url, requested_url, status",
        ),
        (("url", "url"), "--columns names url twice"),
    ],
)
def test_a_wrong_column_is_an_error_that_names_it(
    columns: tuple[str, ...], message: str, store: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        exported(store, tmp_path / "pages.csv", columns=columns)
    assert not (tmp_path / "pages.csv").exists()


A, AB, A8443, AA = (row.values["url"] for row in ROWS[:4])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"site": ("a.example",)}, {A, AB}),
        ({"site": ("A.example:8443", "aa.example")}, {A8443, AA}),
        ({"since": 200.0, "until": 400.0}, {AB, A8443}),
        ({"status": ((200, 299),)}, {A, AB, A8443, AA}),
        ({"status": ((404, 404), (500, 599))}, set()),
        ({"content_type": ("TEXT/html",)}, {A, AB}),
        ({"content_type": ("text/", "application/pdf")}, {A, AB, A8443}),
        ({"distinct": True}, {A, A8443, AA}),
        ({"distinct": True, "site": ("a.example",)}, {A}),
    ],
)
def test_filters_choose_the_pages_that_all_of_them_let_through(
    filters: dict[str, Any], expected: set[str], store: str, tmp_path: Path
) -> None:
    assert keys(store, tmp_path / "x.csv", "pages", "url", **filters) == expected


def test_other_tables_have_the_filters_that_they_have_columns_for(
    store: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    found = keys(store, path, "failures", "url", reason=("timeout", "dns"))
    assert found == {"https://a.example/g"}
    assert keys(store, path, "failures", "url", status=((404, 404),)) == {"https://a.example/f"}
    assert keys(store, path, "skipped", "url", reason=("robots",), until=101.0)
    assert keys(store, path, "links", "page", site=("aa.example",)) == {AA}
    assert keys(store, path, "dropped_items", "_key", reason=("no-price",)) == {"d"}
    assert keys(store, path, "book", "_key", site=("aa.example",)) == {"2", "3"}
    with pytest.raises(ConfigError, match="--status filters pages and failures only, not book"):
        keys(store, path, "book", "_key", status=((200, 200),))
    with pytest.raises(ConfigError, match="--distinct filters pages only"):
        keys(store, path, "links", "page", distinct=True)


DOUBTED = [
    ("failures", {"reason": ("timeout", "http-404")}, []),
    (
        "failures",
        {"reason": ("timeuot", "http-404")},
        ["has the reason timeuot: did you mean timeout? (there are: http-404, timeout)"],
    ),
    (
        "pages",
        {"site": ("A.example", "b.exmaple")},
        ["b.exmaple: did you mean a.example? (there are: a.example, a.example:8443, aa.example)"],
    ),
    (
        "pages",
        {"status": ((404, 404), (500, 599))},
        ["has the status 404 (there are: 200)", "has the status 500-599 (there are: 200)"],
    ),
    (
        "pages",
        {"content_type": ("txet/html",)},
        ["txet/html: did you mean text/html? (there are: application/pdf, text/html)"],
    ),
    (
        "book",
        {"site": ("a.example", "c.test")},
        ["no row of book is of the site c.test (there are: a.example, aa.example)"],
    ),
    ("pages", {"until": 1.0}, []),  # it may be true that none is from then
]


@pytest.mark.parametrize(("table", "filters", "endings"), DOUBTED)
def test_a_word_of_a_filter_that_no_row_passes_is_doubted(
    table: str, filters: dict[str, Any], endings: list[str], store: str, tmp_path: Path
) -> None:
    notes = exported(store, tmp_path / "x.csv", table=table, filters=Filters(**filters)).notes
    for note, ending in zip(notes, endings, strict=True):
        assert note.endswith(ending)


def test_the_words_of_a_large_table_are_not_listed_because_only_its_first_rows_were_looked_at(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misspelt, "_LOOKED_AT", 2)
    done = exported(store, tmp_path / "x.csv", table="failures", filters=Filters(reason=("dsn",)))
    assert done.notes == ("no row of failures has the reason dsn",)


def test_the_words_of_a_table_without_rows_are_not_doubted(empty: str, tmp_path: Path) -> None:
    fill(empty, ROWS[:1])
    filters = Filters(reason=("dns",))
    assert exported(empty, tmp_path / "x.csv", table="failures", filters=filters).notes == ()


def test_a_limit_is_the_most_rows(store: str, tmp_path: Path) -> None:
    assert exported(store, tmp_path / "pages.csv", limit=3).rows == 3
    assert exported(store, tmp_path / "pages.csv", limit=99).rows == 4


def test_a_column_of_items_has_the_narrowest_type_that_holds_the_exported_values(
    store: str, tmp_path: Path
) -> None:
    path = tmp_path / "book.parquet"
    exported(store, path, columns=("_key", "price", "cover"))
    assert [str(field.type) for field in parquet.read_schema(path)] == [
        "string",
        "double",
        "string",
    ]
    assert sorted(read(path), key=lambda row: row["_key"]) == [
        {"_key": "1", "price": 12.0, "cover": None},
        {"_key": "2", "price": 12.5, "cover": "AP8="},
        {"_key": "3", "price": None, "cover": "none"},
    ]


def test_an_export_has_the_rows_of_one_moment_while_a_crawl_writes(
    store: str, tmp_path: Path
) -> None:
    fill(store, [page(f"https://m.example/{n}", fetched_at=1.0) for n in range(150)])
    late = [page("https://late.example/"), page("https://m.example/149", title="late")]
    sizes: list[int] = []

    def crawl_on(rows: int) -> None:
        if not sizes:
            fill(store, late)
        sizes.append(rows)

    done = exported(store, tmp_path / "pages.csv", progress=crawl_on)
    assert sizes == [100, 154]
    rows = read(tmp_path / "pages.csv")
    assert done.rows == len(rows) == 154
    assert all(row["title"] != "late" for row in rows)
    assert exported(store, tmp_path / "pages.csv").rows == 155


def test_a_store_that_no_crawl_has_written_to_is_an_error_that_says_so(
    empty: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=r"has no pages|does not exist: run a crawl"):
        exported(empty, tmp_path / "pages.csv")
    assert not (tmp_path / "store.db").exists()


def test_other_stores_and_none_are_errors_that_name_the_setting(tmp_path: Path) -> None:
    postgres = ("postgresql://me:secret@host:port/db", "postgresql://me:secret@[host/db")
    for url in ("", "mysql://user:secret@host/db", "my.Store:x", *postgres):
        with pytest.raises(ConfigError, match="STORE_URL") as raised:
            exported(url, tmp_path / "pages.csv")
        assert "secret" not in str(raised.value)


def test_a_server_that_is_away_is_an_error_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"PostgreSQL at 127\.0\.0\.1/db cannot be read") as raised:
        exported("postgresql://me:secret@127.0.0.1:9/db", tmp_path / "pages.csv")
    assert "secret" not in str(raised.value)


def test_a_file_that_is_not_a_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database " * 100)
    with pytest.raises(StoreError, match=r"store\.db cannot be read"):
        exported(f"sqlite:///{tmp_path}/store.db", tmp_path / "pages.csv")
