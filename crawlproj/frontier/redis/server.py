"""Runs commands and scripts on a Redis server, and waits while it does not answer."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import cache
from importlib.resources import files
from itertools import count
from math import inf
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any

from redis import exceptions as redis_errors

from crawlproj.errors import FrontierError
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection
    from redis.commands.core import AsyncScript

    from crawlproj.frontier.redis.connection import RedisConfig

logger = logging.getLogger(__name__)

_MIN_WAIT_S, _MAX_WAIT_S = 0.05, 2.0
_HURRY_S = 3.0
_FIRST_ANSWER_S = 20.0  # a server that never answered may not exist
# The server restarts, fails over or is full, or the network is down.
_TRANSIENT = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    OSError,
)
# Errors for which the client has no classes: too few replicas, a full disk, a script that takes too
# long.
_TRANSIENT_CODES = frozenset({"NOREPLICAS", "MISCONF", "BUSY"})
_REFUSED = (redis_errors.AuthenticationError, redis_errors.NoPermissionError)
_REFUSED_IN_SCRIPT = ("The user executing the script", "ACL failure in script")


@cache
def _source(name: str) -> str:
    folder = files("crawlproj.frontier.redis").joinpath("lua")
    return (folder / "common.lua").read_text() + (folder / f"{name}.lua").read_text()


class RedisServer:
    """A connection that repeats a command until the server answers.

    on_restart: called when a new server process answers: it may have lost the last writes.
    """

    def __init__(self, config: RedisConfig, on_restart: Callable[[], None]) -> None:
        self.redis: Redis = config.client(self._connected)
        self._name = config.masked
        self._on_restart = on_restart
        self._scripts: dict[str, AsyncScript] = {}
        self._hurry = asyncio.Event()
        self._give_up_at = time.monotonic() + _FIRST_ANSWER_S  # until the first answer
        self._run_id = ""  # of the server process that answered last
        self._identified = False  # whether this connection is known to reach that process
        self._connections = count()
        self._away = False

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
        while True:
            try:
                answer = await command()
                if not self._identified:
                    await self._identify()
            except (redis_errors.RedisError, OSError) as exc:
                if _is_refusal(exc):
                    raise FrontierError(
                        f"{self._name} refuses this user ({_message(exc)}): check user, password "
                        "and ACL"
                    ) from exc
                if not _is_transient(exc):
                    raise FrontierError(f"{self._name}: {_message(exc)}") from exc
                if self._give_up_at < inf and _is_unknown_certificate(exc):
                    raise FrontierError(
                        f"{self._name} has a certificate that is not trusted ({_message(exc)}): "
                        "name a file with that of its authority as ssl_ca_certs, in REDIS_PARAMS "
                        "or in the query of the URL"
                    ) from exc
                if time.monotonic() > self._give_up_at:
                    raise FrontierError(
                        f"{self._name} does not answer ({_message(exc)}): check FRONTIER_URL or "
                        "REDIS_URL, that the server runs, and whether it wants TLS (rediss://)"
                    ) from exc
                if not self._away:
                    self._away = True
                    logger.warning("%s does not answer (%s); waiting", self._name, _message(exc))
                await self._wait(wait_s)
                wait_s = min(2 * wait_s, _MAX_WAIT_S)
            else:
                if self._away:
                    self._away = False
                    logger.warning("%s answers again", self._name)
                return answer

    def hurry(self) -> None:
        """From now on, wait at most a few seconds for a server that does not answer."""
        if not self._hurry.is_set():
            self._give_up_at = min(self._give_up_at, time.monotonic() + _HURRY_S)
            self._hurry.set()

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()

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
            if not self._run_id:
                await self._look_at_memory()
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

    async def _look_at_memory(self) -> None:
        memory = await self.redis.info("memory")
        policy = str(memory.get("maxmemory_policy", ""))
        if memory.get("maxmemory") and policy.startswith("allkeys"):
            logger.warning(
                "%s deletes keys when its memory is full (maxmemory-policy %s), so URLs may be "
                "lost: set the policy to noeviction",
                self._name,
                policy,
            )


def _is_transient(exc: BaseException) -> bool:
    return isinstance(exc, _TRANSIENT) or str(exc).partition(" ")[0] in _TRANSIENT_CODES


def _is_refusal(exc: BaseException) -> bool:
    """Whether the server knows who asks and does not allow it.

    The client reports an error while it logs in as one of the connection.
    """
    if isinstance(exc, _REFUSED) or isinstance(exc.__cause__, _REFUSED):
        return True
    return str(exc).startswith(_REFUSED_IN_SCRIPT)


def _is_unknown_certificate(exc: BaseException) -> bool:
    return isinstance(exc.__context__, SSLCertVerificationError)


def _message(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__
