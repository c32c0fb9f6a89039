"""The bounds of a site at this moment, and since when they hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.limits.decisions import Decision
    from crawlproj.limits.ending import Asked
    from crawlproj.limits.site import SiteControl


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """The bounds of a site. Times are unix seconds.

    in_flight, cap: requests, and how many there may be now. limit, maximum: of the estimator.
    decision: its latest change. rate: requests/s that may start; infinite without a bound.
    rate_since, rate_by: since when, and whether the rate was "refused" (learned from refusals),
        "announced" by the site, or "set". delay_s: seconds between two starts; 0 for none.
    ready_at: when time allows the next start. asked: the latest wait that the site asked for.
    down_since: since when it has not answered; None while it is up.
    """

    in_flight: int
    cap: int
    limit: float
    maximum: float
    decision: Decision | None
    rate: float
    rate_since: float
    rate_by: str
    delay_s: float
    ready_at: float
    asked: Asked | None
    down_since: float | None


def facts_of(control: SiteControl) -> SiteFacts:
    """Return what bounds the site of ``control``."""
    rate = control.rate_limit
    return SiteFacts(
        in_flight=control.in_flight,
        cap=control.cap,
        limit=control.limit,
        maximum=control.estimator.bounds.max,
        decision=control.decisions.last(),
        rate=rate.rate if rate is not None else inf,
        rate_since=rate.since if rate is not None else 0.0,
        rate_by=rate.by if rate is not None else "",
        delay_s=control.delay_s,
        ready_at=control.ready_at(),
        asked=control.asked,
        down_since=control.health.down_since if control.health is not None else None,
    )
