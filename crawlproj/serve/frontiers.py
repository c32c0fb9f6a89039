"""Reads the jobs of a frontier beside the crawl that owns it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.frontier.finding import controls_of, jobs_at
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite import status as sqlite_status
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.scheduling.serialize import key_of_url
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawlproj.frontier.fate import Fate
    from crawlproj.frontier.job_status import JobStatus


class FrontierReader(ABC):
    """Reads a frontier without changing it. Methods raise FrontierError."""

    @abstractmethod
    async def status(self) -> list[JobStatus]:
        """Return the status of the jobs, by name. Scans all entries."""

    @abstractmethod
    async def fates(self, url: str) -> list[tuple[str, Fate]]:
        """Return what became of a plain GET of ``url``, by the name of each job that knows it."""


class SqliteReader(FrontierReader):
    """Reads a frontier file."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._path = sqlite_path(url, "FRONTIER_URL")

    async def fates(self, url: str) -> list[tuple[str, Fate]]:
        return await _fates(self._url, None, url)

    async def status(self) -> list[JobStatus]:
        return await sqlite_status.read_status(self._path)


class RedisReader(FrontierReader):
    """Reads the frontiers of a Redis server."""

    def __init__(self, config: RedisConfig) -> None:
        self._config = config

    async def fates(self, url: str) -> list[tuple[str, Fate]]:
        return await _fates(self._config.url, self._config.params, url)

    async def status(self) -> list[JobStatus]:
        from crawlproj.frontier.redis.admin import read_status  # noqa: PLC0415 - imports redis

        return await read_status(self._config)


async def _fates(
    frontier_url: str, redis_params: Mapping[str, Any] | None, url: str
) -> list[tuple[str, Fate]]:
    key, site = key_of_url(url), site_of(url)
    found = []
    for job in await jobs_at(frontier_url, redis_params):
        controls = controls_of(frontier_url, job.name, redis_params)
        try:
            fate = await controls.fate(url, key, site)
        finally:
            await controls.close()
        if fate is not None:
            found.append((job.name, fate))
    return found


def frontier_reader(url: str, redis_params: Mapping[str, Any]) -> FrontierReader:
    """Return the reader of the frontier that FRONTIER_URL names. Raises ConfigError."""
    scheme = url.partition(":")[0].lower()
    if scheme in REDIS_SCHEMES:
        return RedisReader(RedisConfig(url, redis_params))
    if scheme == "sqlite":
        return SqliteReader(url)
    raise ConfigError(
        f"scrapy serve reads SQLite and Redis frontiers, not {masked(url)!r}: set FRONTIER_URL to "
        "that of the crawl"
    )
