"""Puts and acks that wait to be written to a frontier, in one step."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawlproj.frontier.base import Ack, Clock, Entry, Frontier

# For which a shared frontier's server may forget what it has acknowledged: its disk has a second,
# twice that while it is slow, and a replica that takes over is as far behind.
_FORGETTABLE_S = 4.0


@dataclass(frozen=True, slots=True)
class Sent:
    """What was written. promising: whether the frontier may have more to claim for it."""

    entries: Sequence[Entry]
    acks: Sequence[Ack]
    promising: bool

    def __bool__(self) -> bool:
        return bool(self.entries or self.acks)


class Outbox:
    """What is put while a write is under way goes with the next one.

    clock: for what was written lately, which a shared frontier may forget; see ``put_again``.
    writing: entries of the latest write; whoever counts what is pending sets it to 0.
    stale: acks that came too late, of all writes.
    """

    def __init__(self, frontier: Frontier, clock: Clock) -> None:
        self._clock = clock
        self._written: deque[tuple[float, Sequence[Entry]]] = deque()
        self.writing = 0
        self.stale = 0
        self._frontier = frontier
        self._entries: list[Entry] = []
        self._acks: list[Ack] = []
        self._promising = False
        self._flushed: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def entries(self) -> int:
        """Entries that wait or are being written."""
        return len(self._entries) + self.writing

    @property
    def acks(self) -> int:
        """Acks that wait."""
        return len(self._acks)

    def put(self, entry: Entry) -> None:
        """Write ``entry`` with the next write."""
        self._entries.append(entry)
        self._promising = True

    def ack(self, acks: Iterable[Ack], *, promising: bool = False) -> None:
        """Write ``acks`` with the next write, after the entries that were put before.

        promising: whether the frontier may have more to claim then.
        """
        self._acks += acks
        self._promising |= promising

    def put_again(self) -> None:
        """Put what was written lately once more: the frontier may have forgotten it.

        What a page led to comes back with the page, but nothing leads to a seed. What the frontier
        still knows does not change by that.
        """
        for _, entries in self._written:
            self._entries += entries
        self._promising |= bool(self._written)

    async def write(self) -> Sent:
        """Write all; what fails stays. Raises FrontierError."""
        sent = Sent(self._entries, self._acks, self._promising)
        flushed, self._flushed = self._flushed, []
        self._entries, self._acks, self._promising = [], [], False
        self.writing = len(sent.entries)
        written = Written()
        if sent:
            try:
                written = await self._frontier.write(sent.entries, sent.acks)
            except FrontierError:
                self._entries[:0], self._acks[:0] = sent.entries, sent.acks
                self._flushed[:0] = flushed
                raise
        self.stale += written.stale
        if self._frontier.shared and sent.entries:
            now = self._clock()
            self._written.append((now, sent.entries))
            while self._written[0][0] < now - _FORGETTABLE_S:
                self._written.popleft()
        for waiting in flushed:
            if not waiting.done():
                waiting.set_result(None)
        return sent

    async def flushed(self) -> None:
        """Wait until everything that is in it is written; FrontierError if it will not be."""
        if self._closed:
            if self._entries or self._acks:
                raise FrontierError("the frontier was closed before all was written")
            return
        done = asyncio.get_running_loop().create_future()
        self._flushed.append(done)
        await done

    def close(self) -> None:
        """Tell those who wait in ``flushed`` that nothing is written any more."""
        self._closed = True
        for waiting in self._flushed:
            if not waiting.done():
                waiting.set_exception(FrontierError("the frontier ended before all was written"))
        self._flushed.clear()
