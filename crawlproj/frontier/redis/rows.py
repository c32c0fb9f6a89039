"""Entries as the rows that Redis keeps: as few bytes as a million pending ones should have.

::

    flags (1 byte), attempts (1), key (8), not_before (8, if flagged),
    length of the URL (4, if there is a payload), URL, payload

What the queue's name says, site and priority, is not in the row; nor is a URL's
``https://SITE`` or ``http://SITE``. Lua counts attempts in the second byte and reads nothing else.
"""

from __future__ import annotations

import struct

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Entry

_HAS_TIME, _HAS_PAYLOAD, _HTTPS, _HTTP = 1, 2, 4, 8
_HEAD = struct.Struct(">BBq")
_TIME = struct.Struct(">d")
_LENGTH = struct.Struct(">I")


def pack(entry: Entry, attempts: int = 0) -> bytes:
    """Return the row of ``entry``; attempts over 255 are 255."""
    flags = 0
    url = entry.url
    for flag, scheme in ((_HTTPS, "https://"), (_HTTP, "http://")):
        if url.startswith(prefix := scheme + entry.site):
            flags, url = flag, url[len(prefix) :]
            break
    encoded = url.encode("utf-8", "surrogatepass")
    parts = [encoded]
    if entry.payload:
        flags |= _HAS_PAYLOAD
        parts = [_LENGTH.pack(len(encoded)), encoded, entry.payload]
    if entry.not_before:
        flags |= _HAS_TIME
        parts.insert(0, _TIME.pack(entry.not_before))
    return _HEAD.pack(flags, min(255, attempts), entry.key) + b"".join(parts)


def unpack(site: str, priority: int, row: bytes) -> tuple[Entry, int]:
    """Return the entry of ``row`` and its attempts; raises FrontierError if it is no row."""
    try:
        flags, attempts, key = _HEAD.unpack_from(row)
        at = _HEAD.size
        not_before = 0.0
        if flags & _HAS_TIME:
            (not_before,) = _TIME.unpack_from(row, at)
            at += _TIME.size
        end = len(row)
        if flags & _HAS_PAYLOAD:
            (length,) = _LENGTH.unpack_from(row, at)
            at += _LENGTH.size
            end = at + length
        url = row[at:end].decode("utf-8", "surrogatepass")
    except (struct.error, UnicodeDecodeError) as exc:
        raise FrontierError(f"the frontier of {site} holds what is no entry: {exc}") from exc
    if flags & _HTTPS:
        url = f"https://{site}{url}"
    elif flags & _HTTP:
        url = f"http://{site}{url}"
    return Entry(key, site, url, row[end:], priority, not_before), attempts
