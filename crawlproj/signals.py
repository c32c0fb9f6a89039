"""Signals that this project sends through ``crawler.signals``, like Scrapy's own."""

from __future__ import annotations

__all__ = ["not_modified", "robots_parsed"]

not_modified = object()
"""Sent when a site says that a page that was fetched before is as it was (status 304).

Arguments: ``request``, the check. Neither its callback nor its errback is called.
"""

robots_parsed = object()
"""Sent each time a site's robots.txt has been read.

Arguments: ``origin`` ("https://example.org"), ``site`` ("example.org", with the port unless it is
the scheme's default), ``crawl_delay_s`` (float, or None if robots.txt sets none) and ``sitemaps``
(list of absolute URLs). Also sent for a site without robots.txt, with None and an empty list.
"""
