"""Entries and acks that wait to be written to a frontier in one step."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crawlproj.frontier.base import Ack, Clock, Entry, Frontier

# How far back a shared frontier's server may forget what it has acknowledged: its disk is up to a
# second behind, twice that while it is slow, and a replica that takes over is as far behind again.
_FORGETTABLE_S = 4.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The writes that were made.

    promising: whether the frontier may have more to claim because of it.
    """

    entries: Sequence[Entry]
    acks: Sequence[Ack]
    promising: bool

    def __bool__(self) -> bool:
        return bool(self.entries or self.acks)


class Outbox:
    """Collects entries and acks; those that come during a write go with the next one.

    clock: dates what was written lately, which a shared frontier may forget; see ``put_again``.
    writing: entries of the latest write; whoever counts pending entries resets it to 0.
    on_written: called with the result of each write, and how many of its entries the frontier knew.
    """

    def __init__(self, frontier: Frontier, clock: Clock) -> None:
        self._clock = clock
        self._written: deque[tuple[float, Sequence[Entry]]] = deque()
        self.writing = 0
        self._repeated = 0  # entries that are put again
        self.on_written: Callable[[Written, int], None] = lambda _written, _known: None
        self._frontier = frontier
        self._entries: list[Entry] = []
        self._acks: list[Ack] = []
        self._promising = False
        self._flushed: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def entries(self) -> int:
        """How many entries wait or are being written."""
        return len(self._entries) + self.writing

    @property
    def acks(self) -> int:
        """How many acks wait."""
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
        """Put what was written lately again, because the frontier may have forgotten it.

        The links of a page come back with the page, but nothing leads to a seed. Entries that the
        frontier still knows do not change.
        """
        for _, entries in self._written:
            self._entries += entries
            self._repeated += len(entries)
        self._promising |= bool(self._written)

    async def write(self) -> Sent:
        """Write everything; what fails stays. Raises FrontierError."""
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
        self.on_written(written, max(0, len(sent.entries) - written.new - self._repeated))
        self._repeated = 0
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
        """Wait until everything in it is written. Raises FrontierError if it never will be."""
        if self._closed:
            if self._entries or self._acks:
                raise FrontierError("the frontier was closed before all was written")
            return
        done = asyncio.get_running_loop().create_future()
        self._flushed.append(done)
        await done

    def close(self) -> None:
        """End every wait in ``flushed`` with FrontierError: nothing more is written."""
        self._closed = True
        for waiting in self._flushed:
            if not waiting.done():
                waiting.set_exception(FrontierError("the frontier ended before all was written"))
        self._flushed.clear()
