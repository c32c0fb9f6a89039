"""What a Redis frontier's answers and keys say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import State, Totals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from crawlproj.frontier.redis.server import RedisServer

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Standing:
    """How the job and one worker of it stand.

    now: the server's clock. next_due: when the first delayed entry is due; 0: none is delayed. In
        microseconds.
    counts: as ``totals`` reads them.
    waiting: sites the worker could claim of. surplus: sites it should leave to workers that have
        nothing to do.
    """

    now: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    next_due: int = 0
    waiting: int = 0
    surplus: int = 0

    def totals(self) -> Totals:
        """Return the job's counts."""
        return totals_of(self.counts)


def standing(state: Sequence[Any]) -> Standing:
    """Return what the scripts' ``state()`` says."""
    now, counts, next_due, waiting, surplus = state
    return Standing(
        int(now),
        counts_of(counts),
        int(next_due or 0),
        int(waiting),
        int(surplus),
    )


def counts_of(flat: Sequence[bytes]) -> dict[str, int]:
    """Return the ``count`` hash, which Lua gives as a flat list."""
    return {name.decode(): int(value) for name, value in zip(flat[::2], flat[1::2], strict=True)}


def totals_of(counts: Mapping[str, int]) -> Totals:
    """Return the totals in a ``count`` hash."""
    totals = Totals(counts.get("pending", 0), counts.get("leased", 0), counts.get("done", 0))
    for name, number in counts.items():
        if name.startswith("f:"):
            totals.failed[name[2:]] = number
        elif name.startswith("s:"):
            totals.skipped[name[2:]] = number
    return totals


async def totals_by_site(server: RedisServer, generation: str) -> dict[str, Totals]:
    """Return the counts of the generation whose keys begin with ``generation``, by site.

    It scans; entries that move meanwhile may be counted twice or not at all.
    """
    found: dict[str, Totals] = {}

    def of(site: bytes) -> Totals:
        return found.setdefault(site.decode(), Totals())

    async for name, number in _scan(server, "hscan", f"{generation}ends"):
        outcome, _, site = name.partition(b"\0")
        state, _, reason = outcome.decode().partition(":")
        match State(int(state)):
            case State.DONE:
                of(site).done = int(number)
            case State.FAILED:
                of(site).failed[reason] = int(number)
            case _:
                of(site).skipped[reason] = int(number)
    async for _, pack in _scan(server, "hscan", f"{generation}ldata"):
        of(pack.partition(b"\0")[0]).leased += 1
    async for _, pack in _scan(server, "hscan", f"{generation}ddata"):
        of(pack.partition(b"\0")[0]).pending += 1
    sites = await sites_of(server, generation)
    for at in range(0, len(sites), _BATCH):
        batch = sites[at : at + _BATCH]
        queues = await _queues(server, generation, batch)
        lengths = await _pipelined(server, "llen", [queue for _, queue in queues])
        for (site, _), length in zip(queues, lengths, strict=True):
            of(site).pending += length
    return found


async def sites_of(server: RedisServer, generation: str) -> list[bytes]:
    """Return the sites that ever had an entry."""
    return [site async for site, _ in _scan(server, "sscan", f"{generation}sites")]


async def forget(server: RedisServer, prefix: str) -> None:
    """Delete the generations of a job that were left behind, in small steps."""
    for number in await server.ask(lambda: server.redis.smembers(f"{prefix}old")):
        await _forget(server, f"{prefix}{number.decode()}:")
        await server.ask(lambda: server.redis.srem(f"{prefix}old", number))  # noqa: B023


async def _forget(server: RedisServer, generation: str) -> None:
    redis = server.redis
    sites = await sites_of(server, generation)
    for at in range(0, len(sites), _BATCH):
        batch = sites[at : at + _BATCH]
        queues = [queue for _, queue in await _queues(server, generation, batch)]
        await _unlink(server, queues)
        await _unlink(server, [f"{generation}p:{site.decode()}" for site in batch])
    level, split = await server.ask(lambda: redis.hmget(f"{generation}count", "level", "split"))
    buckets = 2 ** int(level or 0) + int(split or 0)
    await _unlink(server, [f"{generation}seen:{number}" for number in range(buckets)])
    owners = await server.ask(lambda: redis.zrange(f"{generation}owners", 0, -1))
    await _unlink(
        server,
        [
            f"{generation}{kind}:{name.decode()}"
            for name in owners
            for kind in ("r", "o", "n", "got")
        ],
    )
    await _unlink(server, [f"{generation}{name}" for name in _FIXED])


_FIXED = (
    "delayed", "ddata", "lease", "ldata", "ends", "owners", "own", "rest", "ready",
    "hungry", "last", "sites", "count",
)  # fmt: skip


async def _queues(
    server: RedisServer, generation: str, sites: Sequence[bytes]
) -> list[tuple[bytes, str]]:
    """Return the queues of ``sites`` that have work."""
    priorities = await _pipelined(
        server, "zrange", [f"{generation}p:{site.decode()}" for site in sites], 0, -1
    )
    return [
        (site, f"{generation}q:{priority.decode()}:{site.decode()}")
        for site, of_site in zip(sites, priorities, strict=True)
        for priority in of_site
    ]


async def _pipelined(
    server: RedisServer, command: str, keys: Sequence[str], *args: int
) -> list[Any]:
    async def send() -> list[Any]:
        pipe = server.redis.pipeline(transaction=False)
        for key in keys:
            getattr(pipe, command)(key, *args)
        return list(await pipe.execute())

    found: list[Any] = await server.ask(send) if keys else []
    return found


async def _unlink(server: RedisServer, keys: Sequence[str]) -> None:
    for at in range(0, len(keys), _BATCH):
        await server.ask(lambda: server.redis.unlink(*keys[at : at + _BATCH]))  # noqa: B023


async def _scan(server: RedisServer, command: str, key: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """Yield names and values of a hash, or members of a set with b""."""
    cursor = 0
    while True:
        position = cursor
        cursor, page = await server.ask(
            lambda: getattr(server.redis, command)(key, position, count=_BATCH)  # noqa: B023
        )
        for item in page.items() if isinstance(page, dict) else ((member, b"") for member in page):
            yield item
        if cursor == 0:
            return
