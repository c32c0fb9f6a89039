"""Takes rows, makes them durable in batches, and turns them into Parquet files now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from crawlproj.errors import NotStored, StoreError
from crawlproj.parquet.journal import Journal
from crawlproj.parquet.rolling import roll
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.parquet.config import ParquetConfig
    from crawlproj.parquet.folders import Folder
    from crawlproj.parquet.rows import Row
    from crawlproj.parquet.segment import Segment

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
# Rows share a commit: so many, or those that come within this time.
_BATCH, _GATHER_S = 32, 0.05
_MAX_LOOK_S = 5.0  # how often it looks whether files are due
_GIVE_UP_S = 600.0  # rows gather for that long if no file can be written


@dataclass(slots=True)
class Counts:
    """The work of this process: rows in files, files, their bytes, and rows that were known."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    known: int = 0


class Sink:
    """Writes rows to the Parquet files of ``folder``, each once.

    A row whose ``put`` has ended survives a SIGKILL, and is in a file PARQUET_INTERVAL later, or
    when the sink is closed. If the folder cannot be written, the rows wait in the journal.

    on_failure: called once, with what is wrong, if nothing more can be written. on_files: called
        when there are more files; ``counts`` says how many.
    """

    def __init__(
        self,
        config: ParquetConfig,
        folder: Folder,
        on_failure: Callable[[str], None],
        on_files: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts = Counts()
        self._config = config
        self._folder = folder
        self._on_failure = on_failure
        self._on_files = on_files
        self._journal = Journal(config.journal, config.url)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parquet")
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._ended: list[Segment] = []  # they wait for their files
        self._writer: asyncio.Task[None] | None = None
        self._roller: asyncio.Task[None] | None = None
        self._full, self._closing = asyncio.Event(), asyncio.Event()
        self._failed = ""
        self._began_at = self._failing_since = 0.0

    async def open(self) -> None:
        """Open journal and folder. Raises StoreError if one of them cannot be written."""
        try:
            await asyncio.to_thread(self._folder.open)
        except (OSError, ValueError) as exc:
            raise StoreError(f"PARQUET_URL: {self._config.url} cannot be written: {exc}") from exc
        await self._in_thread(self._journal.open)
        self._ended = await self._in_thread(self._journal.leftovers)
        self._roller = asyncio.create_task(self._roll_when_due())

    def put(self, row: Row) -> asyncio.Future[None]:
        """Write ``row``; the future ends when it is durable.

        Its exceptions are ValueError if the row cannot be written, and NotStored.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._failed:
            done.set_exception(NotStored(self._failed))
            return done
        self._waiting.append((row, done))
        if len(self._waiting) >= _BATCH:
            self._full.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return done

    async def close(self) -> str:
        """Write what waits. Returns why that failed; "" if it did not, or was reported."""
        self._closing.set()
        for task in (self._writer, self._roller):
            if task is not None:
                await asyncio.wait({task})
        wrong = ""
        if not self._failed:
            try:
                await self._end_segment()
                await self._write_files()
            except (StoreError, OSError) as exc:
                wrong = str(exc)
        await self._in_thread(self._journal.close)
        self._thread.shutdown(wait=False)
        for segment in self._ended:
            segment.close()
        return wrong

    async def _write(self) -> None:
        try:
            while self._waiting:
                await set_within(self._full, _GATHER_S)
                self._full.clear()
                batch, self._waiting = self._waiting, []
                rows = [row for row, _ in batch]
                try:
                    added = await self._in_thread(lambda rows=rows: self._journal.add(rows))  # type: ignore[misc]
                except Exception as exc:
                    if not isinstance(exc, StoreError):
                        logger.exception("Unexpected error in the journal")
                    self._waiting[:0] = batch
                    self._fail(str(exc))
                    return
                self._began_at = self._began_at or time.monotonic()
                self.counts.known += added.known
                for index, (_, done) in enumerate(batch):
                    if done.cancelled():
                        continue
                    if index in added.rejected:
                        done.set_exception(ValueError(added.rejected[index]))
                    else:
                        done.set_result(None)
        finally:
            self._writer = None

    async def _roll_when_due(self) -> None:
        look_s = pause_s = min(self._config.interval_s / 2, _MAX_LOOK_S)
        while not self._closing.is_set():
            try:
                if self._is_due():
                    await self._end_segment()
                await self._write_files()
                pause_s, self._failing_since = look_s, 0.0
            except OSError as exc:
                if not self._failing_since:
                    self._failing_since = time.monotonic()
                    logger.warning("Rows gather in %s: %s", self._config.journal, exc)
                if time.monotonic() - self._failing_since > _GIVE_UP_S:
                    self._fail(str(exc))
                    return
                pause_s = min(2 * pause_s, 60.0)
            except Exception as exc:
                if not isinstance(exc, StoreError):
                    logger.exception("Unexpected error in making Parquet files")
                self._fail(str(exc))
                return
            await set_within(self._closing, pause_s)

    def _is_due(self) -> bool:
        waited_s = time.monotonic() - self._began_at if self._began_at else 0.0
        full = self._journal.segment_size >= self._config.segment_bytes
        return full or waited_s >= self._config.interval_s

    async def _end_segment(self) -> None:
        segment = await self._in_thread(self._journal.end_segment)
        self._began_at = 0.0
        if segment is not None:
            self._ended.append(segment)
        self._ended += await self._in_thread(self._journal.leftovers)  # of workers that died

    async def _write_files(self) -> None:
        """Raises OSError naming the folder, and StoreError if the journal fails."""
        while self._ended:
            segment = self._ended[0]
            try:
                rolled = await asyncio.to_thread(roll, segment, self._folder)
            except OSError as exc:
                raise OSError(
                    f"PARQUET_URL: {self._config.url} cannot be written ({exc.strerror or exc})"
                ) from exc
            await self._in_thread(lambda segment=segment: self._journal.forget(segment))  # type: ignore[misc]
            del self._ended[0]
            self.counts.rows += rolled.rows
            self.counts.files += rolled.files
            self.counts.bytes += rolled.size
            self._on_files()

    def _fail(self, wrong: str) -> None:
        if not self._failed:
            self._failed = wrong
            self._on_failure(wrong)
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            if not done.cancelled():
                done.set_exception(NotStored(wrong))

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)
