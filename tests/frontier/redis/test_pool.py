"""Connections are opened anew when another server may have taken over, whoever uses them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.frontier.helpers import run

if TYPE_CHECKING:
    from crawlproj.frontier.redis.connection import RedisConfig


def test_each_connection_is_opened_anew_before_its_next_use_and_none_while_in_use(
    redis: RedisConfig,
) -> None:
    async def main() -> None:
        client = redis.client()

        async def numbers() -> set[int]:
            return set(await asyncio.gather(*(client.client_id() for _ in range(4))))

        before = await numbers()
        assert await numbers() == before
        waiting = asyncio.ensure_future(client.blpop(["nothing"], timeout=0.2))
        await client.ping()  # the other one waits by now
        client.connection_pool.renew()  # type: ignore[attr-defined]  # a RenewedPool
        assert before.isdisjoint(await numbers())
        assert await waiting is None
        await client.aclose()

    run(main())
