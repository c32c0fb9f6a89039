"""How inline styles change the way elements are shown; style sheets are not read."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from crawlproj.content.tree import Tree

_DECLARATION = re.compile(
    r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)\s*(!\s*important)?", re.IGNORECASE
)
_WHITE_SPACE = re.compile(
    r"(^|;)\s*white-space\s*:\s*(?:pre-(?:wrap|line)|break-spaces|(pre))\b[^;]*", re.IGNORECASE
)
_MAX_SPACED = 10_000  # elements of a page that keep their white space
_BLOCKS = frozenset(("block", "flex", "flow-root", "grid", "list-item", "table"))
_OF_BLOCKS = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
_MAX_KEPT = 200  # characters of a style that is kept
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


def declared(element: Element, name: str) -> str:
    """Return the value of "display" or "visibility" in the style of ``element``; "" if none."""
    style = element.attr("style")
    if not style:
        return ""
    # Most styles are on many elements, and each is looked at several times.
    read = _read if len(style) <= _MAX_KEPT else _read.__wrapped__
    return read(style).get(name, "")


@lru_cache(maxsize=1024)
def _read(style: str) -> dict[str, str]:
    """Return the last value of each property, in lower case; important ones count more."""
    found: dict[str, str] = {}
    weighty: dict[str, str] = {}
    for name, value, important in _DECLARATION.findall(style):
        (weighty if important else found)[name.lower()] = value.lower()
    return found | weighty


def reshaped_in(styled: Iterable[Element], inlines: Container[str]) -> dict[Element, str]:
    """Return the elements that are blocks or inline against their name, and how to read them.

    styled: elements with an inline style. inlines: the names that may be read as a block.
    """
    found: dict[Element, str] = {}
    left = _MAX_CHILDREN
    for element in styled:
        display = declared(element, "display")
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


def as_prose(node: Tree | Element) -> dict[Element, str]:
    """Return the elements that keep their white space but are no listing, and a style without it.

    The parser writes each element as code whose white space is kept. But editors of websites keep
    that of every paragraph. Only a block whose lines are not wrapped is a listing.
    """
    return {
        element: _WHITE_SPACE.sub(r"\1", style)
        for element in node.select("[style*=white-space i]")[:_MAX_SPACED]
        if (kept := _WHITE_SPACE.search(style := element.attr("style") or ""))
        and (element.tag in INLINES or not kept[2])
    }
