"""Which URLs a crawl finds in pages and sitemaps, and which of them it follows."""

from __future__ import annotations

from crawlproj.links.extractor import LinkExtractor

__all__ = ["LinkExtractor"]
