"""Finds the part of a page that it is about, without navigation and boilerplate.

An explicit <main> decides. Otherwise the parser's scoring of paragraphs finds one good element; it
is often a single section. So its ancestors are taken as long as what they add is prose and not
links, which is how Readability widens its top candidate, too
(https://github.com/mozilla/readability). At last, what is marked as navigation is taken out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, tree_of

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_MIN_MAIN = 100  # characters; a <main> with fewer is not used as one
_MIN_TEXT = 300  # characters; a shorter element is widened whatever that adds
_MAX_LINKED = 0.6  # share of the added characters that may be in links
_BOILERPLATE_TAGS = ("nav", "footer", "aside", "form", "header", "script", "style")
_CONTAINERS = ("div", "section", "ul", "ol", "table", "p")
_BOILERPLATE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_BOILERPLATE_NAMES = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|menu|sidebar|footer|header|related|breadcrumbs?|toc|"
    r"pagination|search|mobile|skip|banner|cookie|advert|promo|share|social|comments?)(?:$|[-_ ])|"
    r"sphinxsidebar|nav(?:header|footer)",
    re.IGNORECASE,
)


def main_part_of(tree: Tree) -> Tree:
    """Return the main part of a page as a tree of its own; empty if the page has no text."""
    part = tree_of(_main_element(tree).html.encode("utf-8", "replace"), "utf-8")
    for tag in _BOILERPLATE_TAGS:
        for element in part.select(tag):
            element.decompose()
    for tag in _CONTAINERS:
        for element in part.select(tag):
            if element.parent is not None and _is_boilerplate(element):
                element.decompose()
    return part


def _main_element(tree: Tree) -> Element:
    body = tree.select_one("body") or tree.root
    assert body is not None  # noqa: S101 - the parser always makes one
    for selector in ("main", "[role=main]"):
        explicit = tree.select(selector)
        if len(explicit) == 1 and len(explicit[0].text.strip()) >= _MIN_MAIN:
            return explicit[0]
    return _widened(tree.main_content() or body, body)


def _widened(element: Element, body: Element) -> Element:
    """Return the largest ancestor of ``element`` that adds prose, not links, at each step."""
    while element != body and isinstance(parent := element.parent, Element):
        added = [
            child
            for child in parent.children
            if isinstance(child, Element) and child != element and not _is_boilerplate(child)
        ]
        text = sum(len(child.text) for child in added)
        linked = sum(_linked(child) for child in added)
        is_large = len(element.text) > _MIN_TEXT
        if is_large and (linked > _MAX_LINKED * text or (parent == body and not text)):
            return element
        element = parent
    return element


def _linked(element: Element) -> int:
    return sum(len(link.text) for link in element.select("a"))


def _is_boilerplate(element: Element) -> bool:
    names = f"{element.attr('class') or ''} {element.attr('id') or ''}"
    return (
        element.tag in _BOILERPLATE_TAGS
        or element.attr("role") in _BOILERPLATE_ROLES
        or bool(_BOILERPLATE_NAMES.search(names))
    )
