"""Tells 403s of a limiter from those of a ban, and from those of forbidden pages. Pure."""

from __future__ import annotations

from enum import Enum

CALM_S = 1.0
"""Seconds in which nothing is sent to a site before it is asked for a page that it refused.

A limiter that counts by the second has then begun to count anew.
"""
# Firewalls count over up to five minutes, and the five waits together are a little longer. The
# first is short, because the rate that a site accepts is measured with the wait in it.
_WAIT_S = 10.0
_STRIKES = 5  # waits that are each twice as long
_MORE, _MOST = 4, 256  # times, and at most: 403s from one trial to the next
_NO_LIMIT = 3  # trials in a row that found the page's own 403


class Sense(Enum):
    """The sense of a 403."""

    OWN = "own"
    """The page is forbidden."""
    UNKNOWN = "unknown"
    """Try it: ask for the page again after a calm, then for a known one; tell ``on_trial``."""
    PENDING = "pending"
    """Ask for the page again in a moment: another one is on trial."""
    TOO_FAST = "too-fast"
    """The site limits its rate, and accepts again at once: this is a 429."""
    BLOCKED = "blocked"
    """The site answers nothing now: wait for ``wait_s``."""
    BANNED = "banned"
    """The site forbids us: leave it alone."""


class Trial(Enum):
    """The outcome of asking again for a page that was forbidden."""

    ANSWERED = "answered"
    FORBIDDEN = "forbidden"
    """As before, while a page that was answered before is answered still."""
    ALL_FORBIDDEN = "all-forbidden"
    """As before, and so is a page that was answered before."""
    NOTHING = "nothing"
    """No answer that says anything."""


class Forbidding:
    """Watches the 403s of a site that has answered pages.

    HAProxy's ``deny`` and Apache's mod_evasive answer 403 to what comes too fast, and so do
    firewalls that ban us. The page that was refused tells: after a moment of calm, a limiter that
    accepts again at once answers it. Then each 403 means too fast, as a 429 does. If the page is
    forbidden still, and so is one that was answered before, the site *blocks* us. It is left alone
    for 10 s, then one request asks whether that is over; after four more such times, of 20, 40, 80
    and 160 s, it is a ban. If a request is answered, each 403 means to wait, for 10 s at first.

    If only the page is forbidden, that is its own, and so are the next three 403s; then one is
    tried again, and the 16th, 64th and each 256th after that. Where 403 was found to be a limit, no
    page is believed to be forbidden before it was so twice, and if three trials in a row find that
    it was, the rate is left alone.

    Times are seconds on the caller's clock.
    """

    __slots__ = (
        "_blocked_at",
        "_blocks",
        "_has_limited",
        "_interval",
        "_limits",
        "_own_in_a_row",
        "_since_trial",
        "_strikes",
        "_trying",
        "is_banned",
    )

    def __init__(self) -> None:
        self.is_banned = False
        self._trying = False
        self._interval = 1  # 403s from one trial to the next
        self._since_trial = 0
        self._own_in_a_row = 0  # trials
        self._limits = self._has_limited = False
        self._blocks = False  # for a while, where it limits
        self._blocked_at: float | None = None
        self._strikes = 0

    @property
    def wait_s(self) -> float:
        """Seconds to leave the site alone."""
        return _WAIT_S * 2.0**self._strikes

    def on_answer(self, started_at: float, *, again: bool) -> None:
        """Note that a request that was sent then was answered.

        again: whether its page was forbidden before.
        """
        if self._blocked_at is not None:
            if started_at > self._blocked_at:
                self._blocked_at, self._strikes, self._blocks = None, 0, True
                self._on_limit()
        elif again:
            self._on_limit()

    def on_403(self, started_at: float, now: float, *, again: bool) -> Sense:
        """Note a 403 to a request that was sent then.

        again: whether the page was forbidden before.
        """
        if self.is_banned:
            return Sense.OWN
        if self._blocked_at is not None:
            if started_at > self._blocked_at:
                self._strikes += 1
                self._blocked_at = now
                self.is_banned = self._strikes >= _STRIKES
            return Sense.BANNED if self.is_banned else Sense.BLOCKED
        if self._trying:
            return Sense.PENDING
        self._since_trial += 1
        if self._limits and not again:
            return self._refused(now)
        if self._interval > 1 and again and not self._limits:
            return Sense.OWN
        if self._limits or self._since_trial >= self._interval:
            self._trying = True
            return Sense.UNKNOWN
        return Sense.PENDING if self._has_limited else Sense.OWN

    def on_trial(self, now: float, outcome: Trial) -> Sense:
        """Note how the trial of a page ended; return the sense of its 403."""
        self._trying = False
        self._since_trial = 0
        if outcome is Trial.ANSWERED:
            self._on_limit()
            return self._refused(now)
        if outcome is Trial.ALL_FORBIDDEN:
            self._blocked_at = now
            return Sense.BLOCKED
        if outcome is Trial.NOTHING:
            return Sense.PENDING
        self._interval = min(_MOST, _MORE * self._interval)
        self._own_in_a_row += 1
        if self._own_in_a_row >= _NO_LIMIT:
            self._limits = False
        return Sense.OWN

    def _on_limit(self) -> None:
        self._limits = self._has_limited = True
        self._interval, self._own_in_a_row = 1, 0

    def _refused(self, now: float) -> Sense:
        """Return the sense of a 403 where it is a limit."""
        if not self._blocks:
            return Sense.TOO_FAST
        self._blocked_at = now
        return Sense.BLOCKED
