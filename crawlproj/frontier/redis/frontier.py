"""The distributed frontier: one job on Redis or Valkey, worked on by many processes.

Every change is one script that runs whole (``lua/``), so what the server's append-only file has
after a crash is a prefix of what happened: if an entry is gone, so is the ack of the page that
linked to it. With ``appendfsync everysec`` a crash of the *server* may undo the last two seconds:
pages are fetched again, none is lost.

A worker's leases are renewed while it lives and expire when it does not. A site belongs to the
worker that first claimed of it (see ``lua/claim.lua``), so its limits hold over all workers.

Times are the server's. The worker's clock is only used to say them in its own terms.
"""

from __future__ import annotations

import secrets
import time
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
from crawlproj.frontier.redis.acks import ack_args, id_of, lease_id_of, text_of
from crawlproj.frontier.redis.keys import JOBS, prefix_of
from crawlproj.frontier.redis.notes import read_notes, write_notes
from crawlproj.frontier.redis.rows import pack, unpack
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.frontier.redis.view import Standing, forget, sites_of, standing, totals_by_site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from crawlproj.frontier.redis.connection import RedisConfig

_US = 1e6
_BATCH = 500  # sites skipped by one script
_DEFAULT_LEASE_S = 30.0
_NEVER = 4e9  # the year 2096: microseconds must stay below 2^53


class RedisFrontier(Frontier):
    """See the module docstring."""

    shared = True

    def __init__(
        self,
        config: RedisConfig,
        clock: Clock | None = None,
        *,
        generation: int = 0,
        keep: bool = True,
    ) -> None:
        """Connects to nothing before ``open``.

        clock: for tests; it is then the server's, too.
        generation: the one to work on; 0 for the one that is due.
        keep: False: delete the generation when its last worker closes.
        """
        self._config = config
        self._clock = clock or time.time
        self._server_clock = clock is None
        self._wanted = generation
        self._keep = keep
        self._server: RedisServer | None = None
        self._prefix = ""
        self._generation = 0
        self.owner = 0
        self._number = 0  # of the next lease
        self._heard = 0  # the number after the last claim's that was answered
        self._standing = Standing()
        self._ahead_s = 0.0  # the server's clock before ours
        self._rests: dict[str, float] = {}  # as the server was told
        self._news = News()

    async def open(self, job: str, *, reset: bool = False) -> Opened:
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
                "open", self._prefix, "", self._now(), self.owner,
                int(_DEFAULT_LEASE_S * _US), int(reset), self._wanted,
            )  # fmt: skip
            if generation < 0:
                raise FrontierError(
                    f"job {job!r} is at generation {resumed}, not {self._wanted}: another process "
                    "began it anew; unset FRONTIER_GENERATION to work on what there is"
                )
            self._generation = generation
            redis = self._server.redis
            await self._server.ask(lambda: redis.sadd(JOBS, job))
            await forget(self._server, self._prefix)
            await self._look()
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
        """What the keys of the generation begin with."""
        return f"{self._prefix}{self._generation}:"

    def take_news(self) -> News:
        news, self._news = self._news, News()
        news.waiting, news.surplus = self._standing.waiting > 0, self._standing.surplus
        return news

    def hurry(self) -> None:
        if self._server is not None:
            self._server.hurry()

    async def write(self, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        groups: dict[tuple[str, int], list[Entry]] = {}
        unique: dict[int, Entry] = {}
        for entry in entries:
            unique.setdefault(entry.key, entry)  # grouped, the first of a key might not stay first
        for entry in unique.values():
            groups.setdefault((entry.site, entry.priority), []).append(entry)
        args: list[str | bytes | float] = [len(groups)]
        for (site, priority), of_site in groups.items():
            args += (site, priority, len(of_site))
            for entry in of_site:
                args += (entry.key, pack(entry), self._until(entry.not_before))
        args += ack_args(acks, self._until)
        new, stale, state = await self._run("write", *args)
        self._note_state(state)
        return Written(new, stale)

    async def claim(
        self, limit: int, *, per_site: int, resting: Mapping[str, float], lease_s: float
    ) -> list[Lease]:
        rests: list[str | float] = []
        now = self._clock()
        rests_now = {site: until for site, until in resting.items() if until > now}
        for site, until in rests_now.items():
            if self._rests.get(site) != until:
                rests += (site, self._until(until))
        for site, until in self._rests.items():
            if until > now and site not in rests_now:
                rests += (site, 0)
        first = 0

        def claim() -> Awaitable[Any]:
            # Numbers of its own for each try: one whose answer got lost may have leased entries,
            # which the next one gives back.
            nonlocal first
            first, self._number = self._number, self._number + max(1, limit)
            return server.evaluate(
                "claim", self._prefix, *self._who(),
                int(lease_s * _US), first, limit, per_site, self._heard, *rests,
            )  # fmt: skip

        server = self._running
        found, gained, state = await server.ask(claim)
        self._rests = rests_now
        self._note_state(state)
        self._note_gained(gained)
        deadline = now + lease_s
        leases: list[Lease] = []
        at = 0
        while at < len(found):
            site, count = found[at].decode(), int(found[at + 1])
            at += 2
            for _ in range(count):
                entry, attempts = unpack(site, int(found[at]), found[at + 1])
                lease_id = lease_id_of(self.owner, first + len(leases))
                leases.append(Lease(lease_id, entry, attempts, deadline))
                at += 2
        self._number = self._heard = first + max(1, len(leases))
        return leases

    async def renew(self, lease_ids: Sequence[int], *, lease_s: float) -> set[int]:
        ids = [text_of(lease_id) for lease_id in lease_ids]
        stale, state = await self._run("renew", int(lease_s * _US), *ids)
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
            args += (site, self._until(when) or "0")
        left, state = await self._run("cede", *args)
        self._note_state(state)
        return {site.decode() for site in left}

    async def next_ready(self) -> float | None:
        if 0 < self._standing.next_due <= (self._clock() + self._ahead_s) * _US:
            await self._look()  # that one is due: which is the next?
        return self._local(self._standing.next_due) or None

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
        return self._generation, self._now(), self.owner

    async def _look(self) -> None:
        (state,) = await self._run("look")
        self._note_state(state)

    async def _leave(self) -> None:
        if self._generation:
            await self._run("give_up", 0)
            self._generation = 0

    def _note_gained(self, gained: Sequence[bytes]) -> None:
        for site, rest in zip(gained[::2], gained[1::2], strict=True):
            when = None if rest == b"?" else self._local(int(rest))
            self._news.gained[site.decode()] = when

    def _note_state(self, state: Sequence[Any]) -> None:
        self._standing = standing(state)
        if self._server_clock:
            self._ahead_s = self._standing.now / _US - self._clock()

    def _now(self) -> str:
        """Return what the scripts take for now: "" is the server's clock."""
        return "" if self._server_clock else str(int(self._clock() * _US))

    def _until(self, when: float) -> str:
        """Return a time of ours in the server's microseconds; "" for 0."""
        if not when:
            return ""
        return str(int((min(when, _NEVER) + self._ahead_s) * _US))

    def _local(self, us: int) -> float:
        return us / _US - self._ahead_s if us else 0.0

    def _on_restart(self) -> None:
        self._news.forgotten = True
        self._rests = {}
