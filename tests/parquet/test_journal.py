"""The journal has each row once, and none that was not committed."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import StoreError
from crawlproj.parquet.journal import Journal
from tests.parquet.helpers import row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawlproj.parquet.segment import Segment

URL = "file:///somewhere"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path, URL)
    opened.open()
    yield opened
    opened.close()


def reopened(journal: Journal, folder: Path) -> Journal:
    """Return the journal as the next process has it."""
    journal.close()
    again = Journal(folder, URL)
    again.open()
    return again


def urls_in(segment: Segment) -> list[str]:
    return [url for batch, _ in segment.batches() for url in batch.column("url").to_pylist()]


def ended(journal: Journal) -> Segment:
    segment = journal.end_segment()
    assert segment is not None
    return segment


def test_rows_come_back_in_order(journal: Journal) -> None:
    journal.add([row(1), row(2)])
    journal.add([row(3)])
    assert urls_in(ended(journal)) == [f"http://a.test/{n}" for n in (1, 2, 3)]
    assert journal.end_segment() is None


def test_a_row_that_was_there_is_not_added_again(journal: Journal) -> None:
    assert journal.add([row(1), row(2), row(2)]).known == 1
    segment = ended(journal)
    journal.forget(segment)
    assert journal.add([row(2), row(3)]).known == 1
    assert urls_in(ended(journal)) == ["http://a.test/3"]


def test_a_killed_process_leaves_its_rows_and_their_keys(journal: Journal, tmp_path: Path) -> None:
    journal.add([row(1)])
    again = reopened(journal, tmp_path)
    (left,) = again.leftovers()
    assert urls_in(left) == ["http://a.test/1"]
    assert again.add([row(1)]).known == 1
    again.forget(left)
    assert again.leftovers() == []
    again.close()


def test_what_was_appended_and_not_committed_does_not_count(
    journal: Journal, tmp_path: Path
) -> None:
    journal.add([row(1)])
    (path,) = tmp_path.glob("*.rows")
    with path.open("ab") as file:
        file.write(b"a batch that was cut")
    again = reopened(journal, tmp_path)
    (left,) = again.leftovers()
    assert urls_in(left) == ["http://a.test/1"]
    again.close()


def test_a_segment_without_a_committed_row_is_removed(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "0-never.rows").write_bytes(b"")
    assert journal.leftovers() == []
    assert not list(tmp_path.glob("*.rows"))


def test_the_segment_of_a_living_process_is_left_alone(journal: Journal, tmp_path: Path) -> None:
    journal.add([row(1)])
    other = Journal(tmp_path, URL)
    other.open()
    assert other.leftovers() == []
    assert other.add([row(1), row(2)]).known == 1  # of whichever process
    other.close()
    assert urls_in(ended(journal)) == ["http://a.test/1"]


def test_a_bad_row_is_rejected_alone_and_may_come_again(journal: Journal) -> None:
    bad = row(2, depth="none")
    added = journal.add([row(1), bad, row(3)])
    assert list(added.rejected) == [1]
    assert "none" in added.rejected[1]
    assert journal.add([row(2)]).known == 0
    assert urls_in(ended(journal)) == [f"http://a.test/{n}" for n in (1, 3, 2)]


def test_the_next_generation_of_a_job_may_have_every_row_again(
    journal: Journal, tmp_path: Path
) -> None:
    journal.add([row(1), row(2)])
    assert journal.add([row(1, generation=2)]).known == 0
    keys = journal._connection().execute("SELECT count(*) FROM keys").fetchone()
    assert keys == (1,), "the keys of a generation that has ended go"
    assert reopened(journal, tmp_path).add([row(1, generation=2)]).known == 1


def test_a_full_disk_is_an_error_and_the_row_may_come_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.add([row(1)])
    write = os.pwrite

    def half(descriptor: int, data: Any, offset: int) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:-50], offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", half)
        with pytest.raises(StoreError, match=r"PARQUET_JOURNAL.*No space left"):
            journal.add([row(2)])
    assert journal.add([row(2)]).known == 0
    assert urls_in(ended(journal)) == ["http://a.test/1", "http://a.test/2"]


def test_a_journal_of_another_folder_is_refused(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has rows for file:///somewhere"):
        Journal(tmp_path, "s3://bucket").open()
