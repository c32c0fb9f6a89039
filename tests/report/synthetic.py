"""Synthetic crawls for the tests of the report, and for a look at the page.

    python -m tests.report.synthetic SITES SECONDS FOLDER

writes FOLDER/report.html and report.json.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from math import inf, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.latency.histogram import Histogram
from crawlproj.report.document import Crawl, document
from crawlproj.report.files import ReportFiles
from crawlproj.report.sites import SiteRow
from crawlproj.report.timeline import MAX_RANK, SiteTick, Tick, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

_PHASES = {  # median seconds, log-sigma, share of pages with this phase
    "permit": (0.4, 1.1, 1.0),
    "queued": (0.0004, 0.6, 1.0),
    "dns": (0.012, 0.9, 0.03),
    "connect": (0.02, 0.5, 0.1),
    "tls": (0.045, 0.4, 0.1),
    "ttfb": (0.12, 0.9, 1.0),
    "transfer": (0.02, 0.8, 1.0),
    "callback": (0.0017, 0.7, 1.0),
    "pipelines": (0.012, 0.5, 1.0),
}
_REASONS = ("http-429", "timeout", "connection-lost", "http-503", "http-404")
STARTED_AT = 1_790_000_000.0


class _Site:
    def __init__(self, number: int, dice: random.Random) -> None:
        self.name = f"{dice.choice(('www', 'docs', 'blog', 'shop'))}.site{number:04}.example"
        self.capacity = min(64.0, dice.lognormvariate(1.8, 0.9))
        self.median_s = dice.lognormvariate(-2.1, 0.8)
        self.state = dice.choices(("open", "limited", "resting", "down"), (80, 12, 6, 2))[0]
        self.done = self.errors = self.in_flight = 0
        self.limit = 4.0
        self.ttfb = Histogram()

    def step(self, now: float, dice: random.Random, ttfb: Histogram) -> tuple[int, list[str]]:
        """Advance by a second; return the pages done and the reasons of failed attempts."""
        low = 0.35 if self.state == "limited" and 60 < now % 240 < 150 else 1.0
        self.limit += 0.15 * (self.capacity * low * (1.1 + 0.15 * sin(now / 17)) - self.limit)
        self.in_flight = max(0, round(self.limit * dice.uniform(0.75, 1.0)))
        if self.state == "down" and now > 40:
            self.limit, self.in_flight = 0.2, dice.randint(0, 1)
            self.errors += self.in_flight
            return 0, ["timeout"] * self.in_flight
        done = round(self.in_flight / max(self.median_s, 0.05) / 20 * dice.uniform(0.6, 1.4))
        slow = 1 + 1.5 * (1 - low)
        for _ in range(done):
            seconds = self.median_s * slow * dice.lognormvariate(0, 0.6)
            self.ttfb.record(seconds)
            ttfb.record(seconds)
        failed = sum(dice.random() < (0.05 if low < 1 else 0.004) for _ in range(done))
        self.done += done
        self.errors += failed
        weights = (60, 8, 6, 20, 5) if low < 1 else (5, 20, 10, 10, 60)
        return done, dice.choices(_REASONS, weights, k=failed)


def synthetic_report(sites: int, seconds: int, seed: int = 1) -> dict[str, Any]:
    """Return the report of a synthetic crawl."""
    dice = random.Random(seed)  # noqa: S311 - synthetic numbers
    all_sites = [_Site(number, dice) for number in range(sites)]
    timeline, failed = Timeline(), Counter[str]()
    all_ttfb, all_lag = Histogram(), Histogram()
    for now in range(seconds):
        ttfb, lag, errors, done = Histogram(), Histogram(), Counter[str](), 0
        for _ in range(10):
            lag.record(dice.lognormvariate(-7, 1.0) * (30 if now % 97 == 0 else 1))
        for site in all_sites:
            pages, reasons = site.step(now, dice, ttfb)
            done += pages
            errors.update(reasons)
        all_ttfb.merge(ttfb)
        all_lag.merge(lag)
        failed.update({reason: n // 4 for reason, n in errors.items() if n > 3})
        busiest = sorted(all_sites, key=lambda site: -site.done)[:MAX_RANK]
        timeline.add(
            Tick(
                start_s=float(now),
                span_s=1.0,
                done=done,
                errors=errors,
                limit=sum(site.limit for site in all_sites),
                in_flight=sum(site.in_flight for site in all_sites),
                ttfb=ttfb,
                lag=lag,
                sites={site.name: _tick(site) for site in busiest},
            )
        )
    pages = sum(site.done for site in all_sites)
    return document(
        Crawl(
            *("site", "site", 1, "finished", "finished", ("frontier sqlite:///crawl.db",)),
            *(STARTED_AT, STARTED_AT + seconds, float(seconds)),
        ),
        timeline,
        pages=pages,
        failed=failed,
        skipped={"robots": 1_204, "redirected": 391, "offsite": 88},
        phases=_phases(all_ttfb, min(pages, 4000), dice),
        lag=all_lag,
        decisions={},
        rows=[_row(site, seconds) for site in all_sites],
        sites=sites,
    )


def _tick(site: _Site) -> SiteTick:
    ttfb = site.ttfb
    return SiteTick(site.limit, site.in_flight, site.done, site.errors, ttfb.sum, ttfb.count)


def _row(site: _Site, seconds: int) -> SiteRow:
    return SiteRow(
        site=site.name,
        done=site.done,
        errors=site.errors,
        in_flight=site.in_flight,
        limit=site.limit,
        rate_limit=5.0 if site.state == "limited" else inf,
        pages_per_s=site.done / seconds,
        p50_s=site.ttfb.quantile(0.5) if site.ttfb.count else None,
        p99_s=site.ttfb.quantile(0.99) if site.ttfb.count else None,
        blocked_s=12.0 if site.state in {"resting", "down"} else 0.0,
        state=site.state,
    )


def _phases(ttfb: Histogram, pages: int, dice: random.Random) -> Mapping[str, Histogram]:
    phases = {}
    for name, (median_s, sigma, share) in _PHASES.items():
        phases[name] = Histogram()
        for _ in range(round(pages * share)):
            phases[name].record(median_s * dice.lognormvariate(0, sigma))
    phases["ttfb"] = ttfb
    return phases


def main() -> None:
    sites, seconds, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    ReportFiles(str(folder / "report.html")).write(synthetic_report(sites, seconds), "Synthetic")


if __name__ == "__main__":
    main()
