"""The rate limiters of a simulated site: token bucket, fixed and sliding window, penalty. Pure.

Each admits ``rate`` requests/s on average and rejects the others. Times are seconds on the caller's
clock, which never goes back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from math import ceil, floor, inf


@dataclass(frozen=True, slots=True)
class Quota:
    """A limiter's report to clients: ``remaining`` of ``quota``, and the time to its reset."""

    quota: int
    window_s: int
    remaining: int
    reset_s: int

    def headers(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return the quota as response headers, names and values.

        kind: "draft" (draft-ietf-httpapi-ratelimit-headers-10: RateLimit and RateLimit-Policy),
            "x" (X-RateLimit-*, the reset in seconds from now) or "" (none).
        """
        if kind == "draft":
            return (
                ("RateLimit-Policy", f'"default";q={self.quota};w={self.window_s}'),
                ("RateLimit", f'"default";r={self.remaining};t={self.reset_s}'),
            )
        if kind == "x":
            return (
                ("X-RateLimit-Limit", str(self.quota)),
                ("X-RateLimit-Remaining", str(self.remaining)),
                ("X-RateLimit-Reset", str(self.reset_s)),
            )
        return ()


class Limiter(ABC):
    """Admits or rejects requests, on average ``rate`` a second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    @abstractmethod
    def admit(self, now: float) -> bool:
        """Admit and count one request if there is room; returns whether it did."""

    @abstractmethod
    def wait_s(self, now: float) -> float:
        """Return the seconds until the next request would be admitted."""

    @abstractmethod
    def quota(self, now: float) -> Quota:
        """Return the quota as clients see it."""

    def set_rate(self, now: float, rate: float) -> None:  # noqa: ARG002 - the bucket needs it
        """Change the rate from now on."""
        self.rate = rate


class Bucket(Limiter):
    """A token bucket, full at the start.

    burst: its size in requests, at least 1; 0 for one second's worth.
    """

    def __init__(self, rate: float, burst: float, start: float) -> None:
        super().__init__(rate)
        self._burst = burst
        self._tokens = self._size
        self._filled_at = start

    @property
    def _size(self) -> float:
        return max(1.0, self._burst or self.rate)

    def _fill(self, now: float) -> None:
        more = (now - self._filled_at) * self.rate
        self._tokens = min(self._size, self._tokens + more)
        self._filled_at = now

    def set_rate(self, now: float, rate: float) -> None:
        self._fill(now)
        self.rate = rate

    def admit(self, now: float) -> bool:
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait_s(self, now: float) -> float:
        self._fill(now)
        return max(0.0, 1 - self._tokens) / self.rate if self.rate else inf

    def quota(self, now: float) -> Quota:
        self._fill(now)
        rate = self.rate or 1e-6
        return Quota(
            quota=floor(self._size),
            window_s=max(1, ceil(self._size / rate)),
            remaining=floor(self._tokens),
            reset_s=ceil((self._size - self._tokens) / rate),
        )


class FixedWindow(Limiter):
    """Admits rate · window_s requests in each window; the first window begins at ``start``."""

    def __init__(self, rate: float, window_s: float, start: float) -> None:
        super().__init__(rate)
        self._window_s = window_s
        self._start = start
        self._window = 0
        self._count = 0

    @property
    def _max(self) -> int:
        return max(1, round(self.rate * self._window_s))

    def _advance(self, now: float) -> None:
        window = floor((now - self._start) / self._window_s + 1e-6)
        if window != self._window:
            self._window = window
            self._count = 0

    def admit(self, now: float) -> bool:
        self._advance(now)
        if self._count >= self._max:
            return False
        self._count += 1
        return True

    def _left_s(self, now: float) -> float:
        return max(0.0, self._start + (self._window + 1) * self._window_s - now)

    def wait_s(self, now: float) -> float:
        self._advance(now)
        return self._left_s(now) if self._count >= self._max else 0.0

    def quota(self, now: float) -> Quota:
        self._advance(now)
        return Quota(
            quota=self._max,
            window_s=ceil(self._window_s),
            remaining=max(0, self._max - self._count),
            reset_s=ceil(self._left_s(now)),
        )


class SlidingWindow(Limiter):
    """Admits rate · window_s requests in any ``window_s`` seconds."""

    def __init__(self, rate: float, window_s: float) -> None:
        super().__init__(rate)
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    @property
    def _max(self) -> int:
        return max(1, round(self.rate * self._window_s))

    def _forget(self, now: float) -> None:
        while self._admitted and self._admitted[0] <= now - self._window_s + 1e-6:
            self._admitted.popleft()

    def admit(self, now: float) -> bool:
        self._forget(now)
        if len(self._admitted) >= self._max:
            return False
        self._admitted.append(now)
        return True

    def wait_s(self, now: float) -> float:
        self._forget(now)
        over = len(self._admitted) - self._max
        return self._admitted[over] + self._window_s - now if over >= 0 else 0.0

    def quota(self, now: float) -> Quota:
        self._forget(now)
        first = self._admitted[0] if self._admitted else now
        return Quota(
            quota=self._max,
            window_s=ceil(self._window_s),
            remaining=max(0, self._max - len(self._admitted)),
            reset_s=ceil(first + self._window_s - now) if self._admitted else 0,
        )


class Penalty(Limiter):
    """Rejects everything for ``penalty_s`` after a request that ``limiter`` rejects."""

    def __init__(self, limiter: Limiter, penalty_s: float) -> None:
        super().__init__(limiter.rate)
        self._limiter = limiter
        self._penalty_s = penalty_s
        self._until = -inf

    def set_rate(self, now: float, rate: float) -> None:
        super().set_rate(now, rate)
        self._limiter.set_rate(now, rate)

    def admit(self, now: float) -> bool:
        if now < self._until:
            return False
        admitted = self._limiter.admit(now)
        if not admitted:
            self._until = now + self._penalty_s
        return admitted

    def wait_s(self, now: float) -> float:
        return self._until - now if now < self._until else self._limiter.wait_s(now)

    def quota(self, now: float) -> Quota:
        return self._limiter.quota(now)
