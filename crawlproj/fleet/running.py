"""Runs a fleet from its lock to its summary."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Protocol

from crawlproj.errors import FrontierError, StoreError
from crawlproj.fleet.lock import take_lock
from crawlproj.fleet.quarantine import REASON, Quarantine
from crawlproj.fleet.recovery import Recovery
from crawlproj.fleet.server import EmbeddedRedis
from crawlproj.fleet.supervisor import Supervisor
from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.reasons import nothing_reached
from crawlproj.stop_signals import StopSignals
from crawlproj.store.base import Row
from crawlproj.store.url import store_from_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from crawlproj.fleet.config import FleetConfig
    from crawlproj.fleet.screen import Screen

logger = logging.getLogger(__name__)

# On top of the grace, for the workers of a killed supervisor to end.
_LOCK_AFTER_GRACE_S = 3.0
_DISCARD_S = 30.0  # a job not deleted by then is deleted when it is next started over


class Server(Protocol):
    """Serves the fleet's store and frontier beside it. Methods block."""

    def start(self, frontier_url: str) -> None:
        """Start it; returns when it listens. Raises ConfigError."""

    def stop(self) -> None:
        """End it, if it was started."""


class FleetRun:
    """One run of a fleet of ``n`` workers.

    command: returns the command line of a worker with these settings.
    store_url: the store that receives failures; "" for none. beside: runs as long as the workers.
    stopped: whether a signal stopped it.
    """

    def __init__(
        self,
        config: FleetConfig,
        n: int,
        command: Callable[[Mapping[str, str]], Sequence[str]],
        screen: Screen,
        store_url: str,
        beside: Server | None = None,
    ) -> None:
        self.stopped = False
        self._stops = StopSignals()
        self._config = config
        self._n = n
        self._command = command
        self._screen = screen
        self._store_url = store_url
        self._beside = beside
        self._supervisor: Supervisor | None = None
        self._main: asyncio.Task[int] | None = None

    async def run(self) -> int:
        """Run to the end; returns 0 if the job was finished or stopped, 1 if it could not be done.

        Raises ConfigError or FrontierError before any worker is started.
        """
        loop = asyncio.get_running_loop()
        for how in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(how, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        self._main = asyncio.create_task(self._run())
        try:
            return await self._main
        except asyncio.CancelledError:
            return 0  # a signal came before there were workers

    async def _run(self) -> int:
        config = self._config
        config.folder.mkdir(parents=True, exist_ok=True)
        other = f"set FLEET_DIR to a folder other than {config.folder}"
        ours = take_lock(
            config.folder / "lock", 0, f"another fleet is working on this job: stop it, or {other}"
        )
        try:
            # Workers inherit this lock: a killed supervisor's is free once they have ended.
            workers = await asyncio.to_thread(
                take_lock,
                config.folder / "workers.lock",
                config.limits.grace_s + _LOCK_AFTER_GRACE_S,
                f"the workers of a killed supervisor are still running: kill them, or {other}",
            )
            try:
                async with self._redis() as redis, self._served(redis):
                    admin = RedisAdmin(redis, config.job)
                    try:
                        return await self._supervise(admin, redis, workers)
                    finally:
                        await admin.close()
            finally:
                os.close(workers)
        finally:
            os.close(ours)

    @contextlib.asynccontextmanager
    async def _redis(self) -> AsyncIterator[RedisConfig]:
        """Yield how to reach Redis; if no server is given, run one meanwhile."""
        if self._config.redis is not None:
            yield self._config.redis
            return
        server = EmbeddedRedis(self._config.folder / "redis")
        try:
            # In a thread: loading a large file takes a while, and signals must still be handled.
            await asyncio.to_thread(server.start)
            yield RedisConfig(server.url)
        finally:
            await asyncio.to_thread(server.stop)

    @contextlib.asynccontextmanager
    async def _served(self, redis: RedisConfig) -> AsyncIterator[None]:
        if self._beside is None:
            yield
            return
        try:
            await asyncio.to_thread(self._beside.start, redis.url)
            yield
        finally:
            await asyncio.to_thread(self._beside.stop)

    async def _supervise(self, admin: RedisAdmin, redis: RedisConfig, lock: int) -> int:
        config, screen = self._config, self._screen
        opened = await admin.begin(reset=config.reset, reopen=config.reopen)
        given = {"FRONTIER_GENERATION": str(opened.generation)}
        if config.redis is None:
            given["FRONTIER_URL"] = redis.url

        def command(worker: str) -> Sequence[str]:
            return self._command({**config.worker_settings(int(worker)), **given})

        supervisor = self._supervisor = Supervisor(
            self._n,
            config.limits,
            folder=config.folder,
            command=command,
            # A crash in C then writes a traceback.
            env={**os.environ, "PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"},
            admin=admin,
            totals=await admin.totals(),
            recovery=Recovery(
                admin,
                Quarantine(config.folder / "killed-workers.json", opened.generation),
                self._note_failure,
            ),
            lock=lock,
            generation=opened.generation,
        )
        screen.generation = opened.generation
        with screen:
            status = await supervisor.run(lambda: screen.show(supervisor))
        finished = status == 0 and supervisor.fleet.finished
        if finished and (why := nothing_reached(await admin.totals())):
            logger.error("%s", why)
            status = 1
        if not supervisor.fleet.gave_up:
            left = "drained" if supervisor.fleet.drained else "no worker is left"
            screen.summarize(supervisor, "shutdown" if self.stopped else left)
        if status == 0 and not config.keep:
            await self._discard(redis, opened.generation)
        return status

    async def _discard(self, redis: RedisConfig, generation: int) -> None:
        """Delete the generation as its last worker would: unless others still work on it."""
        logger.info("SCHEDULER_PERSIST is False: deleting the job, unless others work on it")
        frontier = RedisFrontier(redis, generation=generation, keep=False)
        try:
            async with asyncio.timeout(_DISCARD_S):
                await frontier.open(self._config.job)
                await frontier.close()
        except (FrontierError, TimeoutError) as exc:
            logger.error("The job was not deleted: %s", str(exc) or "Redis is too slow")

    def _on_stop(self) -> None:
        if not self._stops.take():
            return
        self.stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()
        elif self._main is not None:
            self._main.cancel()

    def _on_hangup(self) -> None:
        if self._screen.is_gone():
            logger.info("The terminal was closed")
            self._on_stop()
        elif self._supervisor is not None:
            self._supervisor.roll()

    async def _note_failure(self, url: str, detail: str) -> None:
        """Write a failure to the store, where workers write the others."""
        if not self._store_url:
            return
        store = store_from_url(self._store_url)
        row = {"url": url, "reason": REASON, "detail": detail, "failed_at": time.time()}
        try:
            await store.open()
            await store.write([Row("failures", row)])
        except StoreError as exc:
            logger.error("Cannot add %s to the table of failures: %s", url, exc)
        finally:
            await store.close()
