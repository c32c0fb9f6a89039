"""Values that are expensive to compute."""

from __future__ import annotations

import asyncio

from crawlproj.serve.cached import Cached
from tests.frontier.helpers import run


def test_a_value_is_computed_for_at_most_one_percent_of_the_time() -> None:
    """A crawl runs beside, on the same cores."""
    now = 0.0
    computed = 0

    async def compute() -> int:
        nonlocal now, computed
        now += 0.5
        computed += 1
        return computed

    async def look() -> None:
        nonlocal now
        cached = Cached(compute, 2.0, lambda: now)
        for _ in range(1000):
            assert await cached.get(1.0) is not None
            await asyncio.sleep(0)
            now += 1.0
        await cached.close()

    run(look())
    assert 10 <= computed <= 0.01 * now / 0.5 + 1
