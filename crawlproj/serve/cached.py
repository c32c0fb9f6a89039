"""An expensive value that many clients ask for: computed by one of them, refreshed behind them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from crawlproj.errors import CrawlprojError
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_SHARE = 100  # a crawl runs beside

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """A value, and when it was computed (on the clock of its ``Cached``)."""

    value: T
    at: float


class Cached(Generic[T]):
    """Computes a value at most every ``min_s`` seconds, and for at most one percent of the time.

    compute: may raise Problem or CrawlprojError; the value then stays what it was. clock: seconds.
    """

    def __init__(
        self, compute: Callable[[], Awaitable[T]], min_s: float, clock: Callable[[], float]
    ) -> None:
        self._compute = compute
        self._min_s = min_s
        self._clock = clock
        self._taken: Taken[T] | None = None
        self._due = float("-inf")
        self._refresh: asyncio.Task[None] | None = None

    async def get(self, patience_s: float) -> Taken[T] | None:
        """Return the value. It may be old, while a new one is computed.

        Returns None if there is none yet after ``patience_s`` seconds.
        """
        if self._refresh is None and self._clock() >= self._due:
            self._refresh = asyncio.ensure_future(self._renew())
        if self._taken is None and self._refresh is not None:
            await asyncio.wait({self._refresh}, timeout=patience_s)
        return self._taken

    async def close(self) -> None:
        """Stop computing."""
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.wait({self._refresh})

    async def _renew(self) -> None:
        began = self._clock()
        try:
            value = await self._compute()
            self._taken = Taken(value, self._clock())
        except (Problem, CrawlprojError) as exc:
            logger.info("Not refreshed: %s", exc)
        finally:
            took_s = self._clock() - began
            self._due = self._clock() + max(self._min_s, _SHARE * took_s)
            self._refresh = None
