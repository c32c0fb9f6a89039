"""Fetches the hostile pages and tells how much memory that took."""

from __future__ import annotations

import resource

from crawlproj.spiders.urls import UrlsSpider


class HostileSpider(UrlsSpider):
    """UrlsSpider with the stat ``peak_kb``: the most memory that its process ever had."""

    name = "hostile"

    def closed(self, reason: str) -> None:
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.crawler.stats.set_value("peak_kb", peak_kb)
