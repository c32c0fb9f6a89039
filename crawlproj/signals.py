"""Signals of this project, sent through ``crawler.signals`` like Scrapy's own."""

from __future__ import annotations

robots_parsed = object()
"""A site's robots.txt is known (again).

Sent with ``origin`` ("https://example.org"), ``site`` ("example.org"; with the port when it is not
the scheme's own), ``crawl_delay_s`` (float or None) and ``sitemaps`` (list of absolute URLs).
A site without a robots.txt has no delay and no sitemaps.
"""
