"""What was learned of a site, small enough to keep for very many and to write down. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf, isfinite

_FORGET_MORE_S = 600.0  # half-life of a limit above the start: sites get weaker unseen
_FORGET_LESS_S = 3600.0  # of one below: a site that could not bear more is asked gently for longer
_RATE_KEPT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Learned:
    """A limit (requests in flight), a rate (requests/s) and when they held (unix seconds).

    unloaded_s: time to the first byte when there is no queue; 0 if unknown.
    delay_s: seconds between two starts, 0 for none: what a site asked for, or was given.
    """

    limit: float
    rate: float
    unloaded_s: float
    at: float
    delay_s: float = 0.0

    def limit_at(self, now: float, start: float) -> float:
        """Return the limit to go on from: the older it is, the nearer to ``start``."""
        half_life_s = _FORGET_MORE_S if self.limit > start else _FORGET_LESS_S
        kept = 0.5 ** (max(0.0, now - self.at) / half_life_s)
        return float(start + (self.limit - start) * kept)

    def rate_at(self, now: float) -> float:
        """Return the rate, infinite (unknown) when it is over an hour old."""
        return self.rate if now - self.at < _RATE_KEPT_S else inf

    def data(self) -> str:
        """Return it as JSON: four numbers, null for an infinite rate; a fifth is the delay."""
        rate = _rounded(self.rate) if isfinite(self.rate) else None
        found = [_rounded(self.limit), rate, _rounded(self.unloaded_s), round(self.at, 1)]
        return json.dumps([*found, _rounded(self.delay_s)] if self.delay_s else found)


def learned_from(data: str) -> Learned | None:
    """Return what ``Learned.data`` wrote; None if it is malformed."""
    try:
        limit, rate, unloaded_s, at, *rest = json.loads(data)
        (delay_s,) = rest or (0.0,)
        found = Learned(
            float(limit),
            inf if rate is None else float(rate),
            float(unloaded_s),
            float(at),
            float(delay_s),
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    finite = all(map(isfinite, (found.limit, found.at, found.unloaded_s, found.delay_s)))
    return (
        found
        if finite
        and found.limit > 0
        and found.rate > 0
        and found.unloaded_s >= 0
        and found.delay_s >= 0
        else None
    )


def _rounded(value: float) -> float:
    """Return ``value`` to four digits, however small it is."""
    return float(f"{value:.4g}")
