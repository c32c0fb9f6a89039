"""A frontier that can be asked synchronously.

Scrapy asks its scheduler synchronously, but a frontier answers later. So leases are fetched ahead
of need into a *buffer*, and entries and acks wait in an *outbox* that is written in batches. One
task, the *pump*, does both; nothing here blocks.

When what is durable: a lease's children and its ack are in the same outbox, children first, and a
round of the pump writes the whole outbox in one ``Frontier.write``. If the process is killed before
that, the lease goes back and the page is fetched again. No acked page is missing its children.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State, Totals
from crawlproj.scheduling.claims import Claims
from crawlproj.scheduling.handover import Handover
from crawlproj.scheduling.held_leases import HeldLeases
from crawlproj.scheduling.lease_buffer import LeaseBuffer
from crawlproj.scheduling.outbox import Outbox
from crawlproj.scheduling.pump import Pump
from crawlproj.scheduling.seed_gate import SeedGate
from crawlproj.scheduling.site_notes import SiteNotes
from crawlproj.scheduling.trap_notes import TrapNotes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from crawlproj.frontier.base import Clock, Entry, Frontier, Lease, News, Opened
    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.buffer_config import BufferConfig
    from crawlproj.scheduling.handover import OnGained
    from crawlproj.scheduling.lease_buffer import Handout


class BufferedFrontier:
    """Hands out leases with permits at once; what is put and acked is written later.

    buffer: the leases that wait for a permit. outbox: what waits to be written.
    held: the leases that this worker has, in the buffer or handed out.
    claims: when leases are claimed.
    unwanted: how many pending entries the crawl does not wait for.
    seeds: open while the outbox is short and few entries are pending.
    on_change: called when leases have arrived, a site is ready or nothing is left: ask again.
    on_failure: called once, when the frontier has failed for good; nothing is written after that.
    on_forgotten: called when the frontier may have forgotten its last moments. Entries put then are
        put again; but those not put, because the frontier knew them, may have to be put now.
    on_lost: called with the ids of leases that another worker may have now: their requests must
        neither start nor stay in flight.
    delay_of: seconds between two starts at a site, for a site whose last start is unknown.
    sift: acks claimed leases for which nothing is to be fetched, and returns the others.
    """

    def __init__(
        self,
        frontier: Frontier,
        permits: Permits,
        clock: Clock,
        config: BufferConfig,
        *,
        on_change: Callable[[], None],
        on_failure: Callable[[FrontierError], None],
        on_forgotten: Callable[[], None],
        on_lost: Callable[[Collection[int]], None],
        delay_of: Callable[[str], float],
        sift: Callable[[list[Lease]], list[Lease]] = list,
    ) -> None:
        self.permits = permits
        self.totals = Totals()  # as of the last round
        self.unwanted = 0
        self._frontier = frontier
        self._clock = clock
        self._config = config
        self._on_change = on_change
        self._on_failure = on_failure
        self._on_forgotten = on_forgotten
        self._sift = sift
        self.outbox = Outbox(frontier, clock)
        self._asked: Counter[str] = Counter()  # permits handed out, by the site of their lease
        self.buffer = LeaseBuffer(permits, clock)
        self.held = HeldLeases(frontier, self.buffer, clock, config.lease_s, on_lost)
        self._notes = SiteNotes(frontier, permits, every_s=config.notes_s)
        self._handover = Handover(frontier, permits, self.buffer, self._notes, clock, delay_of)
        self.seeds = SeedGate(self._crowded)
        self._pump = Pump(
            self._round,
            patience_s=self._patience_s,
            has_work=lambda: bool(self.buffer),
            batch_s=config.batch_s,
            on_change=on_change,
            on_failure=self._failed,
        )
        self.claims = Claims(
            frontier,
            permits,
            self.buffer,
            clock,
            config,
            ask=self._pump.ask,
            on_change=on_change,
        )

    async def open(
        self,
        job: str,
        *,
        reset: bool = False,
        reopen: bool = False,
        traps: dict[str, str] | None = None,
        on_gained: OnGained | None = None,
    ) -> Opened:
        """Open the frontier and start the pump. Raises what ``Frontier.open`` raises.

        traps: those that were found, and will be; others of the generation are added. on_gained: as
        in Handover.
        """
        opened = await self._frontier.open(job, reset=reset, reopen=reopen)
        if traps is not None:
            self._notes.traps = TrapNotes(traps, job, opened.generation)
        self._handover.on_gained = on_gained
        self.totals = await self._frontier.totals()
        await self._notes.recall()
        self.held.open()
        self._pump.start()
        return opened

    def put(self, entry: Entry) -> None:
        """Put ``entry`` in the next round."""
        self.outbox.put(entry)
        self._pump.ask()

    def ack(self, ack: Ack, site: str) -> None:
        """Apply ``ack``, of a lease of ``site``, in the next round."""
        # If all leases of the site were out, it then has room for more.
        self.outbox.ack([ack], promising=ack.state is State.PENDING or self.claims.low(site))
        if self.outbox.acks >= self._config.batch:
            self._pump.hurry()
        self._pump.ask()

    def next(self) -> Handout | None:
        """Return a lease with a permit of its site; None if no site has both."""
        if not self.held.valid:
            return None
        handout = self.buffer.next()
        if not self.buffer:
            self._pump.hurry()
        if handout is None:
            if self.buffer.has_blocked:
                self.claims.set_alarms()
            return None
        self._asked[site := handout.lease.entry.site] += 1
        if self.claims.low(site):
            self.claims.hungry = True
            if self.totals.pending or self._frontier.shared:
                self._pump.ask()
        return handout

    def release(self, site: str, permit: Permit, ending: Ending) -> None:
        """Give back a permit of ``site``, with how its request ended."""
        self.permits.give_back(permit, ending)
        self._asked[site] -= 1
        if not self._asked[site]:
            del self._asked[site]
        self.claims.given_back(site)

    def look_again(self) -> None:
        """Sift the buffer again and claim again: what may start, or is wanted, has changed."""
        kept = {lease.id for lease in self._sift(list(self.buffer))}
        self.buffer.drop({lease.id for lease in self.buffer} - kept)
        self.buffer.retry()
        self.claims.want()
        self._on_change()

    @property
    def pending(self) -> bool:
        """Whether anything may still come out of ``next``."""
        # Other workers may put entries as long as they hold leases.
        others = self._frontier.shared and self.totals.leased > len(self.held)
        some = self._pump.busy or self.buffer or self.totals.pending > self.unwanted or others
        return bool(some) and not self._pump.failed

    @property
    def outstanding(self) -> int:
        """How many leases were handed out and have no durable ack: a crash fetches them again."""
        return len(self.held) - len(self.buffer)

    async def flushed(self) -> None:
        """Wait until everything put so far is durable. Raises FrontierError if it never will be."""
        if not self._pump.started:
            raise FrontierError("the frontier is not open: call open() first")
        self._pump.ask()
        await self.outbox.flushed()

    async def close(self, *, finish: bool, skip_rest: str = "") -> bool:
        """Write the outbox and give all leases back. Returns whether the generation is finished.

        finish: mark the generation finished if nothing is pending or leased.
        skip_rest: the reason for which what is pending or in the buffer is skipped; "" leaves it.
        """
        self.seeds.close()
        self._frontier.hurry()
        self.claims.close()
        await self._pump.stop()
        self.held.close()
        try:
            if not self._pump.started or self._pump.failed:
                return False
            if skip_rest:
                self.outbox.ack(Ack(lease.id, State.SKIPPED, skip_rest) for lease in self.buffer)
            await self.outbox.write()
            if self._frontier.take_news().forgotten:
                self.outbox.put_again()
                await self.outbox.write()
            await self._notes.write()
            if skip_rest:
                await self._frontier.skip_pending(skip_rest)
            self.totals = await self._frontier.totals()
            return finish and await self._finish()
        finally:
            self.outbox.close()
            await self._frontier.close()

    async def _finish(self) -> bool:
        if self.totals.pending or self.totals.leased:
            return False
        try:
            await self._frontier.finish()
        except FrontierError:
            if not self._frontier.shared:
                raise
            return False  # other workers have put something in the meantime and go on
        return True

    def _crowded(self) -> bool:
        unwritten = self.outbox.entries
        pending = self.totals.pending + unwritten
        return unwritten >= self._config.outbox or pending >= self._config.max_pending

    def _patience_s(self) -> float:
        """Return after how long leases are renewed, or others' entries looked for."""
        patience_s = max(0.0, self.held.renew_at - self._clock())
        if self._frontier.shared:
            poll_s = self._config.poll_s
            patience_s = min(patience_s, 4 * poll_s if self.buffer else poll_s)
        return patience_s

    def _failed(self, error: FrontierError) -> None:
        self.seeds.close()
        self.outbox.close()
        self._on_failure(error)

    async def _round(self, *, asked: bool) -> bool:
        self.claims.hungry |= self._frontier.shared and not asked
        sent = await self.outbox.write()
        self.claims.hungry |= sent.promising
        self.held.remove(ack.lease_id for ack in sent.acks)
        claimed, now = False, self._clock()
        if now >= self.held.renew_at:
            if await self.held.renew():
                self.claims.hungry = True
            await self._frontier.reap()
        await self._notes.write_if_due(now)
        self.totals = await self._frontier.totals()
        self.outbox.writing = 0  # the totals include them now
        if self.claims.hungry and (self.totals.pending or self._frontier.shared):
            claimed = await self._claim()
        if self._frontier.shared:
            news = await self._heed()
            self.outbox.ack(await self._handover.cede(news.surplus, self.held.sites, self._asked))
            if self.outbox.acks:
                self._pump.ask()
        self.seeds.update()
        return claimed or bool(sent)

    async def _claim(self) -> bool:
        if (limit := self.claims.room()) <= 0:
            return False
        leases = await self.claims.claim(limit, self._handover.resting())
        await self._heed()  # before any request of a gained site can start
        self.held.add(leases)
        self.buffer.add(self._sift(leases))
        self.totals = await self._frontier.totals()
        await self.claims.await_next()
        return bool(leases)

    async def _heed(self) -> News:
        """Act on the news from a shared frontier's server, and return it."""
        news = self._frontier.take_news()
        if news.forgotten:
            self.held.doubt()
            self.outbox.put_again()
            self._pump.ask()
            self._on_forgotten()
        await self._handover.gain(news)
        self.claims.hungry |= news.waiting
        return news
