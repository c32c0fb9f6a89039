"""What an HTML page says of itself. One parse a response, shared by all who look at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http import HtmlResponse, JsonResponse, XmlResponse
from selectolax.lexbor import LexborHTMLParser

from crawlproj.links.bounds import bounded
from crawlproj.links.normalize import join, normalize

if TYPE_CHECKING:
    from scrapy.http import Response, TextResponse

_MAX_FIELD = 2000  # characters of a title, a description, a language
# Text of these media types is source code or data, not prose. Others of text/* are read.
_NOT_PROSE = frozenset({"text/css", "text/javascript", "text/csv", "text/xml", "text/calendar"})
# A rule of X-Robots-Tag whose value follows a colon, as a crawler's name is followed by its rules.
_RULES_WITH_VALUE = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_CREDENTIALS = re.compile(r"^(https?://)[^/?#]*@", re.IGNORECASE)
_TOKEN = re.compile(r"[a-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class PageFields:
    """What page_fields finds; "" for what the page does not say.

    title, description, language: at most 2,000 characters, white space folded.
    canonical: the absolute URL of <link rel=canonical>, in normal form.
    text: the visible text, white space folded.
    """

    title: str = ""
    description: str = ""
    canonical: str = ""
    language: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class RobotsDirectives:
    """What the page asks of crawlers."""

    noindex: bool = False
    nofollow: bool = False


_trees: WeakKeyDictionary[Response, LexborHTMLParser] = WeakKeyDictionary()


def tree_of(response: TextResponse) -> LexborHTMLParser:
    """Return the tree of ``response``, parsed once. Do not change it: it is shared.

    Scripts and styles are there, without their text. See bounds.py for what cuts a page.
    """
    tree = _trees.get(response)
    if tree is None:
        tree = _trees[response] = _parsed(response)
    return tree


def _parsed(response: TextResponse) -> LexborHTMLParser:
    # The parser takes UTF-8: spares decoding and encoding again where the page is that already.
    # Bytes that are no UTF-8 come out as U+FFFD.
    if response.encoding.lower() in {"utf-8", "ascii"}:
        html = response.body.removeprefix(b"\xef\xbb\xbf")
    else:
        html = response.text.encode("utf-8", "replace")
    tree = LexborHTMLParser(bounded(html))
    # What nobody sees must not count as text. The elements stay, for who looks at their attributes.
    for name in ("script", "style"):
        for node in tree.tags(name):
            while (text := node.first_child) is not None:
                text.decompose()
    return tree


def base_of(response: TextResponse) -> str:
    """Return what relative links of the page are resolved against, without credentials."""
    own = normalize(_CREDENTIALS.sub(r"\1", response.url)) or response.url
    node = tree_of(response).css_first("base[href]")
    href = node.attributes["href"] if node else None
    return (join(own, href) if href else None) or own


def page_fields(response: TextResponse) -> PageFields:
    """Return what ``response`` says of itself; of prose that is not HTML, the text alone."""
    if not isinstance(response, HtmlResponse):
        return PageFields(text=" ".join(response.text.split()) if _is_prose(response) else "")
    tree = tree_of(response)
    canonical = _attribute(tree, 'link[rel~="canonical" i][href]', "href")
    # A head that holds what it must not is closed early, and the title lands in the body.
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
    """Free the tree of ``response``, some megabytes, before the response itself goes."""
    _trees.pop(response, None)


def _visible_text(tree: LexborHTMLParser) -> str:
    # The text of noscript counts, since no script is run here. That of template is not in the tree.
    body = tree.body
    return " ".join(body.text(separator=" ", skip_empty=True).split()) if body else ""


def robots_directives(response: TextResponse, agent: str) -> RobotsDirectives:
    """Return what <meta name=robots> (or named for ``agent``) and X-Robots-Tag ask for.

    agent: our product token, such as "crawlproj"; compared without case.
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
    """Return the rules of one X-Robots-Tag header (lower case) that are for all or for ``agent``.

    "noindex, unavailable_after: 1 Jan 2027 10:00:00 GMT, otherbot: nofollow" has one: a name before
    a colon takes what follows it for its own.
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
