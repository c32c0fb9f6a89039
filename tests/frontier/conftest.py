from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.redis_connection import RedisConfig
from tests.frontier.helpers import Now

if TYPE_CHECKING:
    from tests.servers import Redis


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def redis(server: Redis) -> RedisConfig:
    """An empty server."""
    with Client.from_url(server.url()) as client:
        client.flushall()
    return RedisConfig(server.url())
