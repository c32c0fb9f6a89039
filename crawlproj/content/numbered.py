"""Which lists have numbers in Markdown: it counts up from the first, and has none below zero.

The parser writes every other list as HTML. Many editors give each item its number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_MAX_FOUND = 10_000  # of each kind, in a page
_NUMBERED_AGAIN = "ol > li ~ li[value]"
_ODD = "ol[reversed], ol[start]", "ol > li[value]:first-of-type"
_NO_NUMBER = re.compile(r"\s*(?:-|\+?0*[1-9][0-9]{9})")


def numbered_again(node: Tree | Element) -> list[Element]:
    """Return the items of numbered lists, after the first, that say which number they have."""
    return [] if node.find("ol") is None else node.select(_NUMBERED_AGAIN)[:_MAX_FOUND]


def not_numbered(node: Tree | Element) -> list[Element]:
    """Return the numbered lists that count down, or from what Markdown cannot begin with."""
    if node.find("ol") is None:
        return []
    lists, items = (node.select(selector)[:_MAX_FOUND] for selector in _ODD)
    return [
        each
        for each in lists
        if each.attr("reversed") is not None or _NO_NUMBER.match(each.attr("start") or "")
    ] + [
        each.parent
        for each in items
        if _NO_NUMBER.match(each.attr("value") or "") and isinstance(each.parent, Element)
    ]
