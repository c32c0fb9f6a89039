"""Extracts links and fields from pages, and normalizes URLs."""

from __future__ import annotations

from crawlproj.links.extractor import LinkExtractor

__all__ = ["LinkExtractor"]
