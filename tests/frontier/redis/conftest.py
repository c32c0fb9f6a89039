from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.redis.frontier import RedisFrontier
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawlproj.frontier.redis.connection import RedisConfig
    from tests.frontier.helpers import Now


@pytest.fixture
def hire(redis: RedisConfig, now: Now) -> Iterator[Callable[[], RedisFrontier]]:
    """Opens workers of one job, and closes them after the test."""
    hired: list[RedisFrontier] = []

    def new() -> RedisFrontier:
        worker = RedisFrontier(redis, now)
        run(worker.open("job"))
        hired.append(worker)
        return worker

    yield new
    for worker in hired:
        run(worker.close())
