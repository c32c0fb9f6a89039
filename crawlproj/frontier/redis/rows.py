"""Entries as the rows that Redis keeps. They are compact, because millions may be pending.

::

    flags (1 byte), attempts (1), key (8), not_before (8, if flagged),
    length of the URL (4, if there is a payload), URL, payload

Site and priority are in the queue's name, so the row omits them, as it does the ``https://SITE`` or
``http://SITE`` of the URL. Lua counts attempts in the second byte and reads nothing else.
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
    """Return the row of ``entry``; attempts above 255 are stored as 255."""
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
    """Return the entry in ``row`` and its attempts; raises FrontierError if it is malformed."""
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
        raise FrontierError(
            f"the queue of {site} holds a row that is not an entry ({exc}): was it written by "
            "another program, or another version of crawlproj?"
        ) from exc
    if flags & _HTTPS:
        url = f"https://{site}{url}"
    elif flags & _HTTP:
        url = f"http://{site}{url}"
    return Entry(key, site, url, row[end:], priority, not_before), attempts
