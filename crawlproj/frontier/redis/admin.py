"""A job on Redis as seen by who supervises its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, Opened, State, Totals
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.redis.acks import ack_args
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.redis.keys import JOBS, prefix_of
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.frontier.redis.view import totals_by_site, totals_of

if TYPE_CHECKING:
    from typing import Any

    from crawlproj.frontier.redis.connection import RedisConfig


class RedisAdmin:
    """Works on nothing itself. Methods raise FrontierError as a frontier's do."""

    def __init__(self, config: RedisConfig, job: str) -> None:
        self._config = config
        self._job = job
        self._prefix = prefix_of(job)
        self._server = RedisServer(config, lambda: None)
        self._generation = b"0"

    async def begin(self, *, reset: bool = False) -> Opened:
        """Go on with the job's generation, or begin the next one if that is due."""
        frontier = RedisFrontier(self._config)
        opened = await frontier.open(self._job, reset=reset)
        await frontier.close()
        return opened

    async def finished(self) -> bool:
        """Return whether the generation is finished; True if there is no such job."""
        found = await self._ask("hget", f"{self._prefix}job", "finished")
        return bool(found != b"0")

    async def totals(self) -> Totals:
        """Return the counts over the job."""
        counts = await self._ask("hgetall", f"{await self._current()}count")
        return totals_of({name.decode(): int(value) for name, value in counts.items()})

    async def sites(self) -> dict[str, Totals]:
        """Return the counts by site; it scans."""
        return await totals_by_site(self._server, await self._current())

    async def generation(self) -> int:
        """Return the number of the generation; 0 if there is no such job."""
        await self._current()
        return int(self._generation)

    async def give_up(self, owner: int) -> int:
        """Give a dead worker's leases back at once, attempts counted; returns how many."""
        await self._current()
        return int(await self._server.run("give_up", self._prefix, self._generation, "", owner, 1))

    async def fail(self, lease_id: int, reason: str) -> bool:
        """End a leased entry as failed; returns False if there is no such lease any more."""
        await self._current()
        acks = ack_args([Ack(lease_id, State.FAILED, reason)], lambda _: "")
        _, stale, _ = await self._server.run(
            "write", self._prefix, self._generation, "", 0, 0, *acks
        )
        return not stale

    async def close(self) -> None:
        """Close the connection."""
        await self._server.close()

    async def _current(self) -> str:
        found = await self._ask("hget", f"{self._prefix}job", "generation")
        self._generation = found or b"0"
        return f"{self._prefix}{self._generation.decode()}:"

    async def _ask(self, command: str, *args: str) -> Any:
        return await self._server.ask(lambda: getattr(self._server.redis, command)(*args))


async def read_status(config: RedisConfig) -> list[JobStatus]:
    """Return the jobs there are by name. Scans all sites."""
    found = []
    for job in await jobs(config):
        admin = RedisAdmin(config, job)
        try:
            number, finished = await admin.generation(), await admin.finished()
            totals, sites = await admin.totals(), await admin.sites()
            found.append(JobStatus(job, number, finished, totals, sites))
        finally:
            await admin.close()
    return found


async def jobs(config: RedisConfig) -> list[str]:
    """Return the names of the jobs there are."""
    server = RedisServer(config, lambda: None)
    try:
        found = await server.ask(lambda: server.redis.smembers(JOBS))
        return sorted(name.decode() for name in found)
    finally:
        await server.close()
