"""The queue of requests that scrapy-redis left in Redis.

It is a sorted set by negated priority (PriorityQueue), or a list to which requests are pushed on
the left (FifoQueue, LifoQueue). ``stored_requests`` reads the requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.redis.connection import RedisConfig


class RequestQueue:
    """The queue in ``key``, in the order in which scrapy-redis would pop it.

    No other process may use it meanwhile, because pushing or popping shifts the other requests.

    lifo: for a list, whether LifoQueue wrote it.

    Methods raise FrontierError if the server does not answer for more than a few seconds.
    """

    def __init__(self, config: RedisConfig, key: str, *, lifo: bool = False) -> None:
        self.key = key
        self.kind = ""  # "zset", "list", or "none" if the key does not exist
        self._lifo = lifo
        self._server = RedisServer(config, lambda: None)
        self._server.hurry()

    async def open(self) -> int:
        """Find out the queue's kind; returns how many requests it holds.

        Raises ConfigError if the key holds something else.
        """
        redis = self._server.redis
        self.kind = (await self._server.ask(lambda: redis.type(self.key))).decode()
        if self.kind == "none":
            return 0
        if self.kind not in {"zset", "list"}:
            raise ConfigError(
                f"{self.key!r} is a {self.kind}, not a queue of scrapy-redis: check "
                "SCHEDULER_QUEUE_KEY and the spider's name"
            )
        length = redis.zcard if self.kind == "zset" else redis.llen
        return int(await self._server.ask(lambda: length(self.key)))

    async def read(self, start: int, limit: int) -> list[tuple[bytes, int | None]]:
        """Return up to ``limit`` requests from position ``start``: payload and priority.

        In a list the priority is in the payload, so it is None here.
        """
        redis = self._server.redis
        end = start + limit - 1
        if self.kind == "zset":
            scored = await self._server.ask(
                lambda: redis.zrange(self.key, start, end, withscores=True)
            )
            return [(payload, round(-score)) for payload, score in scored]
        if self._lifo:
            payloads = await self._server.ask(lambda: redis.lrange(self.key, start, end))
        else:
            from_right = await self._server.ask(
                lambda: redis.lrange(self.key, -end - 1, -start - 1)
            )
            payloads = from_right[::-1]
        return [(payload, None) for payload in payloads]

    async def remove(self, payloads: Sequence[bytes]) -> None:
        """Delete ``payloads``, each once.

        If an answer is lost, a second copy of a payload may be deleted, too. That loses nothing,
        because equal payloads become one entry.
        """
        if not payloads:
            return
        redis = self._server.redis
        if self.kind == "zset":
            await self._server.ask(lambda: redis.zrem(self.key, *payloads))
            return

        async def remove() -> None:
            pipe: Any = redis.pipeline(transaction=True)
            for payload in payloads:
                # From the end that was read: each payload is found at once.
                pipe.lrem(self.key, 1 if self._lifo else -1, payload)
            await pipe.execute()

        await self._server.ask(remove)

    async def size_of_set(self, key: str) -> int:
        """Return how many members the set ``key`` has; 0 if it does not exist."""
        return int(await self._server.ask(lambda: self._server.redis.scard(key)))

    async def delete(self, key: str) -> None:
        """Delete ``key``."""
        await self._server.ask(lambda: self._server.redis.unlink(key))

    async def close(self) -> None:
        """Close the connection."""
        await self._server.close()
