"""Counts what became of a run's items, by type. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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

    def drop(self, reason: str) -> None:
        """Count an item that was dropped, or that a pipeline failed on."""
        known = reason in self.dropped or len(self.dropped) < _MAX_REASONS
        self.dropped[reason if known else _OTHER] += 1
