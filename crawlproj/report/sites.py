"""One row per site, for the display and the report. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.latency.recorder import SiteLatency
    from crawlproj.limits.view import SiteView

IDLE = "idle"
_NOT_THERE = ("http-404", "http-410")


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site.

    done: URLs done in this run. errors: attempts that failed, retried ones included; dead_links of
    them found that there is no such page.
    in_flight, limit: requests; limit is None for a site without a control.
    rate_limit: requests/s that may start; infinite without a bound. rate_by: as in ``SiteView``.
    pages_per_s: over the span that the caller chose.
    p50_s, p99_s: time to first byte; None before the first.
    blocked_s: until a request may start.
    state: "open", "limited" (by rate), "resting" or "down"; "idle" for a site without a control.
    """

    site: str
    done: int = 0
    errors: int = 0
    dead_links: int = 0
    in_flight: int = 0
    limit: float | None = None
    rate_limit: float = inf
    rate_by: str = ""
    pages_per_s: float = 0.0
    p50_s: float | None = None
    p99_s: float | None = None
    blocked_s: float = 0.0
    state: str = IDLE

    @property
    def trouble(self) -> int:
        """Failed attempts that say something about the site: all but dead links."""
        return self.errors - self.dead_links

    @property
    def trouble_share(self) -> float:
        """These as a share of all attempts that ended."""
        return self.trouble / (self.done + self.errors) if self.errors else 0.0


def site_row(
    site: str,
    done: int,
    pages_per_s: float,
    view: SiteView | None,
    latency: SiteLatency | None,
) -> SiteRow:
    """Return the row of a site; without ``view`` or ``latency``, their fields keep the defaults."""
    answered = latency is not None and latency.ttfb.count > 0
    return SiteRow(
        site=site,
        done=done,
        errors=latency.errors.total() if latency else 0,
        dead_links=sum(latency.errors[reason] for reason in _NOT_THERE) if latency else 0,
        in_flight=view.in_flight if view else 0,
        limit=view.limit if view else None,
        rate_limit=view.rate if view else inf,
        rate_by=view.rate_by if view else "",
        pages_per_s=pages_per_s,
        p50_s=latency.ttfb.quantile(0.5) if latency and answered else None,
        p99_s=latency.ttfb.quantile(0.99) if latency and answered else None,
        blocked_s=view.blocked_s if view else 0.0,
        state=view.state if view else IDLE,
    )
