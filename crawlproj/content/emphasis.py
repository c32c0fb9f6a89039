"""Lets the parser write emphasis with asterisks, which it does for none of a kind if one is wrong.

It takes text that is not ASCII for wrong, and so is what Markdown cannot express: stars between a
letter and a sign, as in "see<b>.</b> Next", or beside a space that does not break.

Source: CommonMark, "Emphasis and strong emphasis".
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Tree

_KINDS = {"b": "b", "strong": "b", "i": "i", "em": "i", "del": "s", "s": "s", "strike": "s"}
_MAX_FOUND = 10_000  # in a page
_MAX_STEPS = 20  # from an element to the text in it, beside it, or to what it is in
_MAX_NESTED = 1_000_000  # characters of emphasis in emphasis that are looked at, with its tags
_INLINES = frozenset(
    (
        *("a", "abbr", "bdi", "bdo", "big", "cite", "font", "ins", "label", "mark", "q", "small"),
        *("span", "sub", "sup", "time", "tt", "u", "var", *_KINDS),
    )
)
# Elements that are more than their text in Markdown: how they begin and end there.
_SIGNS = {"a": "[)", "code": "``", "kbd": "``", "samp": "``", "img": "!)"}


@contextmanager
def as_asterisks(node: Tree | Element) -> Iterator[dict[Element, str]]:
    """Change the emphasis in ``node`` for a while so that asterisks can express it.

    Yields the elements that they cannot, as what to read them as.
    """
    plain: dict[Element, str] = {}
    spans: list[Element] = []
    texts: list[tuple[Text, str]] = []
    left = _MAX_NESTED
    # All is looked for before anything changes: after a change, the parser indexes the tree anew.
    found = [
        (tag, each) for tag in _KINDS if node.find(tag) is not None for each in node.select(tag)
    ]
    for tag, each in found[:_MAX_FOUND]:
        around = _emphasis_around(each)
        is_again = _KINDS[tag] in around
        text = ""
        if around and not is_again and left > 0:
            text = each.text
            left -= len(each.html)  # elements without text take as long to look through
        if (
            is_again
            or not text.isascii()
            or not all(_fits(each, end, nested=bool(around)) for end in (0, -1))
        ):
            plain[each] = "span"
            continue
        for edge in (_edge(each, 0), _edge(each, -1)):
            if isinstance(edge, Text) and edge.data.strip() != edge.data.strip(" \t\n\f\r"):
                texts.append((edge, edge.data))
                edge.data = edge.data.replace("\xa0", " ")
        if any(isinstance(child, Text) and not child.data.isascii() for child in each.children):
            spans.append(each.wrap_children(Element("span")))
    try:
        yield plain
    finally:
        for span in spans:
            span.unwrap()
        for edge, data in reversed(texts):
            edge.data = data


def _emphasis_around(element: Element) -> set[str]:
    """Return the kinds of emphasis that ``element`` is in."""
    around = islice(element.ancestors, _MAX_STEPS)
    return {_KINDS[each.tag] for each in around if isinstance(each, Element) and each.tag in _KINDS}


def _fits(element: Element, end: int, *, nested: bool) -> bool:
    """Whether asterisks at this end of ``element`` (0 or -1) are what begins or ends emphasis.

    nested: it is in other emphasis, so the parser may write an underscore, which no word may touch.
    """
    edge = _edge(element, end)
    if edge is None:
        return True
    inside = edge.data if isinstance(edge, Text) else _SIGNS[edge.tag]
    if not inside.strip():
        return inside.isascii()
    inside = inside.replace("\xa0", " ")
    if inside[end].isspace() or (inside[end].isalnum() and not nested):
        return True
    return not _is_word_beside(element, end)


def _edge(element: Element, end: int) -> Text | Element | None:
    """Return the first or last text in ``element``, or an element that Markdown has signs for."""
    node: object = element
    for _ in range(_MAX_STEPS):
        if not isinstance(node, Element):
            break
        if node.tag in _SIGNS:
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


def _is_word_beside(element: Element, end: int) -> bool:
    """Whether a letter or a digit follows ``element`` at this end."""
    node: Element | Text = element
    for _ in range(_MAX_STEPS):
        beside = node.next_sibling if end else node.previous_sibling
        if beside is None:
            parent = node.parent
            if not isinstance(parent, Element) or parent.tag not in _INLINES:
                return False
            node = parent
        elif isinstance(beside, Text):
            if beside.data:
                return beside.data[0 if end else -1].isalnum()
            node = beside
        elif isinstance(beside, Element):
            if beside.tag not in _INLINES:
                return False
            edge = _edge(beside, 0 if end else -1)
            return isinstance(edge, Text) and edge.data[0 if end else -1].isalnum()
        else:
            return False
    return True
