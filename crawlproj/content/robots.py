"""The robots directives of a page, from its headers and its <meta> elements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj._scrapy.headers import value_of, values_of
from crawlproj.content.page import content_of
from crawlproj.content.product_token import product_token

if TYPE_CHECKING:
    from scrapy.http import Response

# X-Robots-Tag rules that take a value after a colon. Any other name before a colon is a crawler's.
_RULES_WITH_VALUE = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_TOKEN = re.compile(r"[a-z0-9_.-]+|\*")
# Rules, with their value if they take one. Sites also write semicolons and spaces between rules.
_RULE = re.compile(r"[^\s,;:]+(?:\s*:[^,;]*)?")


@dataclass(frozen=True, slots=True)
class RobotsDirectives:
    """The robots directives of a page."""

    noindex: bool
    nofollow: bool


def robots_directives(response: Response, agent: str) -> RobotsDirectives:
    """Return the directives for our product token, such as "crawlproj", in any case."""
    words = robots_words(response, agent)
    everything = "none" in words
    return RobotsDirectives(everything or "noindex" in words, everything or "nofollow" in words)


def agent_of(response: Response) -> str:
    """Return the product token that directives for us name."""
    sent = None if response.request is None else value_of(response.request.headers, b"User-Agent")
    return product_token((sent or b"").decode("latin-1")) or "crawlproj"


def robots_words(response: Response, agent: str) -> set[str]:
    """Return the words of X-Robots-Tag and of <meta> elements named "robots" or ``agent``."""
    agent = agent.lower()
    words: set[str] = set()
    for raw in values_of(response.headers, b"X-Robots-Tag"):
        words |= _header_rules(raw.decode("latin-1").lower(), agent)
    if (page := content_of(response)) is not None:
        for content in page.meta("robots", agent):
            words.update(_RULE.findall(content.lower()))
    return words


def _header_rules(header: str, agent: str) -> set[str]:
    """Return the rules of one lower-case X-Robots-Tag header that apply to all or to ``agent``.

    A crawler's name and a colon claim the rules that follow, so only noindex and unavailable_after
    apply in "noindex, unavailable_after: 1 Jan 2027 10:00:00 GMT, otherbot: nofollow".
    """
    rules: set[str] = set()
    for_us = True
    for part in header.split(","):
        name, colon, rule = (piece.strip() for piece in part.partition(":"))
        if colon and name not in _RULES_WITH_VALUE and _TOKEN.fullmatch(name):
            for_us = name in {agent, "robots", "*"}
            part = rule  # noqa: PLW2901
        if for_us:
            rules.update(_RULE.findall(part))
    return rules
