"""What a frontier says about its jobs, read beside the crawl that owns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite import status as sqlite_status
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crawlproj.frontier.job_status import JobStatus


class FrontierReader(ABC):
    """Reads a frontier without changing it. Methods raise FrontierError."""

    @abstractmethod
    async def status(self) -> list[JobStatus]:
        """Return the status of the jobs, by name. Scans all entries."""


class SqliteReader(FrontierReader):
    """Reads a frontier file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def status(self) -> list[JobStatus]:
        return await sqlite_status.read_status(self._path)


class RedisReader(FrontierReader):
    """Reads the frontiers of a Redis server."""

    def __init__(self, config: RedisConfig) -> None:
        self._config = config

    async def status(self) -> list[JobStatus]:
        from crawlproj.frontier.redis.admin import read_status  # noqa: PLC0415 - imports redis

        return await read_status(self._config)


def frontier_reader(url: str, redis_params: Mapping[str, Any]) -> FrontierReader:
    """Return the reader of the frontier that FRONTIER_URL names. Raises ConfigError."""
    scheme = url.partition(":")[0].lower()
    if scheme in REDIS_SCHEMES:
        return RedisReader(RedisConfig(url, redis_params))
    if scheme == "sqlite":
        return SqliteReader(sqlite_path(url, "FRONTIER_URL"))
    raise ConfigError(
        f"scrapy serve reads SQLite and Redis frontiers, not {masked(url)!r}: set FRONTIER_URL to "
        "that of the crawl"
    )
