"""The order in which sites take turns, and how many entries each can give."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Rotation:
    """The number of claimable entries of each site, in the order of the sites' turns.

    A site that was served goes to the end, so ``turns`` visits the sites that waited longest first
    and can stop at the limit: its cost does not grow with the number of sites.
    """

    def __init__(self) -> None:
        self._ready: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, site: str, count: int = 1) -> None:
        """Add ``count`` claimable entries of ``site``."""
        self._ready[site] = self._ready.get(site, 0) + count

    def turns(self, limit: int, *, per_site: int, held: Mapping[str, int]) -> list[str]:
        """Return the sites to claim one entry from, in order; a site may occur several times.

        It occurs at most as often as it has entries, and at most ``per_site - held[site]`` times.
        """
        rooms: dict[str, int] = {}
        for site, ready in self._ready.items():
            if len(rooms) >= limit:
                break
            room = min(ready, per_site - held.get(site, 0))
            if room > 0:
                rooms[site] = room
        turns: list[str] = []
        while rooms and len(turns) < limit:
            turns += list(rooms)[: limit - len(turns)]
            rooms = {site: room - 1 for site, room in rooms.items() if room > 1}
        return turns

    def served(self, turns: Iterable[str]) -> None:
        """Remove one entry per turn, once it has been claimed."""
        for site in turns:
            self._ready[site] -= 1
            if self._ready[site]:
                self._ready.move_to_end(site)
            else:
                del self._ready[site]

    def remove(self, site: str, count: int) -> None:
        """Remove ``count`` claimable entries of ``site``, which has as many."""
        self._ready[site] -= count
        if not self._ready[site]:
            del self._ready[site]

    def clear(self) -> None:
        """Remove all entries."""
        self._ready.clear()
