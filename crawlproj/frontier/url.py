"""Build the frontier that FRONTIER_URL names."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.clock import crawl_time
from crawlproj.errors import ConfigError
from crawlproj.frontier.base import Frontier
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.redis.connection import REDIS_SCHEMES, RedisConfig
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.masking import masked
from crawlproj.plugins import FRONTIERS, misfit, plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawlproj.frontier.base import Clock


def frontier_from_url(
    url: str,
    clock: Clock = crawl_time,
    *,
    redis: Mapping[str, Any] | None = None,
    generation: int = 0,
    keep: bool = True,
) -> Frontier:
    """Return the frontier that ``url`` (the setting FRONTIER_URL) names, not opened yet.

    ::

        sqlite:///crawl.db           a file, relative to the working directory
        sqlite:////var/lib/crawl.db  a file by its absolute path
        memory:                      nothing survives the process
        redis://user:password@host:port/0, rediss://…, unix:///run/redis.sock
                                     shared by any number of processes
        package.module.Class:…       a frontier of yours, built as Class(url, clock)
        name:…                       the entry point of that name in the group crawlproj.frontier

    redis: further connection parameters, see ``RedisConfig``.
    generation, keep: for a shared frontier only, see ``RedisFrontier``.

    Raises ConfigError if the scheme is unknown or the URL is malformed.
    """
    scheme, colon, _ = url.partition(":")
    if colon and scheme.lower() in REDIS_SCHEMES:
        config = RedisConfig(url, redis or {})
        config.client()  # raises ConfigError
        from crawlproj.frontier.redis.frontier import RedisFrontier  # noqa: PLC0415 - imports redis

        return RedisFrontier(config, generation=generation, keep=keep)
    build = SCHEMES.get(scheme.lower()) if colon else None
    if build is not None:
        return build(url, clock)
    given = f"FRONTIER_URL is {masked(url)!r}"
    known = (*SCHEMES, *REDIS_SCHEMES)
    frontier = plugin(given, scheme if colon else "", FRONTIERS, known, ":")(url, clock)
    if not isinstance(frontier, Frontier):
        raise misfit(given, frontier, Frontier)
    return frontier


def sqlite_path(url: str, setting: str) -> Path:
    """Return the file that ``sqlite:///relative`` or ``sqlite:////absolute`` names.

    Percent signs are taken literally.

    setting: name of the setting that holds ``url``, for the error message.

    Raises ConfigError if ``url`` has another form.
    """
    found = re.fullmatch(r"sqlite:///([^?]+)", url, re.IGNORECASE)
    if not found or found[1].endswith("/"):
        raise ConfigError(
            f"{setting} is {masked(url)!r}: write sqlite:///crawl.db for a file in the working "
            "directory, sqlite:////var/lib/crawl.db (four slashes) for an absolute path"
        )
    return Path(found[1])


def job_file(url: str, job: str, kind: str) -> Path | None:
    """Return the file of ``job`` beside a SQLite frontier's, such as crawl.db.1f2e3d4c.page.

    kind: what the file holds, which becomes the end of its name.

    Returns None if the frontier at ``url`` is not in a file.
    """
    if not url.lower().startswith("sqlite:"):
        return None
    database = sqlite_path(url, "FRONTIER_URL")
    name = blake2b(job.encode(), digest_size=4).hexdigest()
    return database.with_name(f"{database.name}.{name}.{kind}")


def _sqlite(url: str, clock: Clock) -> Frontier:
    return SqliteFrontier(sqlite_path(url, "FRONTIER_URL"), clock)


def _memory(url: str, clock: Clock) -> Frontier:
    if url.lower() not in {"memory:", "memory://"}:
        raise ConfigError(f"FRONTIER_URL is {masked(url)!r}: write memory: and nothing after it")
    return MemoryFrontier(clock)


SCHEMES: dict[str, Callable[[str, Clock], Frontier]] = {"sqlite": _sqlite, "memory": _memory}
