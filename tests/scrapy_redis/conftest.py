from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.demo import DemoWeb, SiteSpec
from tests.servers import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
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
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb([SiteSpec("plain", "small", pages=150)], tmp_path / "access.log") as running:
        yield running
