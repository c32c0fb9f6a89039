"""The demo web: sites on loopback whose every page is known beforehand."""

from __future__ import annotations

from crawlproj.demo.pages import Expected, SiteSpec, expected
from crawlproj.demo.running import AnswerLine, DemoWeb, LogLine

DEMO_SITES = (
    SiteSpec("docs", "docs", pages=100),
    SiteSpec("shop", "plain", pages=100),
    SiteSpec("news", "plain", pages=80, crawl_delay_s=0.1),
    SiteSpec("slow", "slow", pages=280),
    SiteSpec("failing", "failing", pages=80),
)
"""What `scrapy demo` crawls: 10 to 20 seconds at 8 requests in flight a site."""

__all__ = ["DEMO_SITES", "AnswerLine", "DemoWeb", "Expected", "LogLine", "SiteSpec", "expected"]
