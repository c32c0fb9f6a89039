"""The exceptions that this project defines.

::

    CrawlprojError
    ├── ArchiveError       a WARC file cannot be written
    ├── ConfigError        a setting or argument is wrong; the message names it
    ├── FrontierError      the frontier cannot be opened, read or written
    │   └── FrontierInUse  another live process owns the job
    ├── ExportError        a file of an export cannot be written
    ├── StoreError         the store cannot be opened or written
    │   └── NotStored      the store failed before it had the item; its page is fetched again
    └── AddressRefused     the address guard refused a connection (see http/guard.py)

Each message says what failed, on which URL, key or file, and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AddressRefused",
    "ArchiveError",
    "ConfigError",
    "CrawlprojError",
    "ExportError",
    "FrontierError",
    "FrontierInUse",
    "NotStored",
    "StoreError",
]

_MOST_LISTED = 10


class CrawlprojError(Exception):
    """Base class of all exceptions of this project."""


class ArchiveError(CrawlprojError):
    """A WARC file cannot be written. The exchange is not in it; those before are."""


class ConfigError(CrawlprojError):
    """A setting or argument is missing, malformed or out of range."""


class ExportError(CrawlprojError):
    """A file of an export cannot be written. A file that was there before stays as it was."""


class FrontierError(CrawlprojError):
    """The frontier cannot be opened, read or written."""


class FrontierInUse(FrontierError):
    """Another live process owns this job; two owners would crawl everything twice."""


class StoreError(CrawlprojError):
    """The store cannot be opened or written."""


class NotStored(StoreError):
    """The store failed before it had an item. Returns its page to the frontier as not fetched."""


class AddressRefused(CrawlprojError):
    """The address guard refused a connection to a non-public address. Never retried."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the nearest of the ``known`` names; "" if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - nothing is wrong in most runs

    return next(iter(get_close_matches(name, list(known), 1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ": did you mean X?" for the nearest of the ``known`` names; "" if none is near."""
    near = nearest(name, known)
    return f": did you mean {near}?" if near else ""


def among(name: str, known: Iterable[str]) -> str:
    """Return ``did_you_mean`` and, if the ``known`` names are few, all of them."""
    names = sorted(known)
    listed = f" (there are: {', '.join(names)})" if 0 < len(names) <= _MOST_LISTED else ""
    return f"{did_you_mean(name, names)}{listed}"


def no_spider(name: str, known: Iterable[str]) -> str:
    """Return what is wrong with the name of a spider that is not among the ``known`` ones."""
    names = sorted(known)
    listed = ", ".join(names) or (
        "none: begin in the folder of the project's scrapy.cfg, or set SCRAPY_SETTINGS_MODULE"
    )
    return f"there is no spider {name!r}{did_you_mean(name, names)} (the spiders are: {listed})"
