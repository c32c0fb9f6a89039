"""The sink: rows are in files soon, once, and wait in the journal if files cannot be written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import NotStored, StoreError
from crawlproj.parquet import sink as sinks
from crawlproj.parquet.config import ParquetConfig
from crawlproj.parquet.folders import LocalFolder
from crawlproj.parquet.sink import Sink
from tests.frontier.helpers import run
from tests.parquet.helpers import row, urls
from tests.waiting import until_async

if TYPE_CHECKING:
    from pathlib import Path


class Away(LocalFolder):
    """A folder that cannot be written while ``away``."""

    away = True

    def put(self, name: str, data: Any) -> None:
        if self.away:
            raise OSError(None, "the bucket is away")
        super().put(name, data)


class Made:
    """A sink over ``folder``, and what it said."""

    def __init__(self, path: Path, folder: LocalFolder | None = None, **config: Any) -> None:
        self.failures: list[str] = []
        journal = path / ".journal"
        journal.mkdir(exist_ok=True)
        options = {"interval_s": 600.0, "segment_bytes": 2**20, **config}
        self.sink = Sink(
            ParquetConfig(str(path), journal, **options),
            folder or LocalFolder(path),
            self.failures.append,
        )


def test_rows_are_in_files_when_it_is_closed(tmp_path: Path) -> None:
    made = Made(tmp_path)

    async def scenario() -> str:
        await made.sink.open()
        await asyncio.gather(*(made.sink.put(row(n)) for n in (1, 2, 2)))
        assert urls(tmp_path) == []
        return await made.sink.close()

    assert run(scenario()) == ""
    assert urls(tmp_path) == ["http://a.test/1", "http://a.test/2"]
    counts = made.sink.counts
    assert (counts.rows, counts.files, counts.known) == (2, 1, 1)
    assert counts.bytes > 0
    assert not list((tmp_path / ".journal").glob("*.rows"))


def test_rows_are_in_files_an_interval_later(tmp_path: Path) -> None:
    made = Made(tmp_path, interval_s=0.1)

    async def scenario() -> None:
        await made.sink.open()
        await made.sink.put(row(1))
        await until_async(lambda: urls(tmp_path) == ["http://a.test/1"])
        await made.sink.put(row(2))
        await until_async(lambda: len(urls(tmp_path)) == 2)
        await made.sink.close()

    run(scenario())
    assert made.sink.counts.files == 2


def test_a_full_segment_becomes_files_before_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "_MAX_LOOK_S", 0.05)
    made = Made(tmp_path)

    async def scenario() -> None:
        await made.sink.open()
        await made.sink.put(row(1, title="x" * 2**20))
        await until_async(lambda: urls(tmp_path) == ["http://a.test/1"])
        await made.sink.close()

    run(scenario())


def test_rows_wait_while_the_folder_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Away(tmp_path)
    made = Made(tmp_path, folder, interval_s=0.1)

    async def scenario() -> None:
        await made.sink.open()
        await made.sink.put(row(1))
        await until_async(lambda: "the bucket is away" in caplog.text)
        await made.sink.put(row(2))
        folder.away = False
        await until_async(lambda: len(urls(tmp_path)) == 2)
        await made.sink.close()

    run(scenario())
    assert made.failures == []
    assert caplog.text.count("the bucket is away") == 1


def test_it_fails_if_the_folder_stays_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_GIVE_UP_S", 0.1)
    made = Made(tmp_path, Away(tmp_path), interval_s=0.1)

    async def scenario() -> str:
        await made.sink.open()
        await made.sink.put(row(1))
        await until_async(lambda: bool(made.failures))
        with pytest.raises(NotStored, match="the bucket is away"):
            await made.sink.put(row(2))
        return await made.sink.close()

    assert run(scenario()) == ""
    assert len(made.failures) == 1
    assert "the bucket is away" in made.failures[0]
    again = Made(tmp_path)

    async def next_run() -> None:
        await again.sink.open()
        await again.sink.put(row(1))
        await again.sink.put(row(2))
        assert await again.sink.close() == ""

    run(next_run())
    assert urls(tmp_path) == ["http://a.test/1", "http://a.test/2"]


def test_rows_that_could_not_be_written_at_the_end_are_written_by_the_next_run(
    tmp_path: Path,
) -> None:
    first, second = Made(tmp_path, Away(tmp_path)), Made(tmp_path)

    async def scenario() -> str:
        await first.sink.open()
        await first.sink.put(row(1))
        wrong = await first.sink.close()
        await second.sink.open()
        await until_async(lambda: urls(tmp_path) == ["http://a.test/1"])
        await second.sink.close()
        return wrong

    assert "the bucket is away" in run(scenario())


def test_a_worker_takes_over_what_another_left(tmp_path: Path) -> None:
    dead, alive = Made(tmp_path), Made(tmp_path)

    async def scenario() -> None:
        await alive.sink.open()
        await dead.sink.open()
        await dead.sink.put(row(1))
        dead.sink._journal.close()  # as the kernel closes the files of a killed process
        await alive.sink.put(row(1))
        assert await alive.sink.close() == ""

    run(scenario())
    assert urls(tmp_path) == ["http://a.test/1"]
    assert alive.sink.counts.known == 1


def test_a_row_that_cannot_be_written_fails_alone(tmp_path: Path) -> None:
    made = Made(tmp_path)

    async def scenario() -> None:
        await made.sink.open()
        good, bad = made.sink.put(row(1)), made.sink.put(row(2, depth="deep"))
        await good
        with pytest.raises(ValueError, match="deep"):
            await bad
        await made.sink.close()

    run(scenario())
    assert urls(tmp_path) == ["http://a.test/1"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = Made(tmp_path, LocalFolder(tmp_path / "file" / "folder"))
    with pytest.raises(StoreError, match=r"PARQUET_URL.*cannot be written"):
        run(made.sink.open())
    run(made.sink.close())
