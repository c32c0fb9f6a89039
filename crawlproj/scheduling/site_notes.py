"""Writes what was learned about sites into a frontier, and reads it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.learned import learned_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.base import Frontier
    from crawlproj.limits.learned import Learned
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.trap_notes import TrapNotes


class SiteNotes:
    """Carries what the permits and the search for traps learn to the frontier's notes, and back.

    every_s: how often ``write_if_due`` writes, if no long rest has begun.

    traps: None as long as the generation is not known.
    """

    def __init__(self, frontier: Frontier, permits: Permits, *, every_s: float = 15.0) -> None:
        self._frontier = frontier
        self._permits = permits
        self._every_s = every_s
        self._due_at = 0.0
        self.traps: TrapNotes | None = None

    async def recall(self, sites: Sequence[str] | None = None) -> dict[str, Learned]:
        """Let ``sites`` (by default all) start from what was noted about them, and return that.

        A malformed note is ignored.
        """
        names = sites
        if sites is not None and self.traps is not None:
            names = [*sites, *map(self.traps.name_of, sites)]
        notes = await self._frontier.notes(names)
        if self.traps is not None:
            self.traps.recall(notes)
        learned = {site: found for site, note in notes.items() if (found := learned_from(note))}
        self._permits.recall(learned)
        return learned

    async def write_if_due(self, now: float) -> None:
        """Write every ``every_s``; a rest that begins, or a trap, at once: they outlive a kill."""
        if now >= self._due_at or self._permits.rests.long:
            self._due_at = now + self._every_s
            await self.write()
        elif self.traps is not None and self.traps.has_new:
            await self._frontier.note(self.traps.take())

    async def write(self) -> None:
        """Note what was learned since the last call."""
        notes = {site: what.data() for site, what in self._permits.take_learned().items()}
        if self.traps is not None:
            notes |= self.traps.take()
        if notes:
            await self._frontier.note(notes)
