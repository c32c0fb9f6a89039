"""The demo web: sites on loopback that define in advance how every URL must end."""

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
"""The sites that `scrapy demo` crawls: 10 to 20 seconds with 8 requests in flight per site."""

__all__ = ["DEMO_SITES", "AnswerLine", "DemoWeb", "Expected", "LogLine", "SiteSpec", "expected"]
