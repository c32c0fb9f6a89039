"""Items become rows: every field has its column, and each row its partition and its key."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from crawlproj.items import Page
from crawlproj.parquet.rows import BUCKETS, PAGE_SCHEMA, batch_of, partition, row_of
from crawlproj.store.base import Row
from tests.export.helpers import exported, fill
from tests.parquet.helpers import NOON, page, row

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Book:
    title: str


@dataclass(slots=True)
class MarkedPage(Page):
    mark: str = ""


def test_every_field_of_a_page_is_a_column() -> None:
    assert {field.name for field in fields(Page)} | {"_key", "extra"} == set(PAGE_SCHEMA.names)


def test_a_page_has_its_values_in_the_columns() -> None:
    made = page(1, timings={"ttfb": 0.5}, html=b"\0", links=[{"url": "http://a.test/2"}])
    (found,) = batch_of([row_of(made, None, "", ("job", 1, 1, 1))]).to_pylist()
    assert found["url"] == "http://a.test/1"
    assert found["fetched_at"] == NOON
    assert found["timings"] == '{"ttfb":0.5}'
    assert found["links"] == '[{"url":"http://a.test/2"}]'
    assert found["html"] == b"\0"
    assert found["title"] == ""
    assert found["etag"] is None


def test_the_fields_of_a_subclass_are_in_extra() -> None:
    made = MarkedPage("http://a.test/", "http://a.test/", 200, mark="x")
    (found,) = batch_of([row_of(made, None, "", ("job", 1, 1, 1))]).to_pylist()
    assert found["extra"] == '{"mark":"x"}'


@pytest.mark.parametrize("value", ["not a number", 2**63, "\ud800"])
def test_a_value_that_is_not_of_its_type_is_an_error(value: object) -> None:
    wrong = {"title": value} if value == "\ud800" else {"depth": value}
    with pytest.raises((TypeError, ValueError, OverflowError, pa.ArrowException)):
        batch_of([row(1, **wrong)])


def test_a_partition_is_the_table_a_hash_of_the_site_and_the_day_in_utc() -> None:
    found = {partition("pages", f"http://site{n}.test/{n}", NOON) for n in range(200)}
    assert len(found) == BUCKETS
    assert partition("pages", "http://a.test/1", NOON) == partition(
        "pages", "http://A.test:80/2", NOON + 43_199
    )
    assert partition("pages", "http://a.test/1", NOON).endswith("/day=2025-11-28")
    assert partition("pages", "http://a.test/1", NOON + 43_200).endswith("/day=2025-11-29")
    # As the guide says; files that were written before must stay in their place.
    assert partition("pages", "http://example.org/", NOON).startswith("pages/site_hash=5/")


def test_a_key_is_that_of_the_identity_and_belongs_to_a_generation_of_the_job() -> None:
    first, again, other = row(1), row(1, title="changed"), row(1, generation=2)
    assert first.key == again.key != other.key
    assert (first.crawl, other.crawl) == (("job", "1"), ("job", "2"))
    assert row_of(page(1), None, "", ("token",)).crawl is None


def test_another_item_is_kept_as_json_in_the_partition_of_its_page() -> None:
    made = row_of(Book("x"), {"title": "x", "raw": b"\0"}, "http://a.test/1", ("job", 1, 1, 1))
    (found,) = batch_of([made]).to_pylist()
    assert found["_path"].startswith("book/site_hash=")
    assert found["_item"] == '{"_page":"http://a.test/1","title":"x","raw":{"base64":"AA=="}}'
    assert found["url"] is None


def test_the_columns_have_the_types_of_an_exported_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crawl.db"
    fill(url, [Row("pages", {"url": "http://a.test/", "status": 200, "html": b"", "depth": 1})])
    exported(url, tmp_path / "pages.parquet")
    theirs = parquet.read_schema(tmp_path / "pages.parquet")
    both = set(theirs.names) & set(PAGE_SCHEMA.names)
    assert {"url", "status", "fetched_at", "html", "timings"} <= both
    assert {name: theirs.field(name).type for name in both} == {
        name: PAGE_SCHEMA.field(name).type for name in both
    }
