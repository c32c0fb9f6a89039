"""Builds the store that STORE_URL names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.store.base import Store


def store_from_url(url: str) -> Store:
    """Return the store that ``url``, the setting STORE_URL, names. Does not open it.

    ::

        sqlite:///crawl.db           a file, relative to the working directory
        sqlite:////var/lib/crawl.db  a file by its absolute path
        postgresql://user:password@host:port/database

    Raises ConfigError if the scheme is unknown or the URL is malformed.
    """
    scheme = url.partition(":")[0].lower()
    if ":" not in url or scheme not in _SCHEMES:
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        raise ConfigError(
            f"STORE_URL is {masked(url)!r}: it must start with one of {known} "
            "(for a file: sqlite:///crawl.db)"
        )
    return _SCHEMES[scheme](url)


def _sqlite(url: str) -> Store:
    return SqliteStore(sqlite_path(url, "STORE_URL"))


def _postgres(url: str) -> Store:
    try:
        from crawlproj.store.postgres import PostgresStore  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            "STORE_URL names a PostgreSQL database, but its driver is not installed: run "
            f"pip install 'crawlproj[postgres]' ({exc})"
        ) from exc
    try:
        return PostgresStore(url)
    except ValueError as exc:
        raise ConfigError(
            f"STORE_URL is wrong, {exc}: write postgresql://user:password@host:port/database"
        ) from None


_SCHEMES: dict[str, Callable[[str], Store]] = {
    "sqlite": _sqlite,
    "postgresql": _postgres,
    "postgres": _postgres,
}
