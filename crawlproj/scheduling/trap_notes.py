"""Writes the traps that a crawl has found into a frontier's notes, and reads them back. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_TRAPS = 1000  # of a site
_LONGEST = 500  # characters of a shape


class TrapNotes:
    """The traps of a generation: what a run or a worker found out need not cost the next one.

    They end with the generation, because the next one is to find out whether they are traps still.

    found: see Traps; what is read is added to it.
    """

    def __init__(self, found: dict[str, str], job: str, generation: int) -> None:
        self._found = found
        self._prefix = f"traps of {job} {generation} at "
        self._taken = 0
        self._at: defaultdict[str, dict[str, str]] = defaultdict(dict)  # site → its traps

    @property
    def has_new(self) -> bool:
        """Whether a trap was found since the last ``take``."""
        return len(self._found) > self._taken

    def name_of(self, site: str) -> str:
        """Return the name of the note on ``site``."""
        return f"{self._prefix}{site}"

    def take(self) -> dict[str, str]:
        """Return the notes on sites at which a trap was found since the last call."""
        changed = {}
        for shape, why in islice(self._found.items(), self._taken, None):
            traps = self._at[site := shape.partition("/")[0]]
            if len(traps) < _MAX_TRAPS and len(shape) <= _LONGEST:
                traps[shape] = why
                changed[self.name_of(site)] = traps
        self._taken = len(self._found)
        return {name: json.dumps(traps) for name, traps in changed.items()}

    def recall(self, notes: Mapping[str, str]) -> None:
        """Take in those of ``notes`` that are of this generation, but none that is malformed."""
        for name, note in notes.items():
            if name.startswith(self._prefix):
                self._found |= _traps_in(note)


def _traps_in(note: str) -> dict[str, str]:
    """Read a note, which others may have written; return nothing if it is malformed."""
    try:
        traps = json.loads(note)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(traps, dict):
        return {}
    return {shape: why for shape, why in traps.items() if isinstance(why, str)}
