"""Runs commands and scripts on a Redis server, and waits while it does not answer."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import cache
from importlib.resources import files
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, cast

from redis import exceptions as redis_errors

from crawlproj.errors import FrontierError
from crawlproj.frontier.redis.errors import (
    is_answer,
    is_lost_connection,
    is_of_other_shard,
    is_refusal,
    is_superseded,
    is_transient,
    is_unknown_certificate,
    message_of,
)
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection
    from redis.commands.core import AsyncScript

    from crawlproj.frontier.redis.connection import RedisConfig
    from crawlproj.frontier.redis.pool import RenewedPool

logger = logging.getLogger(__name__)

_MIN_WAIT_S, _MAX_WAIT_S = 0.05, 2.0
_HURRY_S = 3.0
_FIRST_ANSWER_S = 20.0  # a server that never answered may not exist


@cache
def _source(name: str) -> str:
    folder = files("crawlproj.frontier.redis").joinpath("lua")
    return (folder / "common.lua").read_text() + (folder / f"{name}.lua").read_text()


class RedisServer:
    """A connection that repeats a command until the server answers.

    name: its masked URL.
    on_restart: called when a new server process answers: it may have lost the last writes.
    """

    def __init__(self, config: RedisConfig, on_restart: Callable[[], None]) -> None:
        self.redis: Redis = config.client(self._connected)
        self._pool = cast("RenewedPool", self.redis.connection_pool)
        self.name = config.masked
        self._on_restart = on_restart
        self._scripts: dict[str, AsyncScript] = {}
        self._hurry = asyncio.Event()
        self._give_up_at = time.monotonic() + _FIRST_ANSWER_S  # until the first answer
        self._run_id = ""  # of the server process that answered last
        self._identified = False  # whether this connection is known to reach that process
        self._connections = count()
        self._waiting = 0  # commands that are sent again

    async def run(self, script: str, prefix: str, *args: str | bytes | float) -> Any:
        """Run ``lua/<script>.lua`` on the keys that begin with ``prefix``, as ``ask`` does."""
        return await self.ask(lambda: self.evaluate(script, prefix, *args))

    def evaluate(self, script: str, prefix: str, *args: str | bytes | float) -> Awaitable[Any]:
        """Run ``lua/<script>.lua`` once, without retries and with the client's errors."""
        if script not in self._scripts:
            self._scripts[script] = self.redis.register_script(_source(script))
        return self._scripts[script](keys=[prefix], args=list(args))

    async def ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """Return the answer to ``command``, which is sent again while the server does not answer.

        The command may therefore run twice, if only its first answer was lost.

        Raises FrontierError if the server refuses the command, if it has not answered within 20 s
        of the start, or if it does not answer after ``hurry``.
        """
        wait_s = _MIN_WAIT_S
        waits = False
        try:
            while True:
                try:
                    answer = await command()
                    if not self._identified:
                        await self._identify()
                except (redis_errors.RedisError, OSError) as exc:
                    self._give_up(exc)
                    tried_again = wait_s > _MIN_WAIT_S
                    if not waits and (tried_again or not is_lost_connection(exc)):
                        waits = True
                        self._note_waiting(exc)
                    if is_superseded(exc):
                        self._pool.renew()
                    await self._wait(wait_s)
                    wait_s = min(2 * wait_s, _MAX_WAIT_S)
                else:
                    if waits and self._waiting == 1:
                        logger.warning("%s answers again", self.name)
                    return answer
        finally:
            self._waiting -= waits

    def hurry(self) -> None:
        """From now on, wait at most a few seconds for a server that does not answer."""
        if not self._hurry.is_set():
            self._give_up_at = min(self._give_up_at, time.monotonic() + _HURRY_S)
            self._hurry.set()

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()

    def _give_up(self, exc: Exception) -> None:
        """Raise FrontierError if it is no use to wait."""
        if is_refusal(exc):
            raise FrontierError(
                f"{self.name} refuses this user ({message_of(exc)}): check user, password and ACL"
            ) from exc
        if is_of_other_shard(exc):
            raise FrontierError(
                f"{self.name} is one of several shards of a cluster ({message_of(exc)}): name a "
                "Redis that has all keys, without cluster mode or with a single shard"
            ) from exc
        if not is_transient(exc):
            raise FrontierError(f"{self.name}: {message_of(exc)}") from exc
        if self._give_up_at < inf and is_unknown_certificate(exc):
            raise FrontierError(
                f"{self.name} has a certificate that is not trusted ({message_of(exc)}): name a "
                "file with that of its authority as ssl_ca_certs, in REDIS_PARAMS or in the query "
                "of the URL"
            ) from exc
        if time.monotonic() > self._give_up_at:
            raise FrontierError(
                f"{self.name} does not answer ({message_of(exc)}): check FRONTIER_URL or "
                "REDIS_URL, that the server runs, and whether it wants TLS (rediss://)"
            ) from exc

    def _note_waiting(self, exc: Exception) -> None:
        if not self._waiting:
            does = "refuses commands for now" if is_answer(exc) else "does not answer"
            logger.warning("%s %s (%s); waiting", self.name, does, message_of(exc))
        self._waiting += 1

    async def _wait(self, wait_s: float) -> None:
        if self._hurry.is_set():
            await asyncio.sleep(_MIN_WAIT_S)
            return
        await set_within(self._hurry, wait_s)

    async def _connected(self, connection: AbstractConnection) -> None:
        """Set up a new connection, which may reach a new server process."""
        await connection.on_connect()
        self._identified = False

    async def _identify(self) -> None:
        try:
            run_id = str((await self.redis.info("server")).get("run_id", ""))
        except redis_errors.NoPermissionError:
            run_id = ""
        self._identified = True
        if not self._hurry.is_set():
            self._give_up_at = inf
        if not run_id:  # INFO is @dangerous, so many users may not ask; it may be a new process
            run_id = f"connection {next(self._connections)}"
        known, self._run_id = self._run_id, run_id
        if known not in {"", self._run_id}:
            self._on_restart()
