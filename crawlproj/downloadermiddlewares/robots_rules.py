"""What one robots.txt says (RFC 9309), and who we are to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from protego import Protego

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 500 * 1024
"""A robots.txt is read as far as this (RFC 9309 §2.5); the line it cuts is left out."""

# What takes Protego milliseconds: so many lines and wildcards, or a body as long to read.
_HEAVY_RULES = 2000
_HEAVY_BYTES = 16 * 1024
# A bot that speaks as a browser does names itself in the comment.
_PRODUCT_TOKEN = re.compile(r"\s*(?:Mozilla/[^(]*\(compatible;\s*)?([^\s/;()]*)", re.IGNORECASE)


class RobotsRules:
    """A parsed robots.txt.

    body: as received, decompressed.
    url: where it came from; relative sitemaps are resolved against it.
    heavy: whether ``allows`` may take more than a millisecond.
    sitemaps: absolute URLs, each once.
    """

    def __init__(self, body: bytes, url: str) -> None:
        text = _without_cut_line(body).decode("utf-8-sig", "replace")
        self.heavy = len(text.splitlines()) + text.count("*") + text.count("$") > _HEAVY_RULES
        self._parser = Protego.parse(text)
        self.sitemaps = list(dict.fromkeys(_absolute(url, self._parser.sitemaps)))

    def allows(self, url: str, token: str) -> bool:
        """Whether the product ``token`` may fetch ``url``, by its path and query."""
        return self._parser.can_fetch(url, token)

    def crawl_delay_s(self, token: str) -> float | None:
        """Return what Crawl-delay asks of ``token``; None if nothing, or no time at all."""
        return self._parser.crawl_delay(token) or None


def is_heavy(body: bytes) -> bool:
    """Whether parsing ``body`` may take more than some milliseconds."""
    return len(body) > _HEAVY_BYTES


def product_token(agent: str) -> str:
    """Return the name by which robots.txt addresses a User-Agent (RFC 9309 §2.2.1).

    "crawlproj" for "crawlproj/0.1 (comment)" and for "Mozilla/5.0 (compatible; crawlproj/0.1)".
    """
    match = _PRODUCT_TOKEN.match(agent)
    return match[1] if match else ""


def _without_cut_line(body: bytes) -> bytes:
    if len(body) <= MAX_BYTES:
        return body
    # Half of "Disallow: /private" may forbid the whole site.
    head = body[:MAX_BYTES]
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]


def _absolute(base: str, urls: Iterable[str]) -> list[str]:
    found = []
    for url in urls:
        try:
            found.append(urljoin(base, url))
        except ValueError:  # one that is malformed never stops the others
            continue
    return found
