"""Writes what was learned about sites into a frontier, and reads it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.learned import learned_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.base import Frontier
    from crawlproj.limits.learned import Learned
    from crawlproj.limits.permits import Permits


class SiteNotes:
    """Carries what the permits learn to the frontier's notes, and back.

    every_s: how often ``write_if_due`` writes, if no long rest has begun.
    """

    def __init__(self, frontier: Frontier, permits: Permits, *, every_s: float = 15.0) -> None:
        self._frontier = frontier
        self._permits = permits
        self._every_s = every_s
        self._due_at = 0.0

    async def recall(self, sites: Sequence[str] | None = None) -> dict[str, Learned]:
        """Let ``sites`` (by default all) start from what was noted about them, and return that.

        A malformed note is ignored.
        """
        notes = await self._frontier.notes(sites)
        learned = {site: found for site, note in notes.items() if (found := learned_from(note))}
        self._permits.recall(learned)
        return learned

    async def write_if_due(self, now: float) -> None:
        """Write every ``every_s``, and as soon as a site is to rest, which outlives a kill then."""
        if now >= self._due_at or self._permits.rests.long:
            self._due_at = now + self._every_s
            await self.write()

    async def write(self) -> None:
        """Note what was learned since the last call."""
        learned = self._permits.take_learned()
        if learned:
            await self._frontier.note({site: what.data() for site, what in learned.items()})
