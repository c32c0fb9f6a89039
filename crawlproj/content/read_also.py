"""Finds the paragraphs amid an article that only lead to others: "Read also: Another headline"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.prose import Prose
from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_SIZES = range(25, 400)  # bytes; a shorter link may be a word of the text, such as "Download"
_MIN_LINKED = 0.8  # of its text
_ENTRIES = frozenset(("dd", "li", "td"))  # of glossaries and indexes, in which links are content
_ENDS = (".", "。")  # of sentences such as "See the list of all settings.", not of headlines
_MOST = 1 / 3  # of the paragraphs of prose; where there are more, the page is a list of links


def read_also_in(part: Tree) -> list[Element]:
    """Return these paragraphs of the main part of a page; none if the page is a list of links."""
    if part.root is None or part.select_one("p a") is None:
        return []
    prose = Prose(part.root, ())
    found = [
        block
        for block, text in prose.blocks.items()
        if block.tag == "p"
        and text in _SIZES
        and prose.linked.get(block, 0) >= _MIN_LINKED * text
        and _leads_away(block)
    ]
    return found if len(found) <= _MOST * len(prose.own) else []


def _leads_away(paragraph: Element) -> bool:
    """Whether one link in it, and no more, leads to another page, and it is not a sentence."""
    if paragraph.text.rstrip().endswith(_ENDS):
        return False
    around = paragraph.parent
    if isinstance(around, Element) and around.tag in _ENTRIES:
        return False
    links = paragraph.select("a[href]")
    return len(links) == 1 and not (links[0].attr("href") or "").startswith("#")
