"""Bounds the memory that large bodies take, over all downloads of a crawl."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, finalize

from crawlproj.config import integer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from scrapy import Request
    from scrapy.crawler import Crawler

SMALL_BYTES = 128 * 1024
"""Smaller bodies are not counted, and cost nothing here."""

_DEFAULT_BYTES = 64 * 1024 * 1024
# How long the bodies that are being handled may keep one waiting whose turn it is. Their callbacks
# may wait for that very download.
_PATIENCE_S = 5.0


class MemoryBudget:
    """MEMORY_BUDGET: bytes that bodies of more than 128 KiB may have, all together; 0: no limit.

    A body counts from its first byte until its request is done with. When the budget is used up,
    the body that was begun first is received to its end, and the others wait. So there is always
    progress, and at most one body is beyond the budget.

    used: bytes that count now. handled: those of them that have been received.
    receiving: the bodies that are being received, in the order in which they were begun.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.used = 0
        self.handled = 0
        self.receiving: dict[Share, None] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self._held: dict[int, list[Share]] = {}  # received bodies by the id of their Request

    @classmethod
    def of(cls, crawler: Crawler) -> MemoryBudget:
        """Return the crawler's budget. Raises ConfigError if MEMORY_BUDGET is wrong."""
        budget = _BUDGETS.get(crawler)
        if budget is None:
            max_bytes = integer(crawler.settings, "MEMORY_BUDGET", _DEFAULT_BYTES)
            budget = _BUDGETS[crawler] = cls(max_bytes)
        return budget

    @property
    def full(self) -> bool:
        """Whether no more may be received."""
        return 0 < self._max_bytes < self.used

    def hold(self, request: Request, size: int) -> None:
        """Count a body of ``size`` bytes that exists already, until ``request`` is done with."""
        if size > SMALL_BYTES:
            share = Share(self, nullcontext)
            share.add(size)
            share.hand_over(request)

    def done_with(self, request: Request) -> None:
        """Count the bodies of ``request`` no longer: its callback and pipelines have ended."""
        if self._held:
            self._end(id(request))

    def keep(self, share: Share, request: Request) -> None:
        """Count ``share``, which has been received, until ``request`` is done with.

        A request that never ends, such as one of a media pipeline, is done with once it is gone.
        """
        self._held.setdefault(id(request), []).append(share)
        finalize(request, self._end, id(request)).atexit = False

    def _end(self, number: int) -> None:
        for share in self._held.pop(number, ()):
            share.release()

    def may_go_on(self, share: Share) -> bool:
        """Whether the body of ``share`` may be received further now."""
        first = next(iter(self.receiving), share)
        return not self.full or (first is share and not self.handled)

    async def changed(self) -> None:
        """Wait until some body counts no longer, or has been received."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def wake(self) -> None:
        """Let those that wait look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


class Share:
    """The share of the budget that one body takes.

    paused: returns a context manager that is entered while the body has to wait.
    size: bytes.
    """

    __slots__ = ("_budget", "_insists", "_paused", "_received", "size")

    def __init__(
        self, budget: MemoryBudget, paused: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._budget = budget
        self._paused = paused
        self._received = False
        self._insists = False  # it has waited for others long enough
        self.size = 0

    def add(self, count: int) -> None:
        """Count ``count`` more bytes."""
        budget = self._budget
        self.size += count
        budget.used += count
        if not self._received:
            budget.receiving.setdefault(self)

    async def room(self) -> None:
        """Wait until more may be received."""
        budget = self._budget
        if budget.may_go_on(self) or (self._insists and self._is_first()):
            return
        with self._paused():
            while not budget.may_go_on(self):
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        await budget.changed()
                except TimeoutError:
                    if self._is_first():
                        self._insists = True
                        return

    def _is_first(self) -> bool:
        return next(iter(self._budget.receiving), self) is self

    def hand_over(self, request: Request) -> None:
        """Note that the body has been received; release it when ``request`` is done with."""
        if self.size:
            self._budget.receiving.pop(self, None)
            self._received = True
            self._budget.handled += self.size
            self._budget.keep(self, request)
            self._budget.wake()

    def release(self) -> None:
        """Count the body no longer."""
        budget = self._budget
        budget.used -= self.size
        if self._received:
            budget.handled -= self.size
        budget.receiving.pop(self, None)
        self.size = 0
        budget.wake()


_BUDGETS: WeakKeyDictionary[Crawler, MemoryBudget] = WeakKeyDictionary()
