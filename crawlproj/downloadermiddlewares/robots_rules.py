"""The rules of a robots.txt (RFC 9309)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from protego import Protego

from crawlproj.content.usage import RobotsUsage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawlproj.content.usage import Signals

MAX_BYTES = 500 * 1024
"""A longer robots.txt is truncated after its last complete line (RFC 9309 §2.5)."""

# Above these limits, matching (lines plus wildcards) or parsing (bytes) takes Protego milliseconds.
_HEAVY_RULES = 2000
_HEAVY_BYTES = 16 * 1024
_USAGE = re.compile(r"^[ \t]*content-(?:signal|usage)[ \t]*:", re.IGNORECASE | re.MULTILINE)
# A version or a comment after a crawler's name, of which Protego makes a part of the name.
_AFTER_NAME = re.compile(
    r"^([ \t]*user[ -]?agent[ \t]*:[ \t]*[^\s/(;,:#]++)[ \t]*[/(;,][^#\r\n]*",
    re.IGNORECASE | re.MULTILINE,
)
# Lines with other fields than those of Protego, and of crawlproj.content.usage, which mean nothing
# and so must not end a group's list of names (RFC 9309 §2.2.4). Protego takes them for rules.
_MEANINGLESS = re.compile(
    r"^[ \t]*(?!(?:user-?agent|dis+al+[ao]w|diasllow|allow|sitemaps?|site-map|crawl-delay|"
    r"request-rate|visit-time|host|content-signal|content-usage)[ \t]*:)[\w-]++[ \t]*:[^\r\n]*",
    re.IGNORECASE | re.MULTILINE,
)


class RobotsRules:
    """A parsed robots.txt.

    body: the decompressed file.
    url: its URL, against which relative sitemap URLs are resolved.
    heavy: whether ``allows`` may take more than a millisecond.
    sitemaps: absolute URLs, without repeats.
    """

    def __init__(self, body: bytes, url: str) -> None:
        text = _truncated(body).decode(_encoding(body), "replace")
        self.heavy = len(text.splitlines()) + text.count("*") + text.count("$") > _HEAVY_RULES
        plain = _MEANINGLESS.sub("", _AFTER_NAME.sub(r"\1", text))
        self._parser = Protego.parse(plain)
        self._usage_text = plain if _USAGE.search(plain) else ""
        self._usage: dict[str, RobotsUsage] = {}
        self.sitemaps = list(dict.fromkeys(_absolute(url, self._parser.sitemaps)))

    def allows(self, url: str, token: str) -> bool:
        """Whether the rules for the product ``token`` allow the path and query of ``url``."""
        return self._parser.can_fetch(url, token)

    def signals(self, url: str, token: str) -> Signals:
        """Return what the file says about the use of ``url``."""
        if not self._usage_text:
            return {}
        usage = self._usage.get(token)
        if usage is None:
            usage = self._usage[token] = RobotsUsage(self._usage_text, token)
        return usage.of(url)

    def crawl_delay_s(self, token: str) -> float | None:
        """Return the Crawl-delay for ``token`` in seconds, or None if it is missing or invalid."""
        return self._parser.crawl_delay(token) or None


def is_heavy(body: bytes) -> bool:
    """Whether parsing ``body`` may take more than a few milliseconds."""
    return len(body) > _HEAVY_BYTES


def _encoding(body: bytes) -> str:
    """Return "utf-8-sig", unless the file begins with the byte order mark of UTF-16."""
    return "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _truncated(body: bytes) -> bytes:
    if len(body) <= MAX_BYTES:
        return body
    # Drop the incomplete last line: half of "Disallow: /private" may forbid the whole site.
    head = body[:MAX_BYTES]
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]


def _absolute(base: str, urls: Iterable[str]) -> list[str]:
    found = []
    for url in urls:
        try:
            found.append(urljoin(base, url))
        except ValueError:  # malformed: skip it and keep the others
            continue
    return found
