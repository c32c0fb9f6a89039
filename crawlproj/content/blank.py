"""Elements that show nothing, and for whose Markdown the parser takes quadratic time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_MANY_BREAKS = 2_000  # in a page; with fewer, nobody notices
_MAX_BREAKS = 100  # after each other; more of them are left out
_LISTS = ("ul", "ol", "menu")
_NO_ITEM = ":not(:has(li))"
_NO_TEXT = frozenset(("script", "style"))  # what is hidden is read as one


def blank_in(node: Tree | Element) -> dict[Element, str]:
    """Return each <br> that only continues an empty space, and each empty list: as what to read it.

    The parser looks back from each <br> to the last text, and from each quote over empty lists.
    """
    found: dict[Element, str] = {}
    if node.find("blockquote") is not None:
        for name in _LISTS:
            found |= dict.fromkeys(node.select(name + _NO_ITEM), "div")
    if len(node.select("br")) > _MANY_BREAKS:
        found |= dict.fromkeys(_breaks_in(node), "span")
    return found


def _breaks_in(node: Tree | Element) -> list[Element]:
    found: list[Element] = []
    number = 0  # since the last text or image
    for each in node.descendants:
        if _shows(each):
            number = 0
        elif isinstance(each, Element) and each.tag == "br":
            number += 1
            if number > _MAX_BREAKS:
                found.append(each)
    return found


def _shows(node: object) -> bool:
    """Whether ``node`` is a text that is shown, or an image."""
    if not isinstance(node, Text):
        return isinstance(node, Element) and node.tag == "img"
    around = node.parent
    return bool(node.data.strip()) and not (isinstance(around, Element) and around.tag in _NO_TEXT)
