"""How a request ended, and what that says about its site. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.limits.headers import RatePolicy


class Verdict(Enum):
    """How a request ended, as evidence about the site."""

    OK = "ok"
    """An answer: any page, found or not."""
    IGNORED = "ignored"
    """Nothing: the request was cancelled or never sent."""
    THROTTLED = "throttled"
    """A refusal of too many requests a second: 429, and what a site answers instead of it."""
    OVERLOADED = "overloaded"
    """Too much at once, or no answer: 503, a reset, a time-out."""


FAILED = (Verdict.THROTTLED, Verdict.OVERLOADED)
"""The verdicts on a request that was refused or failed. No set: an enum's hash takes longer."""


@dataclass(slots=True)  # not frozen: that makes it three times as expensive
class Ending:
    """How a request ended.

    rtt_s: seconds from sending the request to the first byte of the answer; 0 without an answer.
    retry_after_s: seconds the site asks to wait; None if it does not ask.
    policy: the quota that the site announced, if any.
    lag_s: seconds by which ``rtt_s`` may be wrong because our own event loop was busy.
    is_up: of an overload, whether it shows that the site is not away.
    at_once: whether it refuses too much at once, although with 429.
    tries: whether to ask for the page again soon, because it need not be the page that failed.
    is_page: of an answer, whether it is neither a redirect nor an error.
    """

    verdict: Verdict
    rtt_s: float = 0.0
    retry_after_s: float | None = None
    policy: RatePolicy | None = None
    lag_s: float = 0.0
    is_up: bool = False
    at_once: bool = False
    tries: bool = False
    is_page: bool = True


NOTHING_LEARNED = Ending(Verdict.IGNORED)
"""Of a request that says nothing about its site."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A wait that a site asked for: when, for how many seconds, and whether by a 429."""

    at: float
    seconds: float
    throttled: bool
