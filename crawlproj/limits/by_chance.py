"""Tells pages that fail by chance from those that are broken. Pure."""

from __future__ import annotations

_FORGETTING = 1 / 64  # of what was counted, with each request
_PRIOR = 8.0  # answers; before any, a site is not believed to fail by chance
_FEWEST = 2.5  # pages answered later, so three: a page or two that fail once do not make a site
_BROKEN = 1e-6  # a page that failed so often that chance is as unlikely as this


class ByChance:
    """Counts how often a site fails to answer a page, and answers it another time.

    One broken server of several, behind a load balancer, fails its share of the requests, whatever
    they ask for. A page that is broken fails each time. So requests fail by chance as often as
    pages fail the first time they are asked for, times the share of them that is answered later.
    """

    __slots__ = ("_again", "_answered_later", "_failed", "_first")

    def __init__(self) -> None:
        self._first = _PRIOR  # pages asked for the first time
        self._failed = 0.0  # of them
        self._again = 1.0  # pages asked for again: one more than there were, which failed
        self._answered_later = 0.0  # of them

    def note(self, *, failed: bool, again: bool) -> None:
        """Note the end of a request; again: whether the page had failed before."""
        if again:
            self._again += 1 - _FORGETTING * self._again
            self._answered_later += (not failed) - _FORGETTING * self._answered_later
        else:
            self._first += 1 - _FORGETTING * self._first
            self._failed += failed - _FORGETTING * self._failed

    def explains(self, failures: int) -> bool:
        """Return whether a page may have failed so often, and not be broken.

        That is false until three pages that failed were answered later.
        """
        if self._answered_later < _FEWEST:
            return False
        share = self._failed / self._first * self._answered_later / self._again
        return share**failures > _BROKEN
