"""A worker's share of a shared frontier: the sites it gains, and those it leaves to others.

A site has one worker at a time, so that worker's limits are the site's limits. When a site changes
hands, two things go with it: when its next request may start, and what was learned about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, State

if TYPE_CHECKING:
    from collections.abc import Container

    from crawlproj.frontier.base import Clock, Frontier, News
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.lease_buffer import LeaseBuffer
    from crawlproj.scheduling.site_notes import SiteNotes

_LEAVING_S = 2.0  # no lease of a site that is being left is claimed for so long; renewed meanwhile
_ON_GAINED_S = 5.0  # no lease is renewed while it is awaited

OnGained = Callable[[Iterable[str]], Awaitable[None]]


class Handover:
    """Takes over the sites that this worker gains, and leaves those that others want.

    delay_of: seconds between two starts at a site, for a site whose last start is unknown.
    on_gained: awaited with the sites that are gained, for 5 s at most, before any request of theirs
    starts.
    """

    def __init__(
        self,
        frontier: Frontier,
        permits: Permits,
        buffer: LeaseBuffer,
        notes: SiteNotes,
        clock: Clock,
        delay_of: Callable[[str], float],
    ) -> None:
        self._frontier = frontier
        self._permits = permits
        self._buffer = buffer
        self._notes = notes
        self._clock = clock
        self._delay_of = delay_of
        self.on_gained: OnGained | None = None
        self._leaving: set[str] = set()  # sites to cede once nothing is in flight there
        self._left: set[str] = set()  # sites that were ceded while leases of them were out

    def resting(self) -> dict[str, float]:
        """Return the sites that are being left, or paused, until when none of them is claimed."""
        now = self._clock()
        return self._permits.paused.rests(now) | dict.fromkeys(self._leaving, now + _LEAVING_S)

    async def gain(self, news: News) -> None:
        """Let the sites that another worker had begin where it left off."""
        if not news.gained:
            return
        self._left -= news.gained.keys()
        learned = await self._notes.recall(list(news.gained))
        if self.on_gained is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ON_GAINED_S):
                    await self.on_gained(news.gained)
        now = self._clock()
        for site, ready_at in news.gained.items():
            # Its robots.txt, which this worker has not read yet, may ask for a delay.
            asked_s = learned[site].delay_s if site in learned else 0.0
            delay_s = max(self._delay_of(site), asked_s)
            until = now + delay_s if ready_at is None else ready_at
            if until > now:
                self._permits.rest_until(site, until)
            if ready_at is None:
                # Its worker may be suspended, and the site still busy with what it sent.
                self._permits.begin_carefully(site)

    async def cede(self, surplus: int, held: Iterable[str], asked: Container[str]) -> list[Ack]:
        """Leave ``surplus`` sites to workers that have nothing to do. Returns acks to write.

        Sites with no leases go first. The others give their waiting leases back at once, and go
        when the last of their requests is answered; its page may still be parsed here.

        held: the site of each lease of this worker. asked: the sites with requests in flight.
        """
        if not surplus:
            self._leaving.clear()  # no worker wants them any more
            return []
        acks: list[Ack] = []
        wanted = surplus - len(self._leaving)
        if wanted > 0:
            spare = await self._frontier.spare(wanted)
            leased = dict.fromkeys(held)
            self._left &= leased.keys()
            others = [site for site in leased if site not in self._leaving | self._left]
            for site in [*spare, *others][:wanted]:
                self._leaving.add(site)
                back = self._buffer.remove(site)
                acks += [Ack(lease.id, State.PENDING, count_attempt=False) for lease in back]
        free = {site: self._permits.ready_at(site) for site in self._leaving if site not in asked}
        if free:
            await self._notes.write()
            self._left |= await self._frontier.cede(free)
            self._leaving -= free.keys()  # a site that nobody took stays with this worker
        return acks
