"""Counts what became of a run's items, by type. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_REASONS = 20  # of a type; a pipeline may put anything into a message
_OTHER = "other"


@dataclass(slots=True)
class ItemTally:
    """The items of one type.

    scraped: how many came out of the pipelines. stored: how many of them are in the store; None if
    nothing is stored. dropped: how many did not come out, by reason.
    """

    scraped: int = 0
    stored: int | None = None
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, more: ItemTally) -> None:
        """Count what another process counted."""
        self.scraped += more.scraped
        if more.stored is not None:
            self.stored = (self.stored or 0) + more.stored
        self.dropped.update(more.dropped)

    def drop(self, reason: str) -> None:
        """Count an item that was dropped, or that a pipeline failed on."""
        known = reason in self.dropped or len(self.dropped) < _MAX_REASONS
        self.dropped[reason if known else _OTHER] += 1


def most_frequent_first(tallies: Mapping[str, ItemTally]) -> dict[str, ItemTally]:
    """Return the tallies of types in the order in which people read them."""
    return dict(sorted(tallies.items(), key=lambda pair: (-pair[1].scraped, pair[0])))
