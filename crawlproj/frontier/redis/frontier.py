"""The distributed frontier: many processes work on one job in Redis or Valkey.

Every change is one script (``lua/``), which runs as a whole. So after a crash the server's
append-only file holds a prefix of what happened: if an entry is lost, so is the ack of the page
that linked to it. With ``appendfsync everysec`` a crash of the *server* may undo the last two
seconds: some pages are fetched again, but none is lost.

A worker renews its leases; once it dies, they expire. A site belongs to the worker that first
claimed from it (see ``lua/claim.lua``), so the site's limits hold over all workers.

Deadlines and delays are kept by the server's clock; ``ServerClock`` converts them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import (
    Ack,
    Clock,
    Entry,
    Frontier,
    Lease,
    News,
    Opened,
    Totals,
    Written,
)
from crawlproj.frontier.grants import Grant
from crawlproj.frontier.redis.answers import Standing, leases_in, standing
from crawlproj.frontier.redis.arguments import ack_args, entry_args, id_of, text_of
from crawlproj.frontier.redis.clock import US, ServerClock
from crawlproj.frontier.redis.durability import warn_of_forgetting
from crawlproj.frontier.redis.keys import JOBS, prefix_of
from crawlproj.frontier.redis.notes import read_notes, write_notes
from crawlproj.frontier.redis.scan import forget, sites_of, totals_by_site
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.frontier.redis.steering import RedisSteering

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from crawlproj.frontier.redis.connection import RedisConfig

_BATCH = 500  # sites skipped by one script
_DEFAULT_LEASE_S = 30.0


class RedisFrontier(RedisSteering, Frontier):
    """One worker of a job in Redis or Valkey."""

    shared = True

    def __init__(
        self,
        config: RedisConfig,
        clock: Clock | None = None,
        *,
        generation: int = 0,
        keep: bool = True,
    ) -> None:
        """Configure a worker, which connects in ``open``.

        clock: for tests: a clock that the server uses, too.
        generation: the generation to work on; 0 for the current one, or the next if it has
            finished.
        keep: whether the generation stays when its last worker closes.
        """
        self._config = config
        self._clock = ServerClock(clock)
        self._wanted = generation
        self._keep = keep
        self._server: RedisServer | None = None
        self._prefix = ""
        self._generation = 0
        self.owner = 0
        self._number = 0  # of the next lease
        self._heard = 0  # the number of the next lease when a claim was last answered
        self._standing = Standing()
        self._rests: dict[str, float] = {}  # as the server knows them
        self._news = News()

    async def open(self, job: str, *, reset: bool = False, reopen: bool = False) -> Opened:
        if self._server is None:
            self._server = RedisServer(self._config, self._on_restart)
        else:
            await self._leave()
        self._prefix = prefix_of(job)
        self.owner = secrets.randbits(31)
        self._number = self._heard = 0
        self._rests = {}
        self._news = News()
        try:
            generation, resumed, finished = await self._server.run(
                "open", self._prefix, "", self._clock.now_arg(), self.owner,
                int(_DEFAULT_LEASE_S * US), int(reset), self._wanted,
                int(reopen),
            )  # fmt: skip
            if generation < 0:
                raise FrontierError(
                    f"job {job!r} is at generation {resumed}, not {self._wanted}: another process "
                    "restarted it; unset FRONTIER_GENERATION to work on the current generation"
                )
            self._generation = generation
            redis = self._server.redis
            await self._server.ask(lambda: redis.sadd(JOBS, job))
            await forget(self._server, self._prefix)
            await self._look()
            await warn_of_forgetting(self._server)
        except BaseException:
            await self.close()
            raise
        return Opened(generation, resumed=bool(resumed), finished=bool(finished))

    @property
    def _running(self) -> RedisServer:
        if self._server is None:
            raise FrontierError("the frontier is not open: call open() first")
        return self._server

    @property
    def _keys(self) -> str:
        """The prefix of the generation's keys."""
        return f"{self._prefix}{self._generation}:"

    def take_news(self) -> News:
        news, self._news = self._news, News()
        news.waiting, news.surplus = self._standing.waiting > 0, self._standing.surplus
        return news

    def hurry(self) -> None:
        if self._server is not None:
            self._server.hurry()

    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        to_server = self._clock.to_server
        args = entry_args(entries, to_server) + ack_args(acks, to_server)
        new, stale, state = await self._run("write", *args)
        self._note_state(state)
        return Written(new, stale)

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        rests: list[str | float] = []
        now = self._clock.now()
        rests_now = {site: until for site, until in resting.items() if until > now}
        for site, until in rests_now.items():
            if self._rests.get(site) != until:
                rests += (site, self._clock.to_server(until))
        for site, until in self._rests.items():
            if until > now and site not in rests_now:
                rests += (site, 0)
        first = 0

        def claim() -> Awaitable[Any]:
            # Each try has numbers of its own: if its answer is lost it may have leased entries,
            # which the next try puts back.
            nonlocal first
            first, self._number = self._number, self._number + max(1, limit)
            return server.evaluate(
                "claim", self._prefix, *self._who(),
                int(lease_s * US), first, limit, per_site, self._heard, *rests,
            )  # fmt: skip

        server = self._running
        found, gained, state = await server.ask(claim)
        self._rests = rests_now
        self._note_state(state)
        self._note_gained(gained)
        leases = leases_in(found, self.owner, first, now + lease_s)
        self._number = self._heard = first + max(1, len(leases))
        return leases

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        ids = [text_of(lease_id) for lease_id in lease_ids]
        stale, state = await self._run("renew", int(lease_s * US), *ids)
        self._note_state(state)
        return {id_of(text) for text in stale}

    async def reap(self) -> int:
        back, state = await self._run("reap")
        self._note_state(state)
        return int(back)

    async def spare(self, number: int) -> list[str]:
        found, state = await self._run("spare", number)
        self._note_state(state)
        return [site.decode() for site in found]

    async def cede(self, sites: Mapping[str, float]) -> set[str]:
        args: list[str] = []
        for site, when in sites.items():
            args += (site, self._clock.to_server(when) or "0")
        ceded, state = await self._run("cede", *args)
        self._note_state(state)
        return {site.decode() for site in ceded}

    async def spend(self, wants: Sequence[tuple[str, int]], per_day: int) -> list[Grant]:
        args = [str(part) for want in wants for part in want]
        answers, state = await self._run("spend", per_day, *args)
        self._note_state(state)
        return [Grant(answer) for answer in answers]

    async def next_ready(self) -> float | None:
        due = self._clock.to_local(self._standing.next_due)
        if 0 < due <= self._clock.now():
            await self._look()  # that entry is due: ask for the next one
        return self._clock.to_local(self._standing.next_due) or None

    async def skip_pending(self, reason: str) -> int:
        sites = await sites_of(self._running, self._keys)
        batches = [sites[at : at + _BATCH] for at in range(0, len(sites), _BATCH)]
        skipped, delayed = 0, True
        while batches or delayed:
            found, more = await self._run("skip", reason, *(batches.pop() if batches else ()))
            skipped += found
            delayed = bool(more)
        await self._look()
        return skipped

    async def totals(self) -> Totals:
        return self._standing.totals()

    async def sites(self) -> dict[str, Totals]:
        return await totals_by_site(self._running, self._keys)

    async def note(self, notes: Mapping[str, str]) -> None:
        await write_notes(self._running, notes)

    async def notes(self, sites: Sequence[str] | None = None) -> dict[str, str]:
        return await read_notes(self._running, sites)

    async def finish(self) -> None:
        pending, leased = await self._run("finish")
        if pending or leased:
            raise FrontierError(
                f"the job cannot finish: {pending} entries are pending and {leased} leased; "
                "ack or skip them first"
            )

    async def close(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.hurry()
        try:
            if self._generation:
                await server.run("give_up", self._prefix, *self._who(), 0)
                if not self._keep and await server.run("discard", self._prefix, *self._who()):
                    await forget(server, self._prefix)
        finally:
            self._generation = 0
            await server.close()

    # Helpers

    async def _run(self, script: str, *args: str | bytes | float) -> Any:
        return await self._running.run(script, self._prefix, *self._who(), *args)

    def _who(self) -> tuple[int, str, int]:
        return self._generation, self._clock.now_arg(), self.owner

    async def _look(self) -> None:
        (state,) = await self._run("look")
        self._note_state(state)

    async def _leave(self) -> None:
        if self._generation:
            await self._run("give_up", 0)
            self._generation = 0

    def _note_gained(self, gained: Sequence[bytes]) -> None:
        for site, rest in zip(gained[::2], gained[1::2], strict=True):
            when = None if rest == b"?" else self._clock.to_local(int(rest))
            self._news.gained[site.decode()] = when

    def _note_state(self, state: Sequence[Any]) -> None:
        self._standing = standing(state)
        self._clock.follow(self._standing.now)

    def _on_restart(self) -> None:
        self._news.forgotten = True
        self._rests = {}
