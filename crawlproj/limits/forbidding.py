"""Tells 403s of a limiter from those of a ban, and from those of forbidden pages. Pure."""

from __future__ import annotations

from enum import Enum

_MORE, _MOST = 4, 256  # times, and at most: 403s in a row until a known page is asked for
_WAIT_S, _SHORT_WAIT_S = 30.0, 10.0  # at first, and where 403 is known to be a limit
_STRIKES = 3  # waits that are each twice as long


class Sense(Enum):
    """The sense of a 403."""

    OWN = "own"
    """The page is forbidden."""
    UNKNOWN = "unknown"
    """Ask for a page that the site has answered before, and tell ``on_known``."""
    PENDING = "pending"
    """That has been asked for: ask for this one again in a moment."""
    BLOCKED = "blocked"
    """The site answers nothing now: wait for ``wait_s``."""
    BANNED = "banned"
    """The site forbids us: leave it alone."""


class Forbidding:
    """Watches the 403s of a site that has answered pages.

    HAProxy's ``deny`` and Apache's mod_evasive answer 403 to what comes too fast, and so do
    firewalls that ban us. If a page that was answered before is forbidden too, the site *blocks*
    us. It is left alone for 30 s, then one request asks whether that is over; after two more such
    times, of 60 and 120 s, it is a ban. If a request is answered, 403 is a limit, and each one
    means to wait, for 10 s, unless the page was refused before and a known one is answered.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_asking",
        "_blocked_at",
        "_in_a_row",
        "_limits",
        "_needed",
        "_strikes",
        "is_banned",
    )

    def __init__(self) -> None:
        self.is_banned = False
        self._in_a_row = 0
        self._needed = 1
        self._asking = False
        self._blocked_at: float | None = None
        self._strikes = 0
        self._limits = False

    @property
    def wait_s(self) -> float:
        """Seconds to leave the site alone."""
        return (_SHORT_WAIT_S if self._limits else _WAIT_S) * 2.0**self._strikes

    def on_answer(self, started_at: float) -> None:
        """Note that a request that was sent then was answered."""
        self._in_a_row = 0
        if self._blocked_at is not None and started_at > self._blocked_at:
            self._blocked_at, self._strikes, self._limits = None, 0, True

    def on_403(self, started_at: float, now: float, *, again: bool) -> Sense:
        """Note a 403 to a request that was sent then.

        again: whether the page was refused before.
        """
        if self.is_banned:
            return Sense.OWN
        if self._blocked_at is not None:
            if started_at > self._blocked_at:
                self._strikes += 1
                self._blocked_at = now
                self.is_banned = self._strikes >= _STRIKES
            return Sense.BANNED if self.is_banned else Sense.BLOCKED
        if self._asking:
            return Sense.PENDING
        self._in_a_row += 1
        if self._limits and not again:
            self._blocked_at = now
            return Sense.BLOCKED
        if self._limits or self._in_a_row >= self._needed:
            self._asking = True
            return Sense.UNKNOWN
        return Sense.OWN

    def on_known(self, now: float, *, forbidden: bool) -> Sense:
        """Note how a page ended that was answered before; return the sense of the 403."""
        self._asking = False
        if not forbidden:
            self._needed = min(_MOST, _MORE * self._needed)
            return Sense.OWN
        self._blocked_at = now
        return Sense.BLOCKED
