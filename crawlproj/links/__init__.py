"""What pages say: links, fields, and the one normalisation of URLs."""

from __future__ import annotations

from crawlproj.links.extractor import LinkExtractor

__all__ = ["LinkExtractor"]
