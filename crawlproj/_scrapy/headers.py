"""Reads headers of requests and responses under the names by which Scrapy stores them.

Scrapy normalizes the name and the default value on each look-up, which a page has a dozen of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Headers


def value_of(headers: Headers, name: bytes) -> bytes | None:
    """Return what ``headers.get(name)`` returns: the last value, or None.

    name: with capitals at the beginning of each word only: b"Etag", not b"ETag".
    """
    values = dict.get(headers, name)
    return values[-1] if values else None


def values_of(headers: Headers, name: bytes) -> Sequence[bytes]:
    """Return all values of a header; ``name`` as for ``value_of``."""
    values: Sequence[bytes] = dict.get(headers, name, ())
    return values
