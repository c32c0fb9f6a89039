"""The page a worker is working on, noted where it survives the worker."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = struct.Struct("<Hq")  # length of the URL, or 0 if there is none; lease id
_SIZE = 4096
_NONE = bytes(2)


@dataclass(frozen=True, slots=True)
class PageInHand:
    """A lease, and the URL it is for (its first 4,000 bytes)."""

    lease_id: int
    url: str


class Breadcrumb:
    """Notes the page whose code runs, in a mapped file: the kernel keeps it, whatever kills us.

    A note takes about a microsecond, and nothing when the page is the one already noted.
    """

    def __init__(self, path: Path) -> None:
        with path.open("w+b") as file:
            file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._noted: PageInHand | None = None

    def note(self, page: PageInHand) -> None:
        """Let ``page`` be the one that is being worked on."""
        if page is self._noted or self._map.closed:
            return
        url = page.url.encode("utf-8", "replace")[: _SIZE - _HEAD.size]
        # Empty until it is whole: the length comes last.
        self._map[:2] = _NONE
        self._map[2 : _HEAD.size + len(url)] = _HEAD.pack(0, page.lease_id)[2:] + url
        self._map[:2] = len(url).to_bytes(2, "little")
        self._noted = page

    def clear(self, page: PageInHand) -> None:
        """Forget ``page``, if it is the one that is noted."""
        if page is self._noted:
            self._noted = None
            if not self._map.closed:
                self._map[:2] = _NONE

    def close(self) -> None:
        """End in order: no page is being worked on."""
        if not self._map.closed:
            self._map[:2] = _NONE
            self._map.close()


def read_breadcrumb(path: Path) -> PageInHand | None:
    """Return the page a worker was working on when it died, if it was on one."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) < _HEAD.size:
        return None
    length, lease_id = _HEAD.unpack_from(data)
    url = data[_HEAD.size : _HEAD.size + length].decode("utf-8", "replace")
    return PageInHand(lease_id, url) if length else None
