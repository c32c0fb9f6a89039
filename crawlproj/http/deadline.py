"""One download's time limit, and the handle by which it can be cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadTimeoutError

from crawlproj.http.wire import shown

if TYPE_CHECKING:
    from types import TracebackType


class Deadline:
    """Context manager: ends its body with DownloadTimeoutError after ``timeout_s`` seconds.

    ``cancel()`` ends it early. Works as asyncio.timeout() does (the
    task is cancelled, and uncancelled on the way out), so a cancellation from elsewhere passes
    through.
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
        others_cancel = self._task.uncancel() > self._cancelling
        if exc_type is asyncio.CancelledError and not others_cancel:
            raise self._error from exc

    def cancel(self, error: Exception) -> None:
        """End the body with ``error``. Does nothing once it is ending."""
        if self._error is None:
            self._error = error
            self._task.cancel()

    def _expire(self) -> None:
        self.cancel(
            DownloadTimeoutError(
                f"Getting {shown(self._url)} took longer than {self._timeout_s} seconds."
            )
        )
