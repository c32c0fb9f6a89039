"""Every backend, as a worker and as a process beside it sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.redis.controls import RedisControls
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.frontier.sqlite.controls import SqliteControls
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.helpers import Now, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawlproj.frontier.base import Frontier
    from crawlproj.frontier.command_log import Controls


@pytest.fixture(params=["memory", "sqlite", "redis"])
def frontier(request: pytest.FixtureRequest, now: Now, tmp_path: Path) -> Iterator[Frontier]:
    frontier: Frontier
    match request.param:
        case "memory":
            frontier = MemoryFrontier(now)
        case "sqlite":
            frontier = SqliteFrontier(tmp_path / "crawl.db", now)
        case _:
            frontier = RedisFrontier(request.getfixturevalue("redis"), now)
    run(frontier.open("job"))
    yield frontier
    run(frontier.close())


@pytest.fixture
def controls(
    request: pytest.FixtureRequest, frontier: Frontier, now: Now, tmp_path: Path
) -> Iterator[Controls]:
    """The same job, as another process sees it."""
    if isinstance(frontier, MemoryFrontier):
        yield frontier
        return
    controls: Controls
    if isinstance(frontier, SqliteFrontier):
        controls = SqliteControls(tmp_path / "crawl.db", "job", now)
    else:
        controls = RedisControls(request.getfixturevalue("redis"), "job")
    yield controls
    run(controls.close())
