"""Builds the store that STORE_URL names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.config import boolean, text
from crawlproj.errors import ConfigError
from crawlproj.frontier.url import sqlite_path
from crawlproj.masking import masked
from crawlproj.plugins import STORES, misfit, plugin
from crawlproj.store.base import Store
from crawlproj.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings


def store_from_url(url: str, *, search: bool = False, history: bool = False) -> Store:
    """Return the store that ``url``, the setting STORE_URL, names. Does not open it.

    search: whether it keeps a full-text index of the pages (STORE_SEARCH).
    history: whether it keeps the texts that changed pages had (STORE_HISTORY).

    ::

        sqlite:///crawl.db           a file, relative to the working directory
        sqlite:////var/lib/crawl.db  a file by its absolute path
        postgresql://user:password@host:port/database
        package.module.Class:…       a store of yours, built as Class(url)
        name:…                       the entry point of that name in the group crawlproj.store

    Raises ConfigError if the scheme is unknown, the URL is malformed, or the store cannot do what
    is asked.
    """
    store = _built(url)
    if search and not store.searchable:
        raise ConfigError(
            f"STORE_SEARCH is on, but a {type(store).__name__} has no full-text index: switch it "
            "off, or store in SQLite or PostgreSQL"
        )
    if history and not store.keeps_history:
        raise ConfigError(
            f"STORE_HISTORY is on, but a {type(store).__name__} keeps no earlier texts: switch it "
            "off, or store in SQLite or PostgreSQL"
        )
    store.search = search
    store.history = history
    return store


def store_of(settings: BaseSettings) -> Store | None:
    """Return the store of STORE_URL, None if that is empty. Raises as ``store_from_url`` does."""
    url = text(settings, "STORE_URL", "")
    if not url:
        return None
    search, history = (boolean(settings, name) for name in ("STORE_SEARCH", "STORE_HISTORY"))
    return store_from_url(url, search=search, history=history)


def _built(url: str) -> Store:
    scheme, colon, _ = url.partition(":")
    build = _SCHEMES.get(scheme.lower()) if colon else None
    if build is not None:
        return build(url)
    given = f"STORE_URL is {masked(url)!r}"
    store = plugin(given, scheme if colon else "", STORES, _SCHEMES, ":")(url)
    if not isinstance(store, Store):
        raise misfit(given, store, Store)
    return store


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
