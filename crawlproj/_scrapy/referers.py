"""Finds the value of the header Referer without parsing the URL of each page again and again."""

from __future__ import annotations

from typing import Any

from scrapy.spidermiddlewares.referer import DefaultReferrerPolicy, RefererMiddleware

from crawlproj.urls import is_plain


def quicken(middleware: Any) -> None:
    """Let ``middleware`` parse no URL in normal form, if it is Scrapy's own with its own policy."""
    if type(middleware) is RefererMiddleware and middleware.default_policy is DefaultReferrerPolicy:
        middleware.default_policy = _QuickPolicy


class _QuickPolicy(DefaultReferrerPolicy):
    """Scrapy's default policy: the page's URL, unless that leads from https to http."""

    def referrer(self, response_url: str, request_url: str) -> str | None:
        keeps_secrets = response_url.startswith("http:") or request_url.startswith("https:")
        if keeps_secrets and is_plain(response_url):  # nothing to strip
            return response_url
        return super().referrer(response_url, request_url)
