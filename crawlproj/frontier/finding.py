"""The jobs of a frontier, and how another process steers one of them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawlproj.errors import FrontierError
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite.controls import SqliteControls
from crawlproj.frontier.sqlite.status import read_jobs
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.frontier.command_log import Controls

ALIVE_S = 10.0
"""A worker that published nothing for so long has ended, or cannot reach its frontier."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job. running: whether a crawl works on it now."""

    name: str
    running: bool


async def jobs_at(url: str, redis: Mapping[str, Any] | None = None) -> list[Job]:
    """Return the jobs of the frontier at ``url`` (as FRONTIER_URL), by name. Scans no entries.

    redis: further connection parameters, see ``RedisConfig``.

    Raises ConfigError or FrontierError if it cannot be read.
    """
    if _scheme(url) == "sqlite":
        path = sqlite_path(url, "FRONTIER_URL")
        return [Job(*found) for found in await asyncio.to_thread(read_jobs, path)]
    from crawlproj.frontier.redis.admin import jobs  # noqa: PLC0415 - imports redis

    found = []
    for name in await jobs(RedisConfig(url, redis or {})):
        controls = controls_of(url, name, redis)
        try:
            found.append(Job(name, bool(await controls.workers(time.time() - ALIVE_S))))
        finally:
            await controls.close()
    return found


def choose(jobs: Sequence[Job], name: str = "") -> str:
    """Return the job that is meant: the one of this name, the only one, or the one that runs.

    Raises FrontierError naming the jobs if that is not clear.
    """
    known = ", ".join(repr(job.name) for job in jobs)
    if name:
        if name not in {job.name for job in jobs}:
            raise FrontierError(f"there is no job {name!r}; the jobs are: {known or 'none yet'}")
        return name
    if not jobs:
        raise FrontierError("the frontier has no jobs yet: run a crawl first")
    likely = [job for job in jobs if job.running] if len(jobs) > 1 else jobs
    if len(likely) != 1:
        raise FrontierError(f"say which job is meant, with --job NAME; the jobs are: {known}")
    return likely[0].name


def controls_of(url: str, job: str, redis: Mapping[str, Any] | None = None) -> Controls:
    """Return the controls of a job, not connected yet; parameters as in ``jobs_at``.

    Raises ConfigError if the URL is malformed, FrontierError if it is of another kind of frontier.
    """
    if _scheme(url) == "sqlite":
        return SqliteControls(sqlite_path(url, "FRONTIER_URL"), job)
    from crawlproj.frontier.redis.controls import RedisControls  # noqa: PLC0415 - imports redis

    return RedisControls(RedisConfig(url, redis or {}), job)


def _scheme(url: str) -> str:
    scheme = url.partition(":")[0].lower()
    if scheme not in ("sqlite", *REDIS_SCHEMES):
        raise FrontierError(
            f"{masked(url)} cannot be steered from another process: only SQLite and Redis "
            "frontiers can"
        )
    return scheme
