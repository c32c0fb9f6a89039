"""What scrapy-redis left in Redis, read as data: its queue of requests.

The queue is a sorted set by negated priority (PriorityQueue), or a list that is pushed to on the
left (FifoQueue, LifoQueue). A request is there as ``Request.to_dict()``: pickled, or as JSON if
SCHEDULER_SERIALIZER said so. A pickle is a program; what scrapy-redis writes for ordinary requests
needs no more of it than str, bytes, numbers, None, lists, tuples and dicts.
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError, CrawlprojError
from crawlproj.frontier.redis.server import RedisServer
from crawlproj.scrapy_redis import pickle_reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.redis.connection import RedisConfig


class Refused(CrawlprojError):
    """A queued request cannot be moved; the message says why, and what would help."""


class OldQueue:
    """The queue under ``key``, in the order in which scrapy-redis would pop it.

    Nobody else may use it meanwhile: requests pushed or popped shift the others.

    lifo: of a list, whether LifoQueue wrote it.

    Methods raise FrontierError when the server is away for more than a few seconds.
    """

    def __init__(self, config: RedisConfig, key: str, *, lifo: bool = False) -> None:
        self.key = key
        self.kind = ""  # zset, list or, if there is nothing, none
        self._lifo = lifo
        self._server = RedisServer(config, lambda: None)
        self._server.hurry()

    async def open(self) -> int:
        """Find out what it is; returns how many requests it has. ConfigError if it is none."""
        redis = self._server.redis
        self.kind = (await self._server.ask(lambda: redis.type(self.key))).decode()
        if self.kind == "none":
            return 0
        if self.kind not in {"zset", "list"}:
            raise ConfigError(
                f"{self.key!r} is a {self.kind}, no queue of scrapy-redis: check "
                "SCHEDULER_QUEUE_KEY and the spider's name"
            )
        length = redis.zcard if self.kind == "zset" else redis.llen
        return int(await self._server.ask(lambda: length(self.key)))

    async def read(self, start: int, limit: int) -> list[tuple[bytes, int | None]]:
        """Return up to ``limit`` payloads from the ``start``-th, with priorities where known."""
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
        """Delete ``payloads``, each once; or twice if an answer got lost, as equal ones are one."""
        if not payloads:
            return
        redis = self._server.redis
        if self.kind == "zset":
            await self._server.ask(lambda: redis.zrem(self.key, *payloads))
            return

        async def remove() -> None:
            pipe: Any = redis.pipeline(transaction=True)
            for payload in payloads:
                # From the end they were read at: each is found at once.
                pipe.lrem(self.key, 1 if self._lifo else -1, payload)
            await pipe.execute()

        await self._server.ask(remove)

    async def members(self, key: str) -> int:
        """Return how many members the set ``key`` has, 0 if there is none."""
        return int(await self._server.ask(lambda: self._server.redis.scard(key)))

    async def delete(self, key: str) -> None:
        """Delete another key of scrapy-redis."""
        await self._server.ask(lambda: self._server.redis.unlink(key))

    async def close(self) -> None:
        """Close the connection."""
        await self._server.close()


def decode(payload: bytes, *, trust_pickle: bool = False) -> dict[str, Any]:
    """Return the request that ``payload`` holds, as ``Request.to_dict()`` has it.

    trust_pickle: let a pickle import and call what it names: whoever could write to Redis then
        runs code here.

    Raises Refused.
    """
    try:
        if payload.lstrip()[:1] == b"{":
            stored: object = json.loads(payload)
        elif trust_pickle:
            stored = pickle.loads(payload)  # noqa: S301 - as the user said
        else:
            stored = pickle_reader.loads(payload)
    except pickle_reader.NotPlain as exc:
        raise Refused(f"{exc}; --trust-pickle would let it run") from None
    except Exception as exc:  # noqa: BLE001 - a trusted pickle may raise anything
        raise Refused(f"it cannot be decoded: {_told(exc)}") from None
    if not isinstance(stored, dict) or not isinstance(stored.get("url"), str):
        raise Refused("no request: it is no dict with a url")
    return stored


def _told(exc: Exception) -> str:
    return f"{type(exc).__name__}: {str(exc)[:100]}"
