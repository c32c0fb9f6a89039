"""What an HTML page says of itself. One parse a response, shared by all who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.http import HtmlResponse
from selectolax.lexbor import LexborHTMLParser

from crawlproj.links.normalize import join

if TYPE_CHECKING:
    from scrapy.http import Response, TextResponse

_MAX_FIELD = 2000  # characters of a title, a description, a language
# Taken out of the shared tree, which harms nobody: they hold no links. The text of noscript counts,
# since no script is run here.
_INVISIBLE = ["script", "style", "template"]


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
    """Return the tree of ``response``, parsed once. Do not change it: it is shared."""
    tree = _trees.get(response)
    if tree is None:
        tree = _trees[response] = _parsed(response)
    return tree


def _parsed(response: TextResponse) -> LexborHTMLParser:
    # The parser takes UTF-8: spares decoding and encoding again where the page is that already.
    if response.encoding.lower() in {"utf-8", "ascii"}:
        body = response.body.removeprefix(b"\xef\xbb\xbf")
        try:
            return LexborHTMLParser(body)
        except UnicodeError:
            return LexborHTMLParser(body.decode("utf-8", "replace"))
    return LexborHTMLParser(response.text)


def page_fields(response: TextResponse) -> PageFields:
    """Return what ``response`` says of itself; of text that is not HTML, the text alone."""
    if not isinstance(response, HtmlResponse):
        return PageFields(text=" ".join(response.text.split()))
    tree = tree_of(response)
    canonical = _attribute(tree, 'link[rel~="canonical" i][href]', "href")
    title = tree.css_first("head > title")
    return PageFields(
        title=_folded(title.text() if title else ""),
        description=_folded(_attribute(tree, 'meta[name="description" i]', "content")),
        canonical=(join(response.url, canonical) or "") if canonical else "",
        language=_folded(_attribute(tree, "html", "lang")),
        text=_visible_text(tree),
    )


def forget_tree(response: TextResponse) -> None:
    """Free the tree of ``response``, some megabytes, before the response itself goes."""
    _trees.pop(response, None)


def _visible_text(tree: LexborHTMLParser) -> str:
    tree.strip_tags(_INVISIBLE)
    body = tree.body
    return " ".join(body.text(separator=" ").split()) if body else ""


def robots_directives(response: TextResponse, agent: str) -> RobotsDirectives:
    """Return what <meta name=robots> (or named for ``agent``) and X-Robots-Tag ask for.

    agent: our product token, such as "crawlproj"; compared without case.
    """
    agent = agent.lower()
    words: set[str] = set()
    for raw in response.headers.getlist(b"X-Robots-Tag"):
        name, colon, rules = raw.decode("latin-1").lower().partition(":")
        if not colon or name.strip() not in {agent, "robots"}:
            # "googlebot: noindex" is for another; "unavailable_after: date" is a rule.
            rules = "" if colon and name.strip() != "unavailable_after" else name
        words.update(part.strip() for part in rules.split(","))
    if isinstance(response, HtmlResponse):
        for node in tree_of(response).css("meta[name][content]"):
            if (node.attributes["name"] or "").lower().strip() in {"robots", agent}:
                content = (node.attributes["content"] or "").lower()
                words.update(part.strip() for part in content.split(","))
    everything = "none" in words
    return RobotsDirectives(everything or "noindex" in words, everything or "nofollow" in words)


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str:
    node = tree.css_first(selector)
    return (node.attributes.get(name) or "") if node else ""


def _folded(text: str) -> str:
    return " ".join(text.split())[:_MAX_FIELD]
