"""The time limit of one download, which can also be cancelled."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadTimeoutError

from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Deadline:
    """Context manager whose body raises DownloadTimeoutError after ``timeout_s`` seconds.

    ``cancel()`` ends the body early. Like asyncio.timeout(), it cancels the task and uncancels it
    on exit, so a cancellation from elsewhere still propagates.
    """

    __slots__ = ("_cancelling", "_error", "_task", "_timeout_s", "_timer", "_url")

    def __init__(self, timeout_s: float, url: str) -> None:
        self._timeout_s = timeout_s
        self._url = url
        self._error: Exception | None = None

    def __enter__(self) -> Deadline:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError(
                "downloads must run inside an asyncio task; "
                "await them through scrapy.utils.defer.deferred_from_coro()"
            )
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = task.get_loop().call_later(self._timeout_s, self._expire)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._error is None:
            return
        cancelled_elsewhere = self._task.uncancel() > self._cancelling
        if exc_type is asyncio.CancelledError and not cancelled_elsewhere:
            raise self._error from exc

    def cancel(self, error: Exception) -> None:
        """End the body with ``error``, unless it is already ending."""
        if self._error is None:
            self._error = error
            self._task.cancel()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock for as long as the context lasts."""
        left_s = self._timer.when() - self._task.get_loop().time()
        self._timer.cancel()
        try:
            yield
        finally:
            self._timer = self._task.get_loop().call_later(max(0.0, left_s), self._expire)

    def _expire(self) -> None:
        url = without_credentials(self._url)
        self.cancel(
            DownloadTimeoutError(f"Getting {url} took longer than {self._timeout_s} seconds.")
        )
