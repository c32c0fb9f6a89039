"""Readers of Scrapy's settings: each checks one setting and raises a ConfigError that names it.

Every part of the project reads its settings through these, once, into a frozen dataclass that
stands beside what it configures.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.open_files import requests_allowed

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.settings import BaseSettings

_MANY_REQUESTS = 1024  # queues in memory hold a multiple of it, and a site gets 8 by default


def text(settings: BaseSettings, name: str, default: str) -> str:
    """Return a setting that must be text."""
    value = settings.get(name, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be text, not {value!r}")
    return value


def writable_folder(name: str, folder: Path) -> Path:
    """Return the folder of the setting ``name``, made if it is missing.

    Raises ConfigError if it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"{name}: {folder} cannot be made ({exc.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{name}: {folder} cannot be written; check who owns it")
    return folder


def integer(settings: BaseSettings, name: str, default: int, *, minimum: int = 0) -> int:
    """Return a setting that must be a whole number of at least ``minimum``."""
    try:
        value = settings.getint(name, default)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a whole number, not {settings.get(name)!r}") from None
    if value < minimum:
        raise ConfigError(f"{name} must be at least {minimum}, not {value}")
    return value


def requests_in_flight(settings: BaseSettings) -> int:
    """Return CONCURRENT_REQUESTS, or as many requests as the limit of open files has room for.

    The default, 16, is Scrapy's. 0, which means no limit in Scrapy, stands for 1,024.
    """
    wanted = integer(settings, "CONCURRENT_REQUESTS", 16) or _MANY_REQUESTS
    return min(wanted, requests_allowed())


def share(settings: BaseSettings, name: str, default: float) -> float:
    """Return a setting that must be a number from 0 to 1."""
    value = number(settings, name, default)
    if value > 1:
        raise ConfigError(f"{name} must be between 0 and 1, not {value:g}")
    return value


def number(settings: BaseSettings, name: str, default: float, *, minimum: float = 0.0) -> float:
    """Return a setting that must be a finite number of at least ``minimum``."""
    try:
        value = settings.getfloat(name, default)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a number, not {settings.get(name)!r}") from None
    if not minimum <= value < float("inf"):
        raise ConfigError(f"{name} must be at least {minimum:g} and finite, not {value}")
    return value


def boolean(settings: BaseSettings, name: str, *, default: bool = False) -> bool:
    """Return a setting that must be True or False."""
    try:
        return settings.getbool(name, default)
    except ValueError:
        raise ConfigError(f"{name} must be True or False, not {settings.get(name)!r}") from None


def integers(settings: BaseSettings, name: str) -> list[int]:
    """Return a setting that must be a list of whole numbers, or text with commas between them."""
    try:
        return [int(number) for number in settings.getlist(name)]
    except (TypeError, ValueError):
        raise ConfigError(
            f"{name} must be a list of whole numbers, not {settings.get(name)!r}"
        ) from None


def text_lists(settings: BaseSettings, name: str) -> dict[str, list[str]]:
    """Return a setting that must be a dict of lists of text."""
    try:
        value = settings.getdict(name)
    except (TypeError, ValueError):
        value = None
    if value is None or not all(
        isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)
        for texts in value.values()
    ):
        raise ConfigError(f"{name} must be a dict of lists of text, not {settings.get(name)!r}")
    return {str(key): list(texts) for key, texts in value.items()}
