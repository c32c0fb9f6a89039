"""Entries that stand for requests which only the memory of this process has.

Such an entry outlives the process without its request. So it says where the request came from: a
later process asks that page for it again, or waits for ``Spider.start()`` to yield it again.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

from crawlproj.frontier.base import Entry
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from scrapy import Request

_BEGINS = b'{"volatile":true'  # no other payload does


class Source(Enum):
    """Where a request came from, if that is not a page that can be fetched again."""

    UNKNOWN = "unknown"
    """An extension, a redirect, or a page whose own request was only in memory."""
    START = "start"
    """``Spider.start()``."""


def volatile_entry(request: Request, key: int, source: Entry | Source) -> Entry:
    """Return the entry that stands for an unstorable request.

    source: the entry of the page whose callback yielded it, or what else it came from.
    """
    if isinstance(source, Entry) and is_volatile(source):
        source = Source.UNKNOWN  # its page would not yield it again, because its key is known
    payload: dict[str, object] = {"volatile": True}
    if isinstance(source, Entry):
        page = [source.site, source.url, source.payload.decode(), source.priority]
        payload["page"] = page
    elif source is Source.START:
        payload["start"] = True
    encoded = json.dumps(payload, separators=(",", ":")).encode()
    return Entry(key, site_of(request.url), request.url, encoded, request.priority)


def fate_of(source: Entry | Source) -> str:
    """Return what becomes of an unstorable request if its process dies, in a few words."""
    if isinstance(source, Entry) and not is_volatile(source):
        return "its page is fetched again"
    return "start() must yield it again" if source is Source.START else "lost"


def is_volatile(entry: Entry) -> bool:
    """Whether ``entry`` stands for a request that a process keeps in memory."""
    return entry.payload.startswith(_BEGINS)


def source_of(entry: Entry, key: int) -> Entry | Source:
    """Return where the request of a volatile entry came from: a page as an entry with ``key``."""
    try:
        match json.loads(entry.payload):
            case {"page": [str(site), str(url), str(payload), int(priority)]}:
                return Entry(key, site, url, payload.encode(), priority)
            case {"start": True}:
                return Source.START
    except (ValueError, RecursionError):  # whoever can write to a shared frontier wrote it
        pass
    return Source.UNKNOWN
