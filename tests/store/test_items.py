"""Tables of items: made from the first ones, and widened by later ones, on every backend."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.store.base import Row
from crawlproj.store.item_rows import MAX_COLUMNS, ItemTable, table_of
from crawlproj.store.sqlite import SqliteStore
from tests.frontier.helpers import run
from tests.properties import examples
from tests.store.backends import Backend, on_postgres, read

if TYPE_CHECKING:
    from tests.servers import Postgres


def book(key: str, /, **fields: Any) -> Row:
    return Row("book", fields, key, "http://shop/")


def test_the_first_item_makes_the_table_and_later_ones_add_columns(backend: Backend) -> None:
    backend.write(book("a", isbn="1", price=3))
    backend.write(book("b", isbn="2", price=4, pages=100), Row("author", {"name": "x"}, "c"))
    assert backend.look("SELECT _key, _page, isbn, price, pages FROM book ORDER BY _key") == [
        ("a", "http://shop/", "1", 3, None),
        ("b", "http://shop/", "2", 4, 100),
    ]
    assert backend.look("SELECT name FROM author") == [("x",)]


def test_a_later_item_with_the_same_key_replaces_every_field(backend: Backend) -> None:
    backend.write(book("a", isbn="1", price=3), book("a", isbn="1", price=4))
    backend.write(book("a", isbn="2"), book("b", isbn="3"))
    assert backend.look("SELECT _key, isbn, price FROM book ORDER BY _key") == [
        ("a", "2", None),
        ("b", "3", None),
    ]


def test_values_come_back_as_they_were_and_nested_ones_as_json(backend: Backend) -> None:
    values = {
        "text": "é\u2028'\"",
        "whole": -7,
        "part": 0.1,
        "yes": True,
        "raw": b"\0\xff",
        "day": date(2026, 11, 28),
        "exact": Decimal("1.10"),
        "none": None,
        "tags": ["a", {"b": (1, None)}],
    }
    assert not backend.write(book("a", **values)).rejected
    ((text, whole, part, yes, raw, day, exact, tags),) = backend.look(
        "SELECT text, whole, part, yes, raw, day, exact, tags FROM book"
    )
    assert (text, whole, part, yes, bytes(raw)) == ("é\u2028'\"", -7, 0.1, 1, b"\0\xff")
    assert (day, exact) == ("2026-11-28", "1.10")
    assert json.loads(tags) == ["a", {"b": [1, None]}]


def test_the_url_of_an_item_may_be_a_list(backend: Backend) -> None:
    backend.write(book("a", url=["https://a.test/", "https://b.test/"]))
    assert backend.look("SELECT url FROM book") == [('["https://a.test/","https://b.test/"]',)]


def test_a_column_widens_when_its_values_become_of_several_kinds(backend: Backend) -> None:
    large = 2**63 - 1
    backend.write(book("a", price=large, rank=1.25, size=b"\0"))
    backend.write(book("b", price=0.1, rank="first", size="large"), book("c", price=2**70))
    rows = backend.look("SELECT price, rank FROM book ORDER BY _key")
    assert [str(price) for price, _ in rows] == [str(large), "0.1", str(2**70)]
    assert [str(rank) for _, rank in rows] == ["1.25", "first", "None"]
    assert backend.look("SELECT count(size) FROM book") == [(2,)]


def test_a_bad_item_is_rejected_alone_and_its_field_named(backend: Backend) -> None:
    bad = [
        book("a", isbn="1", cover=object()),
        book("b", isbn="\ud800"),
        book("c", tags=["\udfff"]),
        Row("no\0name", {"isbn": "1"}, "d"),
        Row("x" * 64, {"isbn": "1"}, "e"),
    ]
    stored = backend.write(book("f", isbn="2"), *bad, book("g", isbn="3"))
    assert sorted(stored.rejected) == [1, 2, 3, 4, 5]
    assert "book of http://shop/: cover: " in stored.rejected[1]
    assert backend.look("SELECT isbn FROM book ORDER BY isbn") == [("2",), ("3",)]


def test_a_table_of_another_program_is_left_alone(backend: Backend) -> None:
    backend.write(book("a", isbn="1"))
    foreign = Row("store_meta", {"isbn": "1"}, "a")
    stored = backend.write(foreign, book("b", isbn="2"))
    assert list(stored.rejected) == [0]
    assert "rename the item class" in stored.rejected[0]
    assert backend.look("SELECT count(*) FROM book") == [(2,)]


def test_fields_that_cannot_be_columns_are_kept_as_json(backend: Backend) -> None:
    fields = {
        "Price (EUR)": 3, 'a"b': 4, "%s": 5, "price": 6, "Price": 7, "": 8, "_KEY": 9,
        "x" * 64: 10, "a\nb": 11,
    }  # fmt: skip
    assert not backend.write(book("a", **fields)).rejected
    ((*columns, extra),) = backend.look(
        'SELECT "Price (EUR)", "a""b", "%s", price, _extra FROM book'
    )
    assert columns == [3, 4, 5, 6]
    assert json.loads(extra) == {"Price": 7, "": 8, "_KEY": 9, "x" * 64: 10, "a\nb": 11}


def test_a_table_stops_growing_and_loses_nothing(backend: Backend) -> None:
    long = "a text that is too long to stay in the row" * 9
    for start in range(0, 2 * MAX_COLUMNS, 100):
        fields = {f"f{n}": long for n in range(start, start + 100)}
        assert not backend.write(book(f"{start}", **fields)).rejected
    whole = {f"f{n}": long for n in range(MAX_COLUMNS)}
    assert not backend.write(book("whole", **whole)).rejected
    ((extra,),) = backend.look("SELECT _extra FROM book WHERE _key = '500'")
    assert len(json.loads(extra)) == 100


def test_a_failure_and_a_skipped_url_replace_each_other_and_a_page_ends_both(
    backend: Backend,
) -> None:
    failed = Row("failures", {"url": "http://a/", "reason": "timeout"})
    skipped = Row("skipped", {"url": "http://a/", "reason": "robots", "skipped_at": 1.5})
    for rows, left in (
        ([failed], (1, 0)), ([skipped], (0, 1)), ([failed, skipped, failed], (1, 0)),
        ([skipped], (0, 1)), ([Row("pages", {"url": "http://a/", "status": 200})], (0, 0)),
    ):  # fmt: skip
        backend.write(*rows)
        counted = backend.count()
        assert (counted["failures"], counted["skipped"]) == left


@pytest.mark.parametrize(
    ("item_type", "table"),
    [
        ("Book", "book"), ("BookReview", "book_review"), ("HTTPLog2Entry", "http_log2_entry"),
        ("dict", "items"), ("Pages", "item_pages"), ("book", "book"),
        ("FrontierEntriesHere", "item_frontier_entries_here"), ("Page", "page"),
    ],
)  # fmt: skip
def test_a_table_is_named_after_its_class(item_type: str, table: str) -> None:
    assert table_of(item_type) == table


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    st.binary(max_size=4), st.lists(st.integers(), max_size=2),
)  # fmt: skip
BATCHES = st.lists(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyXY"), VALUES)),
        max_size=4,
    ),
    max_size=4,
)


def check_last_versions(backend: Backend, batches: list[list[tuple[str, dict[str, Any]]]]) -> None:
    """Write ``batches`` and check that of each key the last item is there, whole."""
    latest: dict[str, dict[str, Any]] = {}
    run(backend.store.open())
    for batch in batches:
        assert not backend.write(*(book(key, **fields) for key, fields in batch)).rejected
        latest.update(batch)
    run(backend.store.close())
    if not latest:
        return
    kinds = ItemTable()
    for batch in batches:
        for _, fields in batch:
            kinds.admit(fields)
    names = ["_key", "_extra", *(f'"{name}"' for name in kinds.kinds)]
    rows = backend.look(f"SELECT {', '.join(names)} FROM book")  # noqa: S608
    assert {row[0] for row in rows} == latest.keys()
    for key, extra, *columns in rows:
        found = {
            name for name, value in zip(kinds.kinds, columns, strict=True) if value is not None
        }
        found |= (json.loads(extra) if extra else {}).keys()
        assert found == {name for name, value in latest[key].items() if value is not None}


@pytest.mark.slow
@examples(60)
@given(batches=BATCHES)
def test_of_each_key_the_last_item_stays_whole_in_sqlite(
    batches: list[list[tuple[str, dict[str, Any]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        check_last_versions(Backend(SqliteStore(path), partial(read, path)), batches)


@examples(30)
@given(batches=BATCHES)
def test_of_each_key_the_last_item_stays_whole_in_postgresql(
    postgres: Postgres, batches: list[list[tuple[str, dict[str, Any]]]]
) -> None:
    with psycopg.connect(postgres.url()) as db:
        db.execute("DROP TABLE IF EXISTS book")
    check_last_versions(on_postgres(postgres.url()), batches)
