"""Fields and robots directives of HTML pages. Each response is parsed once and its tree shared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http import HtmlResponse, JsonResponse, XmlResponse
from selectolax.lexbor import LexborHTMLParser

from crawlproj.links.bounds import bounded
from crawlproj.links.normalize import join, normalize
from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from scrapy.http import Response, TextResponse

_MAX_FIELD = 2000  # characters of a title, a description or a language
# These text/* media types hold source code or data; all others hold prose.
_NOT_PROSE = frozenset({"text/css", "text/javascript", "text/csv", "text/xml", "text/calendar"})
# X-Robots-Tag rules that take a value after a colon. Any other name before a colon is a crawler's.
_RULES_WITH_VALUE = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_TOKEN = re.compile(r"[a-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class PageFields:
    """The fields of a page; a field that the page does not have is "".

    title, description, language: at most 2,000 characters, with whitespace collapsed.
    canonical: the URL of <link rel=canonical>, absolute and normalized.
    text: the visible text, with whitespace collapsed.
    """

    title: str = ""
    description: str = ""
    canonical: str = ""
    language: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class RobotsDirectives:
    """The robots directives of a page."""

    noindex: bool = False
    nofollow: bool = False


_trees: WeakKeyDictionary[Response, LexborHTMLParser] = WeakKeyDictionary()


def tree_of(response: TextResponse) -> LexborHTMLParser:
    """Return the tree of ``response``, parsed on the first call. Do not change it: it is shared.

    Scripts and styles have no text in it. Extreme pages are truncated (see bounds.py).
    """
    tree = _trees.get(response)
    if tree is None:
        tree = _trees[response] = _parsed(response)
    return tree


def _parsed(response: TextResponse) -> LexborHTMLParser:
    # The parser takes UTF-8, so a UTF-8 page need not be decoded and encoded again. The parser
    # turns bytes that are not UTF-8 into U+FFFD.
    if response.encoding.lower() in {"utf-8", "ascii"}:
        html = response.body.removeprefix(b"\xef\xbb\xbf")
    else:
        html = response.text.encode("utf-8", "replace")
    tree = LexborHTMLParser(bounded(html))
    # Scripts and styles are not visible text. Keep the elements: their attributes may hold links.
    for name in ("script", "style"):
        for node in tree.tags(name):
            while (text := node.first_child) is not None:
                text.decompose()
    return tree


def base_of(response: TextResponse) -> str:
    """Return the base URL of the page's relative links, without credentials."""
    own = normalize(without_credentials(response.url)) or response.url
    node = tree_of(response).css_first("base[href]")
    href = node.attributes["href"] if node else None
    return (join(own, href) if href else None) or own


def page_fields(response: TextResponse) -> PageFields:
    """Return the fields of ``response``: only the text if it is prose but not HTML."""
    if not isinstance(response, HtmlResponse):
        return PageFields(text=" ".join(response.text.split()) if _is_prose(response) else "")
    tree = tree_of(response)
    canonical = _attribute(tree, 'link[rel~="canonical" i][href]', "href")
    # An element that is not allowed in the head ends it, and puts the title into the body.
    title = tree.css_first("head > title") or tree.css_first("title:not(svg title)")
    return PageFields(
        title=_folded(title.text() if title else ""),
        description=_folded(_attribute(tree, 'meta[name="description" i]', "content")),
        canonical=(join(base_of(response), canonical) or "") if canonical else "",
        language=_folded(_attribute(tree, "html", "lang")),
        text=_visible_text(tree),
    )


def _is_prose(response: TextResponse) -> bool:
    if isinstance(response, JsonResponse | XmlResponse):
        return False
    content_type = response.headers.get(b"Content-Type") or b"text/plain"
    media_type = content_type.decode("latin-1").partition(";")[0].strip().lower()
    return media_type.startswith("text/") and media_type not in _NOT_PROSE


def forget_tree(response: TextResponse) -> None:
    """Free the tree of ``response``, a few megabytes, while the response itself is still in use."""
    _trees.pop(response, None)


def _visible_text(tree: LexborHTMLParser) -> str:
    # Includes the text of noscript, because no script runs here. The tree omits that of template.
    body = tree.body
    return " ".join(body.text(separator=" ", skip_empty=True).split()) if body else ""


def robots_directives(response: TextResponse, agent: str) -> RobotsDirectives:
    """Return the directives of X-Robots-Tag and of <meta> elements named "robots" or ``agent``.

    agent: our product token, such as "crawlproj", in any case.
    """
    agent = agent.lower()
    words: set[str] = set()
    for raw in response.headers.getlist(b"X-Robots-Tag"):
        words |= _header_rules(raw.decode("latin-1").lower(), agent)
    if isinstance(response, HtmlResponse):
        for node in tree_of(response).css("meta[name][content]"):
            if (node.attributes["name"] or "").lower().strip() in {"robots", agent}:
                content = (node.attributes["content"] or "").lower()
                words.update(part.strip() for part in content.split(","))
    everything = "none" in words
    return RobotsDirectives(everything or "noindex" in words, everything or "nofollow" in words)


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
            for_us = name in {agent, "robots"}
            name = rule
        if for_us:
            rules.add(name)
    return rules


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str:
    node = tree.css_first(selector)
    return (node.attributes.get(name) or "") if node else ""


def _folded(text: str) -> str:
    return " ".join(text.split())[:_MAX_FIELD]
