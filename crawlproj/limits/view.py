"""The state of a site, for displays and reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from crawlproj.limits.rests import MIN_REST_S

if TYPE_CHECKING:
    from crawlproj.limits.site import SiteControl


@dataclass(frozen=True, slots=True)
class SiteView:
    """The state of a site.

    in_flight: requests. limit: requests that may be in flight. rate: requests/s, infinite if
    unlimited. blocked_s: seconds until a request may start. state: "open", "limited" (by rate),
    "resting" (for over a second), or "down" (only canaries are sent).
    rate_by: "delay" if a delay between two starts bounds the rate; else as in ``RateLimit.by``.
    """

    in_flight: int
    limit: float
    rate: float
    blocked_s: float
    state: str
    rate_by: str = ""


def view_of(control: SiteControl, now: float) -> SiteView:
    """Return the state of the site of ``control``."""
    blocked_s = max(0.0, control.ready_at() - now)
    if control.down:
        state = "down"
    elif blocked_s > MIN_REST_S:
        state = "resting"
    else:
        state = "limited" if control.rate < inf else "open"
    return SiteView(
        control.in_flight, control.limit, control.rate, blocked_s, state, _rate_by(control)
    )


def _rate_by(control: SiteControl) -> str:
    rate = control.rate_limit
    if control.delay_s and (rate is None or rate.rate * control.delay_s >= 1):
        return "delay"
    return rate.by if rate is not None else ""
