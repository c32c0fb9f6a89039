"""Finds the part of a page that it is about, without navigation and boilerplate.

An explicit <main> decides. Otherwise the parser's scoring of paragraphs finds one good element; it
is often a single section. So its ancestors are taken as long as what they add is prose and not
links, which is how Readability widens its top candidate, too
(https://github.com/mozilla/readability). At last, what is marked as navigation is taken out, unless
a generator made the mark from a heading or a path (chapters.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.content.chapters import Chapters
from crawlproj.content.tree import Element, tree_of

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_MIN_MAIN = 100  # characters; a <main> with fewer is not used as one if there are more elsewhere
_MIN_TEXT = 300  # characters; a shorter element is widened whatever that adds
_MAX_LINKED = 0.6  # share of the added characters that may be in links
_BOILERPLATE_TAGS = ("nav", "footer", "aside", "form", "header", "script", "style")
_TITLES = "h1, h2, h3, h4, h5, h6"
# Not the page's banner, which is beside or around these.
_HEADS = ":is(article, main, [role=main]) :is(header, [class*=header])"
_HEADER = re.compile(r"(?<![^-_ ])header(?![^-_ ])", re.IGNORECASE)
_MAX_HEADS = 200  # that are looked at
_CONTAINERS = ("div", "section", "ul", "ol", "table", "p")
# Notes that belong to the text, although generators put them into <aside>.
_NOTES = re.compile(
    r"(?:^|[-_ ])(?:admonition|callout|footnotes?|note|tip|hint|important|warning|caution|danger|"
    r"topic|starlight-aside)(?:$|[-_ ])",
    re.IGNORECASE,
)
_NOTE_ROLES = frozenset(
    {"note", "doc-endnotes", "doc-footnote", "doc-notice", "doc-pullquote", "doc-tip"}
)
_BOILERPLATE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
_BOILERPLATE_NAMES = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|menu|sidebar|footer|related|breadcrumbs?|toc|"
    r"pagination|search|mobile|skip|banner|cookie|advert|promo|share|social|comments)(?:$|[-_ ])|"
    # TypeDoc's "tsd-comment" is what the author wrote, Javadoc's "table-header" heads columns.
    r"(?:^| )comment(?:$|[-_ ])|(?:^|(?<!table)[-_ ])header(?:$|[-_ ])|"
    r"sphinxsidebar|nav(?:header|footer)",
    re.IGNORECASE,
)


def main_part_of(tree: Tree) -> Tree:
    """Return the main part of a page as a tree of its own; empty if the page has no text."""
    part = _without_boilerplate(_main_element(tree))
    # A short <main> is trusted only if there is no more elsewhere.
    if _length(part) < _MIN_MAIN and len(explicit := tree.select("main,[role=main]")) == 1:
        short = _without_boilerplate(explicit[0])
        return short if _length(short) else part
    return part


def _without_boilerplate(element: Element) -> Tree:
    part = tree_of(element.html.encode("utf-8", "replace"), "utf-8")
    heads = _heads_in(part)
    for tag in _BOILERPLATE_TAGS:
        for each in part.select(tag):
            if each not in heads and (tag != "aside" or not _is_note(each)):
                each.decompose()
    chapters: Chapters | None = None
    for tag in _CONTAINERS:
        for each in part.select(tag):
            if each.parent is None or each in heads or not _is_boilerplate(each):
                continue
            if each.attr("role") not in _BOILERPLATE_ROLES:
                chapters = chapters or Chapters(part, _BOILERPLATE_NAMES.search)
                if chapters.has(each):
                    continue
            each.decompose()
    return part


def _heads_in(part: Tree) -> set[Element]:
    """Return the heads of articles that have a title: on a list of posts, nothing else has it."""
    if part.select_one(_TITLES) is None:
        return set()
    return {each for each in part.select(_HEADS)[:_MAX_HEADS] if _has_title(each)}


def _has_title(head: Element) -> bool:
    names = _HEADER.sub(" ", _names_of(head))
    return (
        not _BOILERPLATE_NAMES.search(names)
        and head.attr("role") not in _BOILERPLATE_ROLES
        and head.select_one(_TITLES) is not None
    )


def _is_note(aside: Element) -> bool:
    classes = aside.attr("class") or ""
    is_note = aside.attr("role") in _NOTE_ROLES or _NOTES.search(classes)
    return bool(is_note) and not _BOILERPLATE_NAMES.search(classes)


def _length(part: Tree) -> int:
    return len(part.root.text.strip()) if part.root is not None else 0


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
    return (
        element.tag in _BOILERPLATE_TAGS
        or element.attr("role") in _BOILERPLATE_ROLES
        or bool(_BOILERPLATE_NAMES.search(_names_of(element)))
    )


def _names_of(element: Element) -> str:
    name = element.attr("id") or ""
    if "." in name:  # of a member of a program, such as "Document._toc_entry" in Sphinx's sources
        name = ""
    return f"{element.attr('class') or ''} {name}"
