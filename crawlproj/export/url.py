"""Finds the store to export, which STORE_URL names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.export.sqlite_source import SqliteSource
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked

if TYPE_CHECKING:
    from crawlproj.export.source import Source


def source_from_url(url: str) -> Source:
    """Return the source for ``url``, the setting STORE_URL. Does not connect.

    Raises ConfigError if the setting is wrong or empty, or the store is neither in SQLite nor in
    PostgreSQL.
    """
    if not url:
        raise ConfigError(
            "STORE_URL is empty: set it to the store that the crawl wrote to, for example "
            "-s STORE_URL=sqlite:///crawl.db"
        )
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        return SqliteSource(sqlite_path(url, "STORE_URL"))
    if scheme in {"postgresql", "postgres"}:
        try:
            from crawlproj.export.postgres_source import PostgresSource  # noqa: PLC0415 - an extra
        except ImportError as exc:
            raise ConfigError(
                "STORE_URL names a PostgreSQL database, but its driver is not installed: run "
                f"pip install 'crawlproj[postgres]' ({exc})"
            ) from None
        return PostgresSource(url)
    raise ConfigError(
        f"scrapy export reads SQLite and PostgreSQL stores only; STORE_URL is {masked(url)!r}"
    )
