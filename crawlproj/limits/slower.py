"""Tells whether a site refuses as much at a lower rate. Pure."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLOWER = 3.0  # times the seconds for each answer before
_SAME, _FEWER = 0.2, 0.04  # shares of refusals, if a lower rate does not help, and if it does
_EVIDENCE = 3.0  # log of a likelihood ratio: wrong about once in twenty times (Wald, 1945)


class Slower:
    """Watches a site that is asked at a lower rate because it refused what came too fast.

    A limiter of the rate accepts what comes at a third of the rate at which it has answered; where
    requests fail by chance, as many do. So two hypotheses are compared on the requests that come so
    much later than one that was answered: that 20 % of them are refused, and 4 % (Wald's sequential
    test). Further refusals in a row do not count, because some limiters refuse for a while.

    latest: of the latest requests before it was believed to limit its rate, when each started, and
    whether it was refused; at least one. Times are seconds.
    """

    __slots__ = ("_after_s", "_answered_at", "_evidence")

    def __init__(self, latest: Sequence[tuple[float, bool]]) -> None:
        span_s = max(at for at, _ in latest) - min(at for at, _ in latest)
        self._after_s = _SLOWER * span_s / max(1, sum(not refused for _, refused in latest))
        self._answered_at = inf  # the start of the request before; infinite if it was refused
        self._evidence = 0.0  # that as many are refused

    def note(self, started_at: float, *, refused: bool) -> bool:
        """Note a request that was answered or refused; return whether its rate is not the cause."""
        if started_at - self._answered_at >= self._after_s and self._evidence > -_EVIDENCE:
            share, other = (_SAME, _FEWER) if refused else (1 - _SAME, 1 - _FEWER)
            self._evidence += log(share / other)
        self._answered_at = inf if refused else started_at
        return self._evidence >= _EVIDENCE
