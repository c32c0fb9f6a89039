"""Scripts run on a Redis server that may be away for a while."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import cache
from importlib.resources import files
from math import inf
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

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0
_HURRY_S = 3.0
_FIRST_ANSWER_S = 20.0  # a server that never answered may not be there
# A server that restarts, fails over, is full, or is behind a network that is down.
_PASSING = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    OSError,
)
# The same by their codes, for which the client has no classes: too few replicas, a disk that is
# full, a script that runs for too long.
_PASSING_CODES = frozenset({"NOREPLICAS", "MISCONF", "BUSY"})
_REFUSED = (redis_errors.AuthenticationError, redis_errors.NoPermissionError)


@cache
def _source(name: str) -> str:
    folder = files("crawlproj.frontier.redis").joinpath("lua")
    return (folder / "common.lua").read_text() + (folder / f"{name}.lua").read_text()


class RedisServer:
    """A connection to a server: what fails because it is away is tried again until it is back.

    on_restart: called when another server process answers than before: it may have forgotten the
        last moments, and remembers no scripts.
    """

    def __init__(self, config: RedisConfig, on_restart: Callable[[], None]) -> None:
        self.redis: Redis = config.client(self._connected)
        self._name = config.masked
        self._on_restart = on_restart
        self._scripts: dict[str, AsyncScript] = {}
        self._hurry = asyncio.Event()
        self._give_up_at = time.monotonic() + _FIRST_ANSWER_S  # unless it answered once
        self._run_id = ""
        self._met = False  # whether this is known to be the process of that run_id
        self._away = False

    async def run(self, script: str, prefix: str, *args: str | bytes | float) -> Any:
        """Run ``lua/<script>.lua`` on the keys that begin with ``prefix``; see ``ask``."""
        return await self.ask(lambda: self.evaluate(script, prefix, *args))

    def evaluate(self, script: str, prefix: str, *args: str | bytes | float) -> Awaitable[Any]:
        """Run it once, and fail as the client does: for ``ask``."""
        if script not in self._scripts:
            self._scripts[script] = self.redis.register_script(_source(script))
        return self._scripts[script](keys=[prefix], args=list(args))

    async def ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """Return the answer to ``command``, which is sent again if the server was away.

        So it must be one that may run twice: its first answer may have got lost.

        Raises FrontierError when the server refuses the command, when it did not answer for 20 s
        at first, and when it is away and ``hurry`` was called.
        """
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                answer = await command()
                if not self._met:
                    await self._meet()
            except _REFUSED as exc:
                raise FrontierError(
                    f"{self._name} refuses this user ({exc}): check user, password and ACL"
                ) from exc
            except (redis_errors.RedisError, OSError) as exc:
                if not _is_passing(exc):
                    raise FrontierError(f"{self._name}: {_told(exc)}") from exc
                if time.monotonic() > self._give_up_at:
                    raise FrontierError(
                        f"{self._name} does not answer ({_told(exc)}): check FRONTIER_URL or "
                        "REDIS_URL, and that the server runs"
                    ) from exc
                if not self._away:
                    self._away = True
                    logger.warning("%s does not answer (%s); waiting", self._name, _told(exc))
                await self._wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                if self._away:
                    self._away = False
                    logger.warning("%s answers again", self._name)
                return answer

    def hurry(self) -> None:
        """Wait no more than a few seconds for a server that is away."""
        if not self._hurry.is_set():
            self._give_up_at = min(self._give_up_at, time.monotonic() + _HURRY_S)
            self._hurry.set()

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()

    async def _wait(self, wait_s: float) -> None:
        if self._hurry.is_set():
            await asyncio.sleep(_FIRST_WAIT_S)
            return
        await set_within(self._hurry, wait_s)

    async def _connected(self, connection: AbstractConnection) -> None:
        """Greet a server that may be another process than before."""
        await connection.on_connect()
        self._met = False

    async def _meet(self) -> None:
        info = await self.redis.info("server")
        self._met = True
        if not self._hurry.is_set():
            self._give_up_at = inf
        known, self._run_id = self._run_id, str(info["run_id"])
        if known not in {"", self._run_id}:
            self._on_restart()


def _is_passing(exc: BaseException) -> bool:
    return isinstance(exc, _PASSING) or str(exc).partition(" ")[0] in _PASSING_CODES


def _told(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__
