"""How inline styles change the way elements are shown; style sheets are not read."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_DECLARATION = re.compile(
    r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)\s*(!\s*important)?", re.IGNORECASE
)
_BLOCKS = frozenset(("block", "flex", "flow-root", "grid", "list-item", "table"))
_OF_BLOCKS = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
_MAX_CHILDREN = 10_000  # of all boxes in a page whose children are blocks
# Blocks whose name means nothing else, so that they can be read as inline.
_MERE_BLOCKS = frozenset(
    ("article", "aside", "div", "footer", "header", "main", "nav", "p", "section")
)
MERE_INLINES = frozenset(
    ("bdi", "bdo", "big", "data", "font", "label", "small", "span", "time", "u")
)
"""Inline elements that Markdown has no marks for."""
INLINES = MERE_INLINES | frozenset(
    (
        *("a", "abbr", "b", "button", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd"),
        *("mark", "q", "s", "samp", "strike", "strong", "sub", "sup", "tt", "var"),
    )
)


def declared(style: str, name: str) -> str:
    """Return the value of "display" or "visibility" in a style, in lower case; "" if none."""
    found = [each for each in _DECLARATION.findall(style) if each[0].lower() == name]
    important = [each for each in found if each[2]]
    last: str = (important or found or [("", "", "")])[-1][1]
    return last.lower()


def reshaped_in(styled: Iterable[Element], inlines: Container[str]) -> dict[Element, str]:
    """Return the elements that are blocks or inline against their name, and how to read them.

    styled: elements with an inline style. inlines: the names that may be read as a block.
    """
    found: dict[Element, str] = {}
    left = _MAX_CHILDREN
    for element in styled:
        display = declared(element.attr("style") or "", "display")
        if display in _BLOCKS and element.tag in inlines:
            found[element] = "div"
        elif display == "inline" and element.tag in _MERE_BLOCKS:
            found[element] = "span"
        if display in _OF_BLOCKS:
            for child in islice(element.children, left):
                left -= 1
                if isinstance(child, Element) and child.tag in inlines:
                    found[child] = "div"
    return found
