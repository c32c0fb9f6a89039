"""Reads the job's log of commands every second, and lets the crawl obey it.

A command of another process, here or on another machine, reaches the crawl only through its
frontier: the crawler listens on no port.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Protocol

from crawlproj.cancelling import end
from crawlproj.errors import FrontierError, NotStored
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Result, Verb
from crawlproj.limits.paused import PausedSites
from crawlproj.plural import counted
from crawlproj.scheduling.changes import Changes
from crawlproj.scheduling.serialize import depth_of
from crawlproj.steering.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawlproj.frontier.base import Clock, Entry, Frontier, Lease
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.books import Books
    from crawlproj.scheduling.crawl_delays import CrawlDelays
    from crawlproj.scheduling.lease_buffer import LeaseBuffer
    from crawlproj.scheduling.patience import Patience
    from crawlproj.scheduling.steered_limits import SteeredLimits

logger = logging.getLogger(__name__)

_EVERY_S = 1.0
_MAX_DRAIN_S = 60.0  # then downloads get the grace of any shutdown
_STANDING = frozenset({Verb.PAUSE, Verb.RESUME, Verb.DRAIN, Verb.LIMIT, Verb.SKIP})


class Queue(Protocol):
    """The part of BufferedFrontier that is steered."""

    unwanted: int
    buffer: LeaseBuffer

    def look_again(self) -> None:
        """Sift and claim again."""

    def ack(self, ack: Ack, site: str) -> None:
        """Apply an ack."""


class Steering:
    """Obeys the commands of a job at one worker.

    limits, permits, delays, patience, books: of the crawl.
    entry_of: builds the entry of a URL with a priority.
    idle: whether nothing is in flight and nothing waits in this process.
    end: ends this worker in order, for a reason.
    clock: the wall clock, because users mean that one by "until 15:30".

    name: of this worker, in results and in what it publishes.
    """

    def __init__(
        self,
        frontier: Frontier,
        queue: Queue,
        limits: SteeredLimits,
        permits: Permits,
        delays: CrawlDelays,
        patience: Patience,
        books: Books,
        *,
        entry_of: Callable[[str, int], Entry],
        idle: Callable[[], bool],
        end: Callable[[str], None],
        spider: object,
        clock: Clock = time.time,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._frontier = frontier
        self._queue = queue
        self._clock = clock
        self._limits = limits
        self._permits = permits
        self._delays = delays
        self._patience = patience
        self._books = books
        self._changes = Changes(frontier, books, entry_of, self.name, spider=spider)
        self._spider = spider
        self._idle = idle
        self._end = end
        self._skips: Callable[[str, str], Command | None] | None = None
        self._log: list[Command] = []  # the commands that may hold
        self._last: Command | None = None
        self._began_after = self._generation = 0
        self._waits: Callable[[str], bool] | None = None
        self._ending = self._complained = False
        self._end_by = inf  # by the loop's clock
        self._task: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        """The commands that hold."""
        return self._limits.standing

    async def begin(self, generation: int) -> None:
        """Obey what was commanded before, and go on looking. Raises FrontierError."""
        self._generation = generation
        await self._read()
        self._began_after = self._last.id if self._last is not None else 0
        await self._changes.begin()
        await self._obey(self._log)
        await self._apply()
        for command in (*self.standing.pauses, *self.standing.limits):
            logger.info(
                "%s by %s holds: %s",
                command.verb.capitalize(),
                command.who,
                command.data(),
                extra={"spider": self._spider},
            )
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Look no more, and let others see that this worker ends."""
        if self._task is not None:
            await end(self._task)
            self._task = None
            with suppress(FrontierError):  # it is reported elsewhere
                await self._frontier.withdraw(self.name)

    def waiting_at(self, site: str) -> int:
        """Return how many leases of ``site`` wait for a permit."""
        return self._queue.buffer.size_of(site)

    def given_up(self, site: str) -> tuple[str, float] | None:
        """Return why ``site`` is given up, and until when (unix seconds); None if it is not."""
        return self._patience.given_up(site)

    def crawl_delay_s(self, site: str) -> float:
        """Return the seconds between two starts that the robots.txt of ``site`` asks for."""
        return self._delays.asked(site)

    async def publish(self, document: str, tick: str) -> None:
        """Let others see this worker: its snapshot, and one second of it. Raises FrontierError.

        Does nothing before ``begin`` and after ``close``.
        """
        if self._task is None:
            return
        await self._frontier.publish(self.name, self._clock(), document, tick)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.look()
            except NotStored:
                return  # the crawl ends because of it, and the next run goes on with the command
            except FrontierError as exc:
                if not self._complained:
                    self._complained = True
                    logger.error(
                        "Commands are not obeyed for now: %s", exc, extra={"spider": self._spider}
                    )
            else:
                self._complained = False

    @property
    def waits(self) -> bool:
        """Whether a command is not applied yet that changes entries."""
        return bool(self._changes)

    async def look(self) -> None:
        """Read the log once, and obey what is new or has ended."""
        new = await self._read()
        self._changes.add(new)
        await self._obey(new)
        if self._changes:
            await self._apply()
        if self.standing.drains_any or self._queue.unwanted:
            await self._leave_drained()
        if self.standing.ends is not None:
            self._end_if_done(self.standing.ends)

    def _end_if_done(self, command: Command) -> None:
        now = asyncio.get_running_loop().time()
        self._end_by = min(self._end_by, now + _MAX_DRAIN_S)
        if not self._ending and (self._idle() or now >= self._end_by):
            self._ending = True
            logger.info("Drained, as %s asked", command.who, extra={"spider": self._spider})
            self._end("drained")

    async def _read(self) -> list[Command]:
        """Return the commands that are new; all, if the frontier lost the last one that was read.

        A Redis that was killed may have lost its last second, and then gives their ids again.
        """
        last = self._last
        new = await self._frontier.commands(last.id - 1 if last is not None else 0)
        if last is not None and new[:1] == [last]:
            del new[0]
        elif last is not None:
            self._last = None
            self._log.clear()
            new = await self._frontier.commands()
        if new:
            self._last = new[-1]
            self._log += (command for command in new if command.verb in _STANDING)
        return new

    async def _obey(self, new: Sequence[Command]) -> None:
        """Let the standing commands hold, if they are not the ones that held before."""
        standing = Standing.of(
            self._log,
            self._clock(),
            generation=self._generation,
            worker=self.name,
            began_after=self._began_after,
        )
        before = self.standing
        if standing.active != before.active:
            changed = self._limits.obey(standing, self._permits, self._delays)
            self._renew_paused()
            self._skips = standing.skipper()
            self._queue.unwanted = 0  # until it is counted again
            self._queue.look_again()
        else:
            changed = 0
        for command in new:
            if command.arguments.get("worker", self.name) != self.name:
                continue
            if command.verb in _STANDING and not command.changes:
                sites = counted(changed, "site")
                note = f"changes the limits of {sites} now" if changed else ""
                await self._frontier.acknowledge(
                    Result(command.id, self.name, self._clock(), note=note)
                )
            elif command.verb is Verb.REQUEUE:
                self._patience.try_again(command.selection.takes_site)

    def awaits_login(self, site: str) -> bool:
        """Whether ``site`` is paused by ``pause_for_login``."""
        return self._waits is not None and self._waits(site)

    def pause_for_login(self, waits: Callable[[str], bool] | None) -> None:
        """Start nothing at the sites that wait for a login, until the next call; None: none does.

        It comes on top of what users command.
        """
        self._waits = waits
        self._renew_paused()
        self._queue.look_again()

    def _renew_paused(self) -> None:
        standing, waits = self.standing, self._waits
        is_paused = None
        if waits is not None:

            def is_paused(site: str) -> bool:
                return waits(site) or standing.paused_by(site) is not None

        elif standing.pauses_any:

            def is_paused(site: str) -> bool:
                return standing.paused_by(site) is not None

        self._permits.paused = PausedSites(is_paused, everything=standing.pauses_all)

    async def _apply(self) -> None:
        if await self._changes.apply():
            self._queue.look_again()

    async def _leave_drained(self) -> None:
        """Count what waits at drained sites: the crawl ends without it."""
        if not self._idle():
            return
        pending = 0
        for site, totals in (await self._frontier.sites()).items():
            by = self.standing.paused_by(site)
            if by is not None and by.verb is Verb.DRAIN:
                pending += totals.pending
        if pending != self._queue.unwanted:
            self._queue.unwanted = pending
            self._queue.look_again()

    def sift(self, leases: list[Lease]) -> list[Lease]:
        """Give the leases of paused sites back, end those that are skipped; return the others."""
        paused, skips = self._permits.paused, self._skips
        if not paused and skips is None:
            return leases
        wanted = []
        for lease in leases:
            site, url = lease.entry.site, lease.entry.url
            if skips is not None and (by := skips(site, url)) is not None:
                ack = Ack(lease.id, State.SKIPPED, SKIPPED_BY_COMMAND)
                depth = depth_of(lease.entry)
                self._books.close(ack, lease.entry, detail=by.trace, depth=depth)
            elif site in paused:
                self._queue.ack(Ack(lease.id, State.PENDING, count_attempt=False), site)
            else:
                wanted.append(lease)
        return wanted
