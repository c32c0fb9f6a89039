"""The row of a site."""

from __future__ import annotations

from crawlproj.latency.recorder import SiteLatency
from crawlproj.report.sites import site_row


def test_dead_links_are_errors_that_say_nothing_about_the_site() -> None:
    latency = SiteLatency()
    latency.errors.update({"http-404": 20, "http-410": 1, "http-500": 3, "timeout": 1})
    row = site_row("a.test", 75, 1.0, None, latency)
    assert (row.errors, row.dead_links, row.trouble, row.trouble_share) == (25, 21, 4, 0.04)


def test_a_row_has_the_latencies_of_a_site_that_has_answered() -> None:
    latency = SiteLatency()
    assert site_row("a.test", 0, 0.0, None, latency).p50_s is None
    latency.ttfb.record(0.5)
    row = site_row("a.test", 1, 1.0, None, latency)
    assert row.p50_s == row.p99_s == latency.ttfb.quantile(0.5)
