"""A segment becomes Parquet files: a file for each partition, the same ones each time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from crawlproj.parquet import rolling
from crawlproj.parquet.folders import LocalFolder
from crawlproj.parquet.journal import Journal
from crawlproj.parquet.rolling import roll
from crawlproj.parquet.rows import PAGE_SCHEMA, Row, row_of
from tests.parquet.helpers import NOON, page, read, row, urls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.parquet.segment import Segment


def segment_of(folder: Path, *batches: Sequence[Row]) -> Segment:
    folder.mkdir()
    journal = Journal(folder, "url")
    journal.open()
    for batch in batches:
        assert journal.add(batch).rejected == {}
    segment = journal.end_segment()
    assert segment is not None
    journal.close()
    return segment


def book(number: int, **fields: Any) -> Row:
    kind = type("Book", (), {})
    return row_of(kind(), fields, f"http://a.test/{number}", ("job", 1, number, 1))


def test_each_partition_is_a_file_with_its_rows(tmp_path: Path) -> None:
    sites = [f"site{n}.test" for n in range(8)]
    batches = [[row(n, site) for site in sites] for n in range(5)]
    segment = segment_of(tmp_path / "journal", *batches)
    rolled = roll(segment, LocalFolder(tmp_path / "files"))
    files = list((tmp_path / "files").glob("pages/site_hash=*/day=2025-11-28/*.parquet"))
    assert rolled.rows == 40
    assert rolled.files == len(files) == len({path.parent for path in files}) > 1
    assert rolled.size == sum(path.stat().st_size for path in files)
    assert len(set(urls(tmp_path / "files"))) == len(urls(tmp_path / "files")) == 40
    assert {path.name for path in files} == {f"part-{segment.name}.parquet"}
    assert all(parquet.read_schema(path).equals(PAGE_SCHEMA) for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_doing_it_again_after_a_kill_in_its_midst_changes_nothing(tmp_path: Path) -> None:
    class Killed(LocalFolder):
        left = 3

        def put(self, name: str, data: Any) -> None:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            super().put(name, data)

    segment = segment_of(tmp_path / "journal", [row(n, f"site{n}.test") for n in range(50)])
    with pytest.raises(KeyboardInterrupt):
        roll(segment, Killed(tmp_path / "files"))
    assert 0 < len(urls(tmp_path / "files")) < 50
    roll(segment, LocalFolder(tmp_path / "files"))
    assert len(set(urls(tmp_path / "files"))) == len(urls(tmp_path / "files")) == 50


def test_rows_of_a_large_segment_are_in_several_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "_WINDOW_BYTES", 3_000)
    segment = segment_of(tmp_path / "journal", *([row(n)] for n in range(40)))
    roll(segment, LocalFolder(tmp_path / "files"))
    (path,) = (tmp_path / "files").rglob("*.parquet")
    assert parquet.ParquetFile(path).num_row_groups > 1
    assert len(urls(tmp_path / "files")) == 40


def test_items_of_other_classes_have_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "_GROUP_ITEMS", 2)
    segment = segment_of(
        tmp_path / "journal",
        [
            book(1, title="one", price=3, on=date(2025, 11, 28), tags=["a", "b"]),
            book(2, title="two", price=2.5, raw=b"\0", huge=2**70, worth=float("nan")),
            book(3, title=3, price=Decimal("1.5")),
            row(4),
        ],
    )
    roll(segment, LocalFolder(tmp_path / "files"))
    assert urls(tmp_path / "files") == ["http://a.test/4"]
    one, two, three = sorted(read(tmp_path / "files", "book"), key=lambda found: found["_page"])
    assert one["_page"] == "http://a.test/1"
    assert (one["title"], three["title"]) == ("one", "3")
    assert (one["on"], one["tags"], one["raw"]) == ("2025-11-28", '["a","b"]', None)
    assert (two["raw"], two["huge"]) == (b"\0", 2.0**70)
    assert [found["price"] for found in (one, two, three)] == ["3", "2.5", "1.5"]


def test_rows_before_a_damaged_place_are_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    segment = segment_of(tmp_path / "journal", [row(1)], [row(2)])
    with segment.path.open("r+b") as file:  # as after a power failure
        file.truncate(segment.size - 100)
    roll(segment, LocalFolder(tmp_path / "files"))
    assert urls(tmp_path / "files") == ["http://a.test/1"]
    assert "is damaged" in caplog.text


def test_a_page_of_another_day_is_in_another_partition(tmp_path: Path) -> None:
    late = page(2)
    late.fetched_at = NOON + 86_400
    segment = segment_of(tmp_path / "journal", [row(1), row_of(late, None, "", ("job", 1, 2, 1))])
    roll(segment, LocalFolder(tmp_path / "files"))
    assert {str(found["day"]) for found in read(tmp_path / "files")} == {"2025-11-28", "2025-11-29"}
