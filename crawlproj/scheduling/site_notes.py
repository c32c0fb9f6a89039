"""What was learned of sites, written down in a frontier and recalled from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.learned import learned_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.base import Frontier
    from crawlproj.limits.learned import Learned
    from crawlproj.limits.permits import Permits


class SiteNotes:
    """Carries what the permits learn between them and the frontier's notes."""

    def __init__(self, frontier: Frontier, permits: Permits) -> None:
        self._frontier = frontier
        self._permits = permits

    async def recall(self, sites: Sequence[str] | None = None) -> dict[str, Learned]:
        """Let ``sites`` (all) start from what was noted of them, and return that.

        A malformed note is ignored.
        """
        notes = await self._frontier.notes(sites)
        learned = {site: found for site, note in notes.items() if (found := learned_from(note))}
        self._permits.recall(learned)
        return learned

    async def write(self) -> None:
        """Note what was learned since the last call."""
        learned = self._permits.take_learned()
        if learned:
            await self._frontier.note({site: what.data() for site, what in learned.items()})
