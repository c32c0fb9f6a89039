"""The requests a second that a site announces as its quota. Pure."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.limits.headers import RatePolicy

_SHARE = 0.98  # of an announced rate, to stay clear of the site's rounding
_KEPT = 1.2  # requests of a quota that stay unused: after the last one, we wait for the reset
_FULL = 0.75  # of the quota
_LEAST = 0.95  # of that share, whatever remains


class Announced:
    """Spreads what remains of a quota until its reset.

    A *sliding* window goes on letting requests through as others leave it, but may announce a reset
    as far away as if it were a fixed one. What remains, spread until then, is half of the quota at
    rest. Besides, a reset in less than a second is announced as one in a second. So once the first
    reset has passed, the longest one seen is taken for the length of the window. No window lets
    less through than its quota in that time, so nearly as much is sent, whatever remains.

    Times are seconds on the caller's clock.
    """

    __slots__ = ("_first_at", "_longest_s", "_most")

    def __init__(self) -> None:
        self._first_at = inf  # the first reset announced
        self._longest_s = 0.0  # until a reset
        self._most = 1.0  # requests that a window is known to let through

    def rate_of(self, now: float, policy: RatePolicy) -> float:
        """Return requests/s; infinite if the quota does not bound them now."""
        remaining, reset_s, quota_rate = policy.remaining, policy.reset_s, policy.rate
        if remaining is None or not reset_s:
            return inf if quota_rate is None else _SHARE * quota_rate
        if self._first_at == inf:
            self._first_at = now + reset_s
        self._most = max(self._most, 1 + remaining, policy.quota or 0)
        self._longest_s = max(self._longest_s, reset_s)
        is_known = now >= self._first_at
        if is_known and quota_rate is None and policy.quota:
            # Resets are rounded up to seconds.
            quota_rate = policy.quota / (int(self._longest_s) or self._longest_s)
        usual = inf
        if quota_rate is not None:
            # A token bucket stays nearly full, so nothing need be kept back.
            kept = 0.0 if remaining >= _FULL * self._most else _KEPT
            usual = quota_rate * min(_SHARE, max(0.5, 1 - kept / self._most))
        if remaining < 1 or (quota_rate is not None and remaining >= quota_rate * reset_s / 2):
            return usual
        # A little faster with half of it left, or part of the quota would stay unused.
        ample = policy.quota is not None and 2 * remaining >= policy.quota
        spread = (1.1 if ample else 1.0) * remaining / reset_s
        least = _LEAST * usual if is_known and usual < inf else 0.0
        return min(usual, max(spread, least))
