"""Link extraction and URL normalisation."""

from __future__ import annotations

from crawlproj.links.extractor import LinkExtractor

__all__ = ["LinkExtractor"]
