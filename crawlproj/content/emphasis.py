"""Lets the parser write emphasis with asterisks, which it does for none of a kind if one is wrong.

It takes text that is not ASCII for wrong, and so is what Markdown cannot express: stars between a
letter and a sign, as in "see<b>.</b> Next", or beside a space that does not break. A comma keeps it
from signs that are not ASCII, which it takes for letters: “<b>Stop.</b>”.

Source: CommonMark, "Emphasis and strong emphasis".
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from crawlproj.content.tree import Tree

_KINDS = {"b": "b", "strong": "b", "i": "i", "em": "i", "del": "s", "s": "s", "strike": "s"}
_MAX_FOUND = 10_000  # in a page
_MAX_STEPS = 20  # from an element to the text in it, beside it, or to what it is in
_MAX_NESTED = 1_000_000  # characters of emphasis in emphasis that are looked at, with its tags
_INLINES = frozenset(
    (
        *("a", "abbr", "acronym", "bdi", "bdo", "big", "cite", "data", "dfn", "font", "ins"),
        *("label", "mark", "nobr", "output", "q", "rb", "rp", "rt", "rtc", "ruby", "small"),
        *("span", "sub", "sup", "time", "tt", "u", "var", *_KINDS),
    )
)
# Elements that are more than their text in Markdown: how they begin and end there.
_SIGNS = {"a": "[)", "code": "``", "kbd": "``", "samp": "``", "img": "!)"}
_AROUND = {**_KINDS, **dict.fromkeys(("code", "kbd", "samp", "pre"), "code")}
_SIGNS_IN_LINKS = _SIGNS.keys() - {"a"}
_SPACES = " \t\n\f\r"
_MARK = "\ufdd0"  # no text has it: Unicode promises that it is not a character
_BEFORE, _AFTER = _MARK + ",", "," + _MARK
_ENDS_IN_BREAKS = re.compile(r"<br>\s*<br>\s*(?:</[a-z]+>\s*)*$")
_MAX_TAGS = 200  # characters
_NOT_IN_OTHER = re.compile(r"[^\x00-\x7f]|[&|\\]")  # in emphasis in other emphasis
_MISREAD = frozenset("*_~!")  # as letters, "!" that of an image


@contextmanager
def as_asterisks(node: Tree | Element) -> Iterator[dict[Element, str]]:
    """Change the emphasis in ``node`` for a while so that asterisks can express it.

    Yields the elements that they cannot, as what to read them as. without_marks() takes out of the
    Markdown what only the parser needed.
    """
    plain: dict[Element, str] = {}
    misread: list[tuple[Element, int]] = []
    marks: list[Text] = []
    spans: list[Element] = []
    texts: list[tuple[Text, str]] = []
    left = _MAX_NESTED
    # All is looked for before anything changes: after a change, the parser indexes the tree anew.
    found = [
        (tag, each) for tag in _KINDS if node.find(tag) is not None for each in node.select(tag)
    ]
    for tag, each in found[:_MAX_FOUND]:
        around = _kinds_around(each)
        is_again = _KINDS[tag] in around or "code" in around  # which has none
        beside = [_beside(each, end) for end in (0, -1)]
        text = ""
        if around and not is_again and left > 0:
            text = each.text
            left -= len(each.html)  # elements without text take as long to look through
        if (
            is_again
            or _NOT_IN_OTHER.search(text)
            or not all(_fits(each, end, beside[end][0], nested=bool(around)) for end in (0, -1))
            or _continues(each, plain)
        ):
            plain[each] = "span"
            continue
        if not around:
            misread += [
                (each, end)
                for end, (char, is_apart) in zip((0, -1), beside, strict=True)
                if is_apart and _is_misread(char)
            ]
        for edge in (_edge(each, 0), _edge(each, -1)):
            if isinstance(edge, Text) and edge.data.strip() != edge.data.strip(_SPACES):
                texts.append((edge, edge.data))
                edge.data = f" {edge.data.strip()} "
        if any(isinstance(child, Text) and not child.data.isascii() for child in each.children):
            spans.append(each.wrap_children(Element("span")))
    for each, end in misread:
        marks.append(Text(_AFTER if end else _BEFORE))
        (each.insert_after if end else each.insert_before)(marks[-1])
    try:
        yield plain
    finally:
        for mark in marks:
            mark.extract()
        for span in spans:
            span.unwrap()
        for edge, data in reversed(texts):
            edge.data = data


def without_marks(markdown: str) -> str:
    """Return ``markdown`` of a tree that as_asterisks() has changed, as its page says it."""
    return markdown.replace(_BEFORE, "").replace(_AFTER, "")


def _kinds_around(element: Element) -> set[str]:
    """Return the kinds of emphasis that ``element`` is in, and "code" if it is in such."""
    around = islice(element.ancestors, _MAX_STEPS)
    return {
        _AROUND[each.tag] for each in around if isinstance(each, Element) and each.tag in _AROUND
    }


def _fits(element: Element, end: int, beside: str, *, nested: bool) -> bool:
    """Whether asterisks at this end of ``element`` (0 or -1) are what begins or ends emphasis.

    beside: the character that follows. nested: it is in other emphasis, so the parser may write an
    underscore, which no word may touch.
    """
    edge = _edge(element, end)
    if edge is None:
        if end:
            return not _ENDS_IN_BREAKS.search(element.html[-_MAX_TAGS:])
        return bool(element.text.strip())
    if isinstance(edge, Element):
        # The parser puts the space at either end of a link outside of it, and of the emphasis.
        words = _edge(edge, end, _SIGNS_IN_LINKS) if edge.tag == "a" else None
        if isinstance(words, Text) and words.data[end] in _SPACES and not words.data.isspace():
            return True
        inside = _SIGNS[edge.tag]
    else:
        inside = edge.data
    if not inside.strip():
        return inside.isascii()
    inside = inside.replace("\xa0", " ")
    if inside[end].isspace() or (inside[end].isalnum() and not nested):
        return True
    return not _is_word(beside) and not (nested and _is_misread(beside))


def _edge(element: Element, end: int, signs: Container[str] = _SIGNS) -> Text | Element | None:
    """Return the first or last text in ``element``, or an element that Markdown has signs for."""
    node: object = element
    for _ in range(_MAX_STEPS):
        if not isinstance(node, Element):
            break
        if node.tag in signs and (node.tag != "a" or node.attr("href") is not None):
            return node
        children = [
            child
            for child in node.children
            if isinstance(child, Element) or (isinstance(child, Text) and child.data)
        ]
        if not children:
            return None
        node = children[end]
    return node if isinstance(node, Text) else None


def _beside(element: Element, end: int) -> tuple[str, bool]:
    """Return the character that follows ``element`` at this end, and whether no element has it.

    It is "" if none follows, or markup.
    """
    node: Element | Text = element
    for _ in range(_MAX_STEPS):
        beside = node.next_sibling if end else node.previous_sibling
        if beside is None:
            parent = node.parent
            if not isinstance(parent, Element) or not _is_inline(parent):
                return "", False
            node = parent
        elif isinstance(beside, Text):
            if beside.data:
                return beside.data[0 if end else -1], True
            node = beside
        elif isinstance(beside, Element) and _is_inline(beside):
            if beside.children:
                edge = _edge(beside, 0 if end else -1)
                return edge.data[0 if end else -1] if isinstance(edge, Text) else "", False
            node = beside
        elif isinstance(beside, Element) and beside.tag == "img":
            return ("!", True) if end else (")", False)
        else:
            return "", False
    return "x", False  # nobody knows


def _is_inline(element: Element) -> bool:
    return element.tag in _INLINES or "-" in element.tag  # custom elements are


def _continues(element: Element, plain: Mapping[Element, str]) -> bool:
    """Whether ``element`` comes right after emphasis of its kind: four asterisks part nothing."""
    before = element.previous_sibling
    if not isinstance(before, Element) or before in plain:
        return False
    if _KINDS.get(before.tag) != _KINDS[element.tag]:
        return False
    ends = _edge(before, -1), _edge(element, 0)
    if None in ends:  # a line break, or nothing
        return False
    return not any(
        isinstance(edge, Text) and edge.data[at].isspace()
        for edge, at in zip(ends, (-1, 0), strict=True)
    )


def _is_word(char: str) -> bool:
    """Whether ``char`` is neither a space nor punctuation, as CommonMark defines them."""
    if char.isalnum() or char.isascii() or char.isspace():
        return char.isalnum()
    return not unicodedata.category(char).startswith("P")


def _is_misread(char: str) -> bool:
    """Whether the parser takes ``char`` for a letter although it is not one."""
    return char in _MISREAD if char.isascii() else not (_is_word(char) or char.isspace())
