"""Walks over all keys of a generation, in small steps: to count its entries, or to delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import State, Totals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from crawlproj.frontier.redis.server import RedisServer

_BATCH = 1000


async def totals_by_site(server: RedisServer, generation: str) -> dict[str, Totals]:
    """Return the counts by site of the generation whose keys begin with ``generation``.

    Entries that change state during the scan may be counted twice or not at all.
    """
    found: dict[str, Totals] = {}

    def of(site: bytes) -> Totals:
        return found.setdefault(site.decode(), Totals())

    async for name, number in scan(server, "hscan", f"{generation}ends"):
        outcome, _, site = name.partition(b"\0")
        state, _, reason = outcome.decode().partition(":")
        match State(int(state)):
            case State.DONE:
                of(site).done = int(number)
            case State.FAILED:
                of(site).failed[reason] = int(number)
            case _:
                of(site).skipped[reason] = int(number)
    async for _, pack in scan(server, "hscan", f"{generation}ldata"):
        of(pack.partition(b"\0")[0]).leased += 1
    async for _, pack in scan(server, "hscan", f"{generation}ddata"):
        of(pack.partition(b"\0")[0]).pending += 1
    sites = await sites_of(server, generation)
    for at in range(0, len(sites), _BATCH):
        batch = sites[at : at + _BATCH]
        queues = await queues_of(server, generation, batch)
        lengths = await _pipelined(server, "llen", [queue for _, queue in queues])
        for (site, _), length in zip(queues, lengths, strict=True):
            of(site).pending += length
    return found


async def sites_of(server: RedisServer, generation: str) -> list[bytes]:
    """Return all sites that have or had an entry."""
    return [site async for site, _ in scan(server, "sscan", f"{generation}sites")]


async def forget(server: RedisServer, prefix: str) -> None:
    """Delete a job's old generations."""
    for number in await server.ask(lambda: server.redis.smembers(f"{prefix}old")):
        await _forget(server, f"{prefix}{number.decode()}:")
        await server.ask(lambda: server.redis.srem(f"{prefix}old", number))  # noqa: B023


async def _forget(server: RedisServer, generation: str) -> None:
    redis = server.redis
    sites = await sites_of(server, generation)
    for at in range(0, len(sites), _BATCH):
        batch = sites[at : at + _BATCH]
        queues = [queue for _, queue in await queues_of(server, generation, batch)]
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
    "hungry", "last", "sites", "count", "failed",
)  # fmt: skip


async def queues_of(
    server: RedisServer, generation: str, sites: Sequence[bytes]
) -> list[tuple[bytes, str]]:
    """Return the queues of ``sites`` that hold entries, each with its site."""
    priorities = await _pipelined(
        server, "zrange", [f"{generation}p:{site.decode()}" for site in sites], 0, -1
    )
    return [
        (site, f"{generation}q:{priority.decode()}:{site.decode()}")
        for site, site_priorities in zip(sites, priorities, strict=True)
        for priority in site_priorities
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


async def scan(server: RedisServer, command: str, key: str) -> AsyncIterator[tuple[bytes, bytes]]:
    """Yield the names and values of a hash, or the members of a set, each with b""."""
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
