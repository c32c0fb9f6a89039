"""Tells whether drops come with too many requests at once, or have another cause. Pure."""

from __future__ import annotations

from math import log

# Times the share of drops before, if less in flight does not help, and if it does. That share is
# too high, because a cut comes when more are dropped than usual, and never taken for more than 0.4.
_SAME, _FEWER, _HIGHEST = 0.6, 0.15, 0.4
_EVIDENCE = 3.0  # log of a likelihood ratio: wrong about once in twenty times (Wald, 1945)
_LOOKS = (0.5, 0.0)  # times the limit, at least one request
# Shares of drops in the looks: of a site with another cause, and of one that drops so many single
# requests because it limits their rate, or is down. The evidence that decides between them.
_SOME, _MOST, _ENOUGH = 0.3, 0.6, 2.0


class DropCause:
    """Compares the drops of a site before and after its limit was cut.

    One of several servers that is broken, behind a load balancer, drops its share of the requests
    whatever is in flight. A site that is asked for too much at once drops fewer with less. If a cut
    seems not to help, the limit *looks*: at half of what is in flight, then at single requests. If
    these are dropped as often, the drops have another cause.

    Each time, two hypotheses are compared: that the share of drops is 0.6 of the one before, and
    that it is 0.15 of it (Wald's sequential test, "Sequential Tests of Statistical Hypotheses",
    1945). With 0.2 before, 15 requests decide on average if the share is still 0.2, 31 if it is 0.

    look: the part of the limit to look at; 1 for no look.
    """

    __slots__ = (
        "_before",
        "_before_dropped",
        "_dropped",
        "_evidence",
        "_looked",
        "_looked_dropped",
        "_looks",
        "_seen",
        "look",
    )

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.look = 1.0
        self._looks = list(_LOOKS)  # those left
        self._before = self._before_dropped = 0.0  # requests until the latest cut or look
        self._seen = self._dropped = 0  # requests since
        self._looked = self._looked_dropped = 0  # requests of all looks
        self._evidence = 0.0  # that as many are dropped

    def on_cut(self, seen: float, dropped: float) -> None:
        """Note that the limit is cut, because ``dropped`` of ``seen`` requests were dropped.

        Another cut before the cause is known changes nothing: the first one did not help.
        """
        if not self._before:
            self._before, self._before_dropped = seen, dropped

    def _begin_look(self) -> None:
        self.look, *self._looks = self._looks
        self._before += self._seen
        self._before_dropped += self._dropped
        self._seen = self._dropped = 0
        self._evidence = 0.0

    def on_end(self, *, dropped: bool) -> float | None:
        """Note the end of a request that was sent since the latest cut or look.

        Returns the share of drops with another cause once it is known, 0 if there are none.
        """
        if not self._before:
            return None
        self._seen += 1
        self._dropped += dropped
        if self.look < 1:
            self._looked += 1
            self._looked_dropped += dropped
        share = min(_HIGHEST, self._before_dropped / self._before)
        self._evidence += _log_ratio(dropped, 1, _SAME * share, _FEWER * share)
        if self._evidence <= -_EVIDENCE:
            self._begin()
            return 0.0
        if self._evidence < _EVIDENCE:
            return None
        if self._looks:
            self._begin_look()
            return None
        some = _log_ratio(self._looked_dropped, self._looked, _SOME, _MOST)
        if abs(some) < _ENOUGH:
            return None
        found = self._looked_dropped / self._looked
        self._begin()
        return found if some > 0 else 0.0


def _log_ratio(dropped: int, seen: int, share: float, other: float) -> float:
    """Return the log of how much likelier the drops are with one share than with the other."""
    return dropped * log(share / other) + (seen - dropped) * log((1 - share) / (1 - other))
