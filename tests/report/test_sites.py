"""The row of a site."""

from __future__ import annotations

from crawlproj.latency.recorder import SiteLatency
from crawlproj.report.sites import site_row


def test_dead_links_are_errors_that_say_nothing_about_the_site() -> None:
    latency = SiteLatency()
    latency.errors.update({"http-404": 20, "http-410": 1, "http-500": 3, "timeout": 1})
    row = site_row("a.test", 75, 1.0, None, latency)
    assert (row.errors, row.dead_links, row.trouble, row.trouble_share) == (25, 21, 4, 0.04)
