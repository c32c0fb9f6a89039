"""The requests in flight at one site, by their permits. Pure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit


class InFlight:
    """The permits that are taken, by when their requests were sent.

    A request that has no answer for long is *lost*: its permit is still taken, but it no longer
    counts as *live*, because it no longer burdens the site.

    live, lost: permits, oldest first; for reading only.
    """

    __slots__ = ("live", "lost")

    def __init__(self) -> None:
        self.live: dict[Permit, None] = {}
        self.lost: dict[Permit, None] = {}

    def add(self, permit: Permit) -> None:
        """Add a permit, which is the newest."""
        self.live[permit] = None

    def renew(self, permit: Permit) -> None:
        """Make a live permit the newest, because its request is sent now."""
        del self.live[permit]
        self.live[permit] = None

    def remove(self, permit: Permit) -> bool:
        """Remove a permit; return whether it was lost. Raises KeyError if it is not here."""
        if permit.lost:
            del self.lost[permit]
            return True
        del self.live[permit]
        return False

    def oldest(self) -> Permit | None:
        """Return the permit whose request was sent first and has no answer, unless it is lost."""
        for permit in self.live:
            if permit.sent and not permit.answered:
                return permit
        return None

    def waiting_canaries(self) -> int:
        """Return how many canaries were written to a connection and have no answer."""
        permits = chain(self.live, self.lost)
        return sum(each.canary and each.written and not each.answered for each in permits)

    def lose(self, sent_until: float) -> Permit | None:
        """Return a permit that is lost now, if there is one.

        It is, if its request was sent by ``sent_until`` and has no answer. Call this again then.
        """
        permit = self.oldest()
        if permit is None or permit.started_at > sent_until:
            return None
        del self.live[permit]
        permit.lost = True
        self.lost[permit] = None
        return permit

    def find(self, sent_after: float) -> None:
        """Let the lost permits that may wait in a queue be live again.

        They may if their requests were sent after ``sent_after`` (seconds) and at most one later
        request was answered. Each is in flight together with those before it.
        """
        queued = [each for each in self.lost if each.started_at > sent_after and each.passed < 2]
        for number, permit in enumerate(queued, 1):
            del self.lost[permit]
            permit.lost = False
            permit.in_flight = max(permit.in_flight, number)
        self.live = dict.fromkeys(queued) | self.live
