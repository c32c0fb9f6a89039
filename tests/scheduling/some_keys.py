"""The keys of a crawl without a filter of its own, in which nobody listens for duplicates."""

from __future__ import annotations

from typing import Any

from crawlproj.scheduling.announced import AnnouncedDuplicates
from crawlproj.scheduling.keys import Keys
from crawlproj.scheduling.serialize import key_of


def keys(*, filtering: bool = True) -> Keys:
    """Return them; filtering: False lets every request be fetched."""
    stats: Any = None  # nothing is counted
    return Keys(
        key_of, AnnouncedDuplicates(stats, lambda: False, logged=False), filtering=filtering
    )
