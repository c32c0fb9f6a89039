"""Opens the database that a URL names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.serve.database.base import POSTGRESQL, SQLITE, Database
from crawlproj.serve.database.sqlite_processes import SqliteProcesses
from crawlproj.serve.database.sqlite_threads import SqliteThreads

if TYPE_CHECKING:
    from crawlproj.serve.lanes.sizes import Sizes


def database_from_url(url: str, setting: str, sizes: Sizes) -> Database:
    """Return the database at ``url``, connected when it is first asked.

    setting: which names it, for errors. Raises ConfigError if the URL is wrong.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        path = sqlite_path(url, setting)
        return Database(
            SQLITE, SqliteThreads(path, sizes.fast), SqliteProcesses(path, sizes.slow_s)
        )
    if scheme in {"postgresql", "postgres"}:
        return _postgres(url, setting, sizes)
    raise ConfigError(
        f"{setting} is {masked(url)!r}: scrapy serve reads sqlite:///FILE and "
        "postgresql://user:password@host:port/database"
    )


def _postgres(url: str, setting: str, sizes: Sizes) -> Database:
    try:
        from crawlproj.serve.database.postgres import PostgresPool  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"{setting} names a PostgreSQL database, but its driver is not installed: run "
            f"pip install 'crawlproj[postgres,serve]' ({exc})"
        ) from exc
    try:
        return Database(
            POSTGRESQL,
            PostgresPool(url, sizes.fast, sizes.fast_s),
            PostgresPool(url, sizes.slow, sizes.slow_s),
        )
    except ValueError as exc:
        raise ConfigError(
            f"{setting} is wrong, {exc}: write postgresql://user:password@host:port/database"
        ) from None
