"""Finds the part of a page that it is about, without navigation and boilerplate.

An article is where the prose is: long paragraphs outside of links (prose.py). The search begins at
the page, or at its only <main>, and goes into the element that has most of the prose, as long as
what is left outside are links, teasers and other short texts. So it ends at the element that has
the whole article, or all sections of a chapter, and little else. At last, what is marked as
navigation is taken out of it, unless a generator made the mark from a heading or a path
(chapters.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.boilerplate import (
    CONTAINERS,
    ROLES,
    TAGS,
    heads_in,
    is_boilerplate,
    is_marked,
    is_never_content,
    is_note,
    suspects,
)
from crawlproj.content.chapters import Chapters
from crawlproj.content.folded import folded
from crawlproj.content.hidden import hidden_in, marked_in
from crawlproj.content.lead import leads_of
from crawlproj.content.prose import Prose
from crawlproj.content.read_also import read_also_in
from crawlproj.content.tree import Element, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.content.tree import Tree

_MIN_MAIN = 100  # characters; a <main> with fewer is not used as one if there are more elsewhere
_EXPLICIT = ("[itemprop~=articleBody]", "main", "[role=main]")
_EXPLICIT_SHARE = 0.35  # of the page's prose, that an explicit element has
_ENOUGH = 100  # bytes that it has at least where there is so little prose that all text counts
# Themes name the columns around an article "with-sidebar" or "header", so such names count only if
# there is this much prose without them: bytes, and share of all.
_MIN_ELSEWHERE, _ELSEWHERE_SHARE = 150, 0.15
_MOST = 0.5  # of the prose of an element, that the one to go into has
_MAX_OWN = 0.1  # of the prose of the one to go into, that may be loose beside it
# An element belongs to the article beside it if it has such a share of that one's prose: one that
# looks the same, or another; and if enough of it is prose, and little of it links.
_MIN_ALIKE, _MIN_OTHER = 0.1, 0.5
_MIN_PROSE, _MAX_LINKED = 0.3, 0.3
_MAX_LINKED_PARAGRAPH = 0.2
_PARAGRAPHS = frozenset(("p", "blockquote", "pre"))
_LISTS = frozenset(("table", "tbody", "thead", "tr", "ul", "ol", "dl", "menu"))
_CELL = 0.8  # of the prose of a list or a table, that one cell has if it is there for the layout
_NO_ARTICLE = _PARAGRAPHS | frozenset(
    ("span", "li", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "details")
)
_MIN_LEFT = 0.1  # of the text of an element; with less, its names were not of boilerplate
_MAX_MEASURED = 20  # elements with names of boilerplate that may be most of the article


def main_part_of(tree: Tree) -> Tree:
    """Return the main part of a page as a tree of its own; empty if the page has no text."""
    article, leads = _main_element(tree)
    part = _without_boilerplate(article)
    # A short <main> is trusted only if there is no more elsewhere.
    if _length(part) < _MIN_MAIN and len(explicit := tree.select("main,[role=main]")) == 1:
        short = _without_boilerplate(explicit[0])
        return short if _length(short) else part
    _put_before(part, leads)
    return part


def _main_element(tree: Tree) -> tuple[Element, list[Element]]:
    """Return the element that the page is about, and the lead of it that is outside."""
    body = tree.select_one("body") or tree.root
    assert body is not None  # noqa: S101 - the parser always makes one
    prose = Prose(body, hidden_in(body, marked_in(body)))
    if not prose.text:
        prose = Prose(body, ())
    article = _Search(tree, body, prose).found()
    return article, [] if article == body else leads_of(article, body, prose)


class _Search:
    """The way from the body of a page to its main element."""

    def __init__(self, tree: Tree, body: Element, prose: Prose) -> None:
        self._prose = prose
        enough = max(_MIN_ELSEWHERE, _ELSEWHERE_SHARE * prose.prose.get(body, 0))
        self._left_out: Callable[[Element], bool]
        for self._left_out in (is_boilerplate, is_marked, is_never_content):
            self._clean = prose.without(self._left_out)
            if self._clean.get(body, 0) >= enough:
                break
        else:
            self._left_out, self._clean = _nothing, prose.prose
        self._start, self._is_explicit = body, False
        for selector in _EXPLICIT:
            explicit = tree.select(selector)
            if len(explicit) == 1 and self._has_enough(explicit[0], body):
                self._start, self._is_explicit = explicit[0], True
                break

    def found(self) -> Element:
        element = self._start
        while (inner := self._inside(element)) is not None:
            element = inner
        return element

    def _of(self, element: Element) -> int:
        return self._clean.get(element, 0)

    def _has_enough(self, explicit: Element, body: Element) -> bool:
        """Whether an element that is marked as the article has enough of the page to be it."""
        enough = _EXPLICIT_SHARE * self._of(body)
        if self._prose.is_short:  # an archive of links may be most of the text
            enough = min(_ENOUGH, enough)
        return self._of(explicit) >= enough

    def _inside(self, element: Element) -> Element | None:
        """Return the element to go into, or None."""
        children = [each for each in element.children if isinstance(each, Element)]
        best = max(children, key=self._of, default=element)
        most = self._of(best)
        if not most or most < _MOST * self._of(element):
            return None
        if self._prose.own.get(element, 0) > _MAX_OWN * most:
            return None
        if any(self._belongs(each, best) for each in children if each != best):
            return None
        inner = self._cell(best) if best.tag in _LISTS else best
        return None if inner is None or inner.tag in _NO_ARTICLE else inner

    def _belongs(self, element: Element, article: Element) -> bool:
        """Whether ``element`` belongs to the article beside it."""
        text, linked = (each.get(element, 0) for each in (self._prose.text, self._prose.linked))
        if not text or self._left_out(element):
            return False
        if element.tag in _PARAGRAPHS and self._of(element):
            return linked < _MAX_LINKED_PARAGRAPH * text
        if linked >= _MAX_LINKED * text or element.tag in {"nav", "aside", "footer"}:
            return False
        if self._is_explicit:
            return text >= _MIN_ALIKE * self._prose.text[article]
        is_alike = element.tag == article.tag and element.attr("class") == article.attr("class")
        enough = (_MIN_ALIKE if is_alike else _MIN_OTHER) * self._of(article)
        return self._of(element) >= enough and self._of(element) > _MIN_PROSE * text

    def _cell(self, element: Element) -> Element | None:
        """Return the cell of a table, or the item of a list, that has nearly all of the prose."""
        cell = element
        while cell.tag in _LISTS:
            children = [each for each in cell.children if isinstance(each, Element)]
            if not children:
                break
            cell = max(children, key=self._of)
        return cell if self._of(cell) >= _CELL * self._of(element) else None


def _nothing(_: Element) -> bool:
    return False


def _without_boilerplate(element: Element) -> Tree:
    part, share = _without(is_boilerplate, element)
    if share < _MIN_LEFT:
        part, _ = _without(is_marked, element)
    for each in read_also_in(part):
        each.decompose()
    return part


def _without(left_out: Callable[[Element], bool], element: Element) -> tuple[Tree, float]:
    """Return a copy of ``element``, and the share of its text that is still in it."""
    part = tree_of(_encoded(element), "utf-8")
    part.remove("script, style")
    length = _length(part)
    heads = heads_in(part)
    is_most = _Most(length)
    for tag in TAGS:
        for each in part.select(tag):
            if each in heads or (tag == "aside" and is_note(each)) or is_most(each):
                continue
            each.decompose()
    chapters: Chapters | None = None
    for tag in CONTAINERS:
        for each in part.select(tag):
            if each.parent is None or each in heads or not left_out(each) or is_most(each):
                continue
            if each.attr("role") not in ROLES:
                chapters = chapters or Chapters(part, suspects)
                if chapters.has(each):
                    continue
            each.decompose()
    return part, _length(part) / length if length else 1.0


def _encoded(element: Element) -> bytes:
    return element.html.encode("utf-8", "replace")


def _put_before(part: Tree, leads: list[Element]) -> None:
    if not leads or (start := part.select_one("body")) is None:
        return
    known = folded(start.text)
    for lead in reversed(leads):
        if folded(lead.text) in known:  # some pages have it twice
            continue
        if (copied := tree_of(_encoded(lead), "utf-8").select_one("body")) is not None:
            for node in list(copied.children)[::-1]:
                start.insert(0, node)


class _Most:
    """Whether an element has most of a part's text, and may be content whatever its name is."""

    def __init__(self, length: int) -> None:
        self._half = length / 2
        self._measured = 0

    def __call__(self, element: Element) -> bool:
        if is_never_content(element):
            return False
        self._measured += 1
        return self._measured <= _MAX_MEASURED and len(element.text) > self._half


def _length(part: Tree) -> int:
    return len(part.root.text.strip()) if part.root is not None else 0
