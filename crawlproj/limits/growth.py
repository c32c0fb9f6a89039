"""How a rate that was measured grows until more is refused (CUBIC). Pure."""

from __future__ import annotations

from math import inf, isfinite

PROBE = 0.08
"""How much more than the peak is tried after twice the hold."""
_USED = 0.7  # of the starts that the rate allows: with fewer, nothing shows that more is accepted


class Growth:
    """A rate that grows while it is used: CUBIC (RFC 9438 §4.1) in relative form.

    With ``peak`` the measured rate, ``hold_s`` the seconds it takes to return to it and
    x = t / hold_s - 1, ``rate(t) = peak · (1 + (1 - start/peak) · x³)``: flat around the peak, then
    ever faster.

    rate: requests/s; infinite until it is set. changed_at: when it was last set, as ``begin`` says.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_allowed",
        "_grown_s",
        "_start",
        "_started",
        "changed_at",
        "hold_s",
        "peak",
        "rate",
    )

    def __init__(self, hold_s: float) -> None:
        self.rate = self.peak = self._start = inf
        self.hold_s = hold_s
        self.changed_at = -inf
        self._started = 0  # since then
        self._allowed = 0.0  # starts the rate allowed since then: whether it is used
        self._grown_s = 0.0  # seconds after changed_at up to which _allowed counts

    def set(self, rate: float, peak: float, hold_s: float) -> None:
        """Start from ``rate``, and reach ``peak`` after ``hold_s`` seconds; see ``begin``."""
        self.rate = self._start = rate
        self.peak = peak
        self.hold_s = hold_s

    def begin(self, now: float) -> None:
        """Count from ``now`` how much the rate is used: it has just changed."""
        self.changed_at = now
        self._started = 0
        self._allowed = self._grown_s = 0.0

    def forget(self) -> None:
        """Let the rate be infinite again."""
        self.rate = self.peak = self._start = inf

    def on_start(self) -> None:
        """Count a request that starts."""
        self._started += 1

    def is_probing(self, now: float, blocked_until: float) -> bool:
        """Return whether the peak was due before ``now``, so that more than it is tried.

        blocked_until: before it, nothing started.
        """
        return now - max(self.changed_at, blocked_until) > self.hold_s

    def grow(self, now: float, blocked_until: float, beyond: float | None) -> None:
        """Let the rate grow with the time since it changed, if it is used.

        blocked_until: before it, nothing started. beyond: replaces 1 - start/peak beyond the peak.
        """
        since_s = now - max(self.changed_at, blocked_until)
        if since_s <= 0 or not isfinite(since_s):
            return
        self._allowed += self.rate * (since_s - self._grown_s)
        self._grown_s = since_s
        if self._started < _USED * self._allowed:
            return
        x = since_s / self.hold_s - 1
        steep = beyond if x > 0 and beyond is not None else max(PROBE, 1 - self._start / self.peak)
        self.rate = max(self.rate, self.peak * (1 + steep * x**3))
