"""Reads scrapy-redis's start URLs without losing any.

A start URL that a worker takes moves, in one step on the server, from the key to the worker's hash.
It is deleted there once the frontier has it. If the worker dies, its start URLs go back to the key:
each worker has a heartbeat, a key that expires, and checks the heartbeats of the others. So a start
URL is delivered at least once, and twice only if a worker died, or stalled for ``ALIVE_S``, between
taking it and finishing it.

Besides the key ``K`` there are::

    K:workers       SET     names of workers that may have taken start URLs
    K:alive:WORKER  STRING  a heartbeat, which expires
    K:taken:WORKER  HASH    number → score datum
    K:bad           LIST    data that could not be made into requests, as they were pushed
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.commands.core import AsyncScript

    from crawlproj.frontier.redis.connection import RedisConfig

ALIVE_S = 15.0
"""How long a heartbeat lasts, in seconds; it is renewed after a third of that."""


class Kind(StrEnum):
    """The type of the key, which decides the order of the start URLs.

    LIST: the leftmost first. SET: any. ZSET: the highest score first.
    """

    LIST = "list"
    SET = "set"
    ZSET = "zset"


class StartUrls:
    """One worker's view of the start URLs in ``key``. The first call connects.

    Methods wait for a server that does not answer. They raise FrontierError if it refuses a
    command, and ConfigError if the key is not of type ``kind``.
    """

    def __init__(self, config: RedisConfig, key: str, kind: Kind) -> None:
        self.key = key
        self.kind = kind
        self.worker = secrets.token_hex(8)
        self._server = RedisServer(config, lambda: None)
        self._next = 1
        self._take, self._finish, self._return = (
            self._script(name) for name in ("take", "finish", "return")
        )

    async def take(self, limit: int) -> list[tuple[int, bytes]]:
        """Take up to ``limit`` start URLs; returns each with the number that ``finish`` needs."""
        first = self._next
        keys = self._keys(self.worker)
        args: list[str | int] = [self.kind, self.worker, int(ALIVE_S * 1000), first, limit]
        data = await self._server.ask(lambda: self._typed(self._take(keys=keys, args=args)))
        self._next += len(data)
        return list(enumerate(data, first))

    async def finish(self, numbers: Sequence[int], bad: Sequence[int] = ()) -> None:
        """Delete ``numbers``, which the frontier has, and move ``bad`` to ``KEY:bad``."""
        keys = [self._keys(self.worker)[1], f"{self.key}:bad"]
        args = [len(bad), *bad, *numbers]
        await self._server.ask(lambda: self._finish(keys=keys, args=args))

    async def keep_alive(self) -> int:
        """Renew the heartbeat, and put back the start URLs of dead workers; returns how many."""
        redis = self._server.redis
        alive = self._keys(self.worker)[2]
        await self._server.ask(lambda: redis.set(alive, "1", px=int(ALIVE_S * 1000)))
        others = await self._server.ask(lambda: redis.smembers(f"{self.key}:workers"))
        return sum(
            [
                await self._give_back(name, may_live=True)
                for name in map(bytes.decode, others)
                if name != self.worker
            ]
        )

    async def others_hold(self) -> bool:
        """Return whether another worker, alive or dead, holds unfinished start URLs."""
        redis = self._server.redis
        for name in await self._server.ask(lambda: redis.smembers(f"{self.key}:workers")):
            taken = self._keys(name.decode())[1]
            if name.decode() != self.worker and await self._server.ask(lambda: redis.hlen(taken)):  # noqa: B023
                return True
        return False

    async def close(self) -> int:
        """Put back the unfinished start URLs, and disconnect; returns how many went back."""
        try:
            return await self._give_back(self.worker, may_live=False)
        finally:
            await self._server.close()

    def hurry(self) -> None:
        """From now on, wait at most a few seconds for a server that does not answer."""
        self._server.hurry()

    async def _give_back(self, worker: str, *, may_live: bool) -> int:
        args: list[str | int] = [self.kind, worker, int(may_live)]
        keys = self._keys(worker)
        return int(await self._server.ask(lambda: self._typed(self._return(keys=keys, args=args))))

    async def _typed(self, command: Any) -> Any:
        try:
            return await command
        except ResponseError as exc:
            if "WRONGTYPE" not in str(exc):
                raise
            raise ConfigError(
                f"{self.key!r} is not a {self.kind}: set REDIS_START_URLS_AS_SET or "
                "REDIS_START_URLS_AS_ZSET to True if it is a set or a sorted set, and neither if "
                "it is a list"
            ) from None

    def _keys(self, worker: str) -> list[str]:
        taken, alive = f"{self.key}:taken:{worker}", f"{self.key}:alive:{worker}"
        return [self.key, taken, alive, f"{self.key}:workers"]

    def _script(self, name: str) -> AsyncScript:
        source = files("crawlproj.scrapy_redis").joinpath("lua", f"{name}.lua").read_text()
        return self._server.redis.register_script(source)
