"""The notes on sites in Redis, which all jobs share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import MAX_NOTES
from crawlproj.frontier.redis.keys import NOTED, NOTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.frontier.redis.server import RedisServer

_MAX_EXCESS = 1000  # notes above MAX_NOTES before the oldest are dropped
_BATCH = 5000


async def write_notes(server: RedisServer, notes: Mapping[str, str]) -> None:
    """Store ``notes`` in place of earlier ones, and drop the oldest beyond MAX_NOTES."""
    order = time.time_ns()
    redis: Any = server.redis

    async def write() -> None:
        pipe = redis.pipeline(transaction=True)
        pipe.hset(NOTES, mapping=dict(notes))
        pipe.zadd(NOTED, dict.fromkeys(notes, order))
        pipe.zcard(NOTED)
        *_, known = await pipe.execute()
        if known > MAX_NOTES + _MAX_EXCESS:
            oldest = await redis.zpopmin(NOTED, known - MAX_NOTES)
            await redis.hdel(NOTES, *(site for site, _ in oldest))

    if notes:
        await server.ask(write)


async def read_notes(server: RedisServer, sites: Sequence[str] | None) -> dict[str, str]:
    """Return the notes on ``sites``, or on the MAX_NOTES sites noted last."""
    redis: Any = server.redis

    async def read() -> dict[str, str]:
        if sites is not None:
            names = [site.encode() for site in sites]
        else:
            names = await redis.zrange(NOTED, -MAX_NOTES, -1)
        texts: list[bytes | None] = []
        for at in range(0, len(names), _BATCH):
            texts += await redis.hmget(NOTES, names[at : at + _BATCH])
        return {
            name.decode(): text.decode()
            for name, text in zip(names, texts, strict=True)
            if text is not None
        }

    found: dict[str, str] = await server.ask(read)
    return found
