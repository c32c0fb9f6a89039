from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.frontier.redis.connection import RedisConfig
from tests.frontier.helpers import Now
from tests.servers import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis server, the same for all tests of a process."""
    if missing := Redis.missing():
        pytest.skip(missing)
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def client(server: Redis) -> Iterator[Client]:
    """A client of the server, which is empty."""
    with Client.from_url(server.url()) as client:
        client.flushall()
        yield client


@pytest.fixture
def redis(client: Client, server: Redis) -> RedisConfig:
    """The address of a server, which is empty."""
    return RedisConfig(server.url())


@pytest.fixture
def now() -> Now:
    return Now()
