"""Base class for stores with a blocking driver: runs it on a separate thread."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from crawlproj.errors import StoreError
from crawlproj.store.base import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.store.base import Row, Stored

_T = TypeVar("_T")


class ThreadedStore(Store):
    """Runs the blocking methods of a subclass one at a time, on a thread of its own.

    Once it is closed, they raise StoreError.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._closed = False

    async def open(self) -> None:
        """Connect, and create or check the tables, on the store's thread."""
        await self._run(self._open)

    async def write(self, rows: Sequence[Row]) -> Stored:
        """Upsert ``rows`` in order, on the store's thread."""
        return await self._run(lambda: self._write(rows))

    async def count(self) -> dict[str, int]:
        """Count the rows on the store's thread."""
        return await self._run(self._count)

    async def close(self) -> None:
        """Disconnect and stop the store's thread. Does nothing if already closed."""
        if not self._closed:
            self._closed = True
            await self._on_thread(self._close)
            self._thread.shutdown(wait=False)

    async def _run(self, function: Callable[[], _T]) -> _T:
        if self._closed:
            raise StoreError("the store is closed")
        return await self._on_thread(function)

    async def _on_thread(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, function)

    @abstractmethod
    def _call(self, function: Callable[[], _T]) -> _T:
        """Call ``function``; turn the driver's errors into StoreBusy and StoreError."""

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _write(self, rows: Sequence[Row]) -> Stored: ...

    @abstractmethod
    def _count(self) -> dict[str, int]: ...

    @abstractmethod
    def _close(self) -> None: ...
