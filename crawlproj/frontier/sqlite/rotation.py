"""Whose turn it is: the sites that have something to claim, and how much."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Rotation:
    """Counts of claimable entries by site, in the order in which the sites' turns come.

    A site that was served goes to the end, so ``turns`` meets those that waited longest first and
    can stop at the limit: its cost does not grow with the number of sites that have work.
    """

    def __init__(self) -> None:
        self._ready: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, site: str, count: int = 1) -> None:
        """``count`` more entries of ``site`` can be claimed."""
        self._ready[site] = self._ready.get(site, 0) + count

    def turns(self, limit: int, *, per_site: int, held: Mapping[str, int]) -> list[str]:
        """The sites to serve one entry each, in order; a site may have several turns.

        Never more turns of a site than it has entries or than ``per_site - held[site]``.
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
        """One entry was claimed for each of ``turns``."""
        for site in turns:
            self._ready[site] -= 1
            if self._ready[site]:
                self._ready.move_to_end(site)
            else:
                del self._ready[site]

    def clear(self) -> None:
        """Nothing can be claimed any more."""
        self._ready.clear()
