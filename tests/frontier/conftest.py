from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.redis_connection import RedisConfig
from tests.frontier.helpers import Now
from tests.servers import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    if missing := Redis.missing():
        pytest.skip(missing)
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(redis_server: Redis) -> RedisConfig:
    """An empty server."""
    with Client.from_url(redis_server.url()) as client:
        client.flushall()
    return RedisConfig(redis_server.url())
