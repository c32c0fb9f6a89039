"""The rate limiters of a simulated site: token bucket, fixed window, sliding window. Pure.

Each lets ``rate`` requests/s through on average and says the rest to come back later. Times are
seconds on the caller's clock, never decreasing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from math import ceil, floor, inf


@dataclass(frozen=True, slots=True)
class Quota:
    """What a limiter tells its clients: ``remaining`` of ``quota`` per window, anew in reset_s."""

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
    """Lets requests through or not."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    @abstractmethod
    def admit(self, now: float) -> bool:
        """Let one request through and count it, if there is room."""

    @abstractmethod
    def wait_s(self, now: float) -> float:
        """Return the seconds until there is room for one."""

    @abstractmethod
    def quota(self, now: float) -> Quota:
        """Return what is left."""

    def set_rate(self, now: float, rate: float) -> None:  # noqa: ARG002 - the bucket needs it
        """Let ``rate`` requests/s through from now on."""
        self.rate = rate


class Bucket(Limiter):
    """A token bucket that is full at the start.

    burst: its size; 0 is one second's worth. It always holds at least one token.
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
    """Lets rate · window_s through in each window; windows follow each other from the start."""

    def __init__(self, rate: float, window_s: float, start: float) -> None:
        super().__init__(rate)
        self._window_s = window_s
        self._start = start
        self._window = 0
        self._count = 0

    @property
    def _most(self) -> int:
        return max(1, round(self.rate * self._window_s))

    def _turn(self, now: float) -> None:
        window = floor((now - self._start) / self._window_s + 1e-6)
        if window != self._window:
            self._window = window
            self._count = 0

    def admit(self, now: float) -> bool:
        self._turn(now)
        if self._count >= self._most:
            return False
        self._count += 1
        return True

    def _left_s(self, now: float) -> float:
        return max(0.0, self._start + (self._window + 1) * self._window_s - now)

    def wait_s(self, now: float) -> float:
        self._turn(now)
        return self._left_s(now) if self._count >= self._most else 0.0

    def quota(self, now: float) -> Quota:
        self._turn(now)
        return Quota(
            quota=self._most,
            window_s=ceil(self._window_s),
            remaining=max(0, self._most - self._count),
            reset_s=ceil(self._left_s(now)),
        )


class SlidingWindow(Limiter):
    """Lets rate · window_s through in any ``window_s`` seconds."""

    def __init__(self, rate: float, window_s: float) -> None:
        super().__init__(rate)
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    @property
    def _most(self) -> int:
        return max(1, round(self.rate * self._window_s))

    def _forget(self, now: float) -> None:
        while self._admitted and self._admitted[0] <= now - self._window_s + 1e-6:
            self._admitted.popleft()

    def admit(self, now: float) -> bool:
        self._forget(now)
        if len(self._admitted) >= self._most:
            return False
        self._admitted.append(now)
        return True

    def wait_s(self, now: float) -> float:
        self._forget(now)
        over = len(self._admitted) - self._most
        return self._admitted[over] + self._window_s - now if over >= 0 else 0.0

    def quota(self, now: float) -> Quota:
        self._forget(now)
        first = self._admitted[0] if self._admitted else now
        return Quota(
            quota=self._most,
            window_s=ceil(self._window_s),
            remaining=max(0, self._most - len(self._admitted)),
            reset_s=ceil(first + self._window_s - now) if self._admitted else 0,
        )
