"""Runs a fleet from its lock to its summary."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from typing import TYPE_CHECKING

from crawlproj.errors import FrontierError, StoreError
from crawlproj.fleet.aftermath import Aftermath
from crawlproj.fleet.lock import take_lock
from crawlproj.fleet.quarantine import REASON, Quarantine
from crawlproj.fleet.server import EmbeddedRedis
from crawlproj.fleet.supervisor import Supervisor
from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.store.base import Row
from crawlproj.store.url import store_from_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from crawlproj.fleet.config import FleetConfig
    from crawlproj.fleet.screen import Screen

logger = logging.getLogger(__name__)

# More than workers of a supervisor that was killed take to end, once they are told.
_LOCK_AFTER_GRACE_S = 3.0
_DISCARD_S = 30.0  # what is not deleted by then is when the job is begun anew


class FleetRun:
    """One run of a fleet of ``n`` workers.

    command: the command line of a worker that is told these settings.
    store_url: where failures go; "" for nowhere.
    stopped: by a signal.
    """

    def __init__(
        self,
        config: FleetConfig,
        n: int,
        command: Callable[[Mapping[str, str]], Sequence[str]],
        screen: Screen,
        store_url: str,
    ) -> None:
        self.stopped = False
        self._config = config
        self._n = n
        self._command = command
        self._screen = screen
        self._store_url = store_url
        self._supervisor: Supervisor | None = None
        self._main: asyncio.Task[int] | None = None

    async def run(self) -> int:
        """Return the exit status: 0 done or stopped in order, 1 it could not be.

        Raises ConfigError and FrontierError, before there are workers.
        """
        loop = asyncio.get_running_loop()
        for how in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(how, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        self._main = asyncio.create_task(self._run())
        try:
            return await self._main
        except asyncio.CancelledError:
            return 0  # a signal before there were workers

    async def _run(self) -> int:
        config = self._config
        config.folder.mkdir(parents=True, exist_ok=True)
        other = f"set FLEET_DIR to another folder than {config.folder}"
        ours = take_lock(
            config.folder / "lock", 0, f"a fleet works on this job: stop it, or {other}"
        )
        try:
            # Theirs, too: it is free when those of a supervisor that was killed are gone.
            workers = await asyncio.to_thread(
                take_lock,
                config.folder / "workers.lock",
                config.limits.grace_s + _LOCK_AFTER_GRACE_S,
                f"workers of a supervisor that was killed do not end: kill them, or {other}",
            )
            try:
                async with self._redis() as redis:
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
        """Give the way to the Redis; one of our own runs meanwhile, if there is no other."""
        if self._config.redis is not None:
            yield self._config.redis
            return
        server = EmbeddedRedis(self._config.folder / "redis")
        try:
            # A large file takes a while to be read, and signals must be heard.
            await asyncio.to_thread(server.start)
            yield RedisConfig(server.url)
        finally:
            await asyncio.to_thread(server.stop)

    async def _supervise(self, admin: RedisAdmin, redis: RedisConfig, lock: int) -> int:
        config, screen = self._config, self._screen
        opened = await admin.begin(reset=config.reset)
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
            # A crash in C says where it was.
            env={**os.environ, "PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"},
            admin=admin,
            totals=await admin.totals(),
            aftermath=Aftermath(
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
        if not supervisor.fleet.gave_up:
            screen.summarize(supervisor, "shutdown" if self.stopped else "no worker is left")
        if status == 0 and not config.keep:
            await self._discard(redis, opened.generation)
        return status

    async def _discard(self, redis: RedisConfig, generation: int) -> None:
        """Delete the generation, unless others work on it: as their last worker does."""
        logger.info("SCHEDULER_PERSIST is False: the job is deleted, unless others work on it")
        frontier = RedisFrontier(redis, generation=generation, keep=False)
        try:
            async with asyncio.timeout(_DISCARD_S):
                await frontier.open(self._config.job)
                await frontier.close()
        except (FrontierError, TimeoutError) as exc:
            logger.error("It is not deleted: %s", str(exc) or "the server is too slow")

    def _on_stop(self) -> None:
        self.stopped = True
        if self._supervisor is not None:
            self._supervisor.stop()
        elif self._main is not None:
            self._main.cancel()

    def _on_hangup(self) -> None:
        if self._screen.is_gone():
            logger.info("The terminal is gone")
            self._on_stop()
        elif self._supervisor is not None:
            self._supervisor.roll()

    async def _note_failure(self, url: str, detail: str) -> None:
        """Let the store have it with the other failures, which workers write."""
        if not self._store_url:
            return
        store = store_from_url(self._store_url)
        row = {"url": url, "reason": REASON, "detail": detail, "failed_at": time.time()}
        try:
            await store.open()
            await store.write([Row("failures", row)])
        except StoreError as exc:
            logger.error("Not in the store's failures: %s: %s", url, exc)
        finally:
            await store.close()
