"""Moves a queue of scrapy-redis to a frontier, and marks URLs as done there."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, State
from crawlproj.scrapy_redis.stored_requests import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from crawlproj.frontier.base import Entry, Frontier
    from crawlproj.scrapy_redis.queue import RequestQueue
    from crawlproj.scrapy_redis.stored_requests import RequestReader

_BATCH = 500
_LEASE_S = 600.0
_PER_SITE = 1_000_000  # no limit: nothing is fetched
_SEARCHED, _EXCERPT = 4096, 60  # bytes of a payload


@dataclass(slots=True)
class Moved:
    """How many requests were new to the frontier, known to it, and refused.

    refused: number by reason. examples: a URL or an excerpt of one such request by reason.
    """

    new: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of requests."""
        return self.new + self.known + self.refused.total()

    def add(self, part: Moved) -> None:
        """Add the counts of ``part``; earlier examples stay."""
        self.new += part.new
        self.known += part.known
        self.refused += part.refused
        self.examples = part.examples | self.examples


async def move(
    queue: RequestQueue, frontier: Frontier | None, reader: RequestReader, *, delete: bool
) -> AsyncIterator[Moved]:
    """Move the queue in batches; yields the result of each.

    frontier: None to count only.
    delete: whether to remove moved requests from the queue.
    """
    start = 0
    while batch := await queue.read(start, _BATCH):
        moved, entries = Moved(), {}
        for payload, priority in batch:
            try:
                entries[payload] = reader.entry(payload, priority)
            except Refused as exc:
                moved.refused[str(exc)] += 1
                moved.examples.setdefault(str(exc), _excerpt(payload))
        accepted = len(batch) - moved.refused.total()
        moved.new = accepted
        if frontier is not None:
            moved.new = (await frontier.write(list(entries.values()), [])).new
        moved.known = accepted - moved.new
        start += len(batch)
        if delete:
            await queue.remove([payload for payload, _ in batch if payload in entries])
            start -= accepted
        yield moved


async def mark_done(frontier: Frontier, done: Iterable[Entry]) -> tuple[int, int]:
    """Put ``done`` and ack them; returns how many there are, and how many of them were new.

    An entry that is already pending stays pending, because a worker may be about to fetch it.
    """
    number, total, remaining = 0, 0, iter(done)
    while batch := list(islice(remaining, _BATCH)):
        number += len(batch)
        keys = {entry.key for entry in batch}
        left = (await frontier.write(batch, [])).new
        while left > 0 and (
            leases := await frontier.claim(_BATCH, per_site=_PER_SITE, resting={}, lease_s=_LEASE_S)
        ):
            # Leases of other entries go back when the frontier is closed.
            acks = [Ack(lease.id, State.DONE) for lease in leases if lease.entry.key in keys]
            await frontier.write([], acks)
            left -= len(acks)
            total += len(acks)
    return number, total


def _excerpt(payload: bytes) -> str:
    """Return the URL in ``payload``, which pickles and JSON spell out, else its first bytes."""
    if url := re.search(rb"https?://[^\x00-\x20\"\x7f-\xff]+", payload[:_SEARCHED]):
        return url[0].decode()
    return repr(payload[:_EXCERPT])[2:-1] + ("…" if len(payload) > _EXCERPT else "")
