"""A job on Redis as its supervisor sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, Opened, State, Totals
from crawlproj.frontier.job_status import JobStatus
from crawlproj.frontier.redis.answers import totals_of
from crawlproj.frontier.redis.arguments import ack_args
from crawlproj.frontier.redis.command_log import RedisLog
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.redis.keys import JOBS, prefix_of
from crawlproj.frontier.redis.scan import totals_by_site
from crawlproj.frontier.redis.server import RedisServer

if TYPE_CHECKING:
    from typing import Any

    from crawlproj.frontier.commands import Command
    from crawlproj.frontier.redis.connection import RedisConfig


class RedisAdmin:
    """Reads and repairs a job without being a worker.

    Methods raise FrontierError if the server refuses a command or does not answer for too long.
    """

    def __init__(self, config: RedisConfig, job: str) -> None:
        self._config = config
        self._job = job
        self._prefix = prefix_of(job)
        self._server = RedisServer(config, lambda: None)
        self._generation = b"0"

    async def begin(self, *, reset: bool = False, reopen: bool = False) -> Opened:
        """Continue the job's generation, or begin the next one if it has finished.

        reopen: continue one that has finished, too.
        """
        frontier = RedisFrontier(self._config)
        opened = await frontier.open(self._job, reset=reset, reopen=reopen)
        await frontier.close()
        return opened

    async def finished(self) -> bool:
        """Return whether the generation has finished; True if the job does not exist."""
        found = await self._ask("hget", f"{self._prefix}job", "finished")
        return bool(found != b"0")

    async def totals(self) -> Totals:
        """Return the counts over the job."""
        counts = await self._ask("hgetall", f"{await self._current()}count")
        return totals_of({name.decode(): int(value) for name, value in counts.items()})

    async def sites(self) -> dict[str, Totals]:
        """Return the counts by site. Scans all entries."""
        return await totals_by_site(self._server, await self._current())

    async def generation(self) -> int:
        """Return the number of the generation; 0 if the job does not exist."""
        await self._current()
        return int(self._generation)

    async def give_up(self, owner: int) -> int:
        """Return a dead worker's leases to pending at once, attempts counted; returns how many."""
        await self._current()
        return int(await self._server.run("give_up", self._prefix, self._generation, "", owner, 1))

    async def fail(self, lease_id: int, reason: str) -> bool:
        """End a leased entry as FAILED; returns False if the lease no longer exists."""
        await self._current()
        acks = ack_args([Ack(lease_id, State.FAILED, reason)], lambda _: "")
        _, stale, _ = await self._server.run(
            "write", self._prefix, self._generation, "", 0, 0, *acks
        )
        return not stale

    async def commands(self) -> list[Command]:
        """Return the log of commands, oldest first."""
        return await RedisLog(self._server, self._prefix).commands()

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
    """Return the status of every job, by name. Scans all entries."""
    found = []
    for job in await jobs(config):
        admin = RedisAdmin(config, job)
        try:
            number, finished = await admin.generation(), await admin.finished()
            totals, sites = await admin.totals(), await admin.sites()
            log = tuple(await admin.commands())
            found.append(JobStatus(job, number, finished, totals, sites, commands=log))
        finally:
            await admin.close()
    return found


async def jobs(config: RedisConfig) -> list[str]:
    """Return the names of all jobs, sorted."""
    server = RedisServer(config, lambda: None)
    try:
        found = await server.ask(lambda: server.redis.smembers(JOBS))
        return sorted(name.decode() for name in found)
    finally:
        await server.close()
