"""A store whose driver blocks: on a thread of its own."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from crawlproj.store.base import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.store.base import Row, Stored

_T = TypeVar("_T")


class ThreadedStore(Store):
    """Runs the blocking methods that a backend defines, one at a time, off the event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._closed = False

    async def open(self) -> None:
        """See Store.open."""
        await self._run(self._open)

    async def write(self, rows: Sequence[Row]) -> Stored:
        """See Store.write."""
        return await self._run(lambda: self._write(rows))

    async def count(self) -> dict[str, int]:
        """See Store.count."""
        return await self._run(self._count)

    async def close(self) -> None:
        """See Store.close."""
        if not self._closed:
            self._closed = True
            await self._run(self._close)
            self._thread.shutdown(wait=False)

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._guarded, function
        )

    @abstractmethod
    def _guarded(self, function: Callable[[], _T]) -> _T:
        """Call ``function``; turns the driver's errors into StoreBusy and StoreError."""

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _write(self, rows: Sequence[Row]) -> Stored: ...

    @abstractmethod
    def _count(self) -> dict[str, int]: ...

    @abstractmethod
    def _close(self) -> None: ...
