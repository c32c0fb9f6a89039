"""Every error this project raises on purpose.

::

    CrawlprojError
    ├── ConfigError        a setting or an argument is wrong; the message names it
    ├── FrontierError      the frontier cannot be opened or written
    │   └── FrontierInUse  another live process owns it
    ├── StoreError         the store cannot be opened or written
    │   └── NotStored      an item waited when the store failed: its page is fetched again
    └── AddressRefused     the guard refused to connect (see http/guard.py)

Messages say what was tried, on which URL, key or file, and what to do about it.
"""

from __future__ import annotations


class CrawlprojError(Exception):
    """Root of the tree: catch this to catch everything we raise on purpose."""


class ConfigError(CrawlprojError):
    """A setting or argument is missing, malformed or out of range."""


class FrontierError(CrawlprojError):
    """The frontier cannot be opened, read or written."""


class FrontierInUse(FrontierError):
    """Another live process owns this frontier; two owners would crawl everything twice."""


class StoreError(CrawlprojError):
    """The store cannot be opened or written."""


class NotStored(StoreError):
    """The store failed before it had an item. Its page goes back to the frontier, uncounted."""


class AddressRefused(CrawlprojError):
    """The address guard refused a connection to a non-public address. Never retried."""
