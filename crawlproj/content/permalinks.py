"""Finds the signs beside a heading that link to it, such as "¶", which show under a mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_MAX_LINKS = 10_000  # of a page that are looked at
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLES = (*_HEADINGS, "dt", "caption", "figcaption")
# In or beside one; a selection for each takes longer.
_SELECTOR = f'a[href*="#"]:is(:is({",".join(_TITLES)}) > a, :is({",".join(_HEADINGS)}) + a)'
_WORD = re.compile(r"\w")
_MAX_SIGNS = 3


def permalinks_in(root: Tree | Element) -> list[Element]:
    """Return the links to a heading, term or caption that are not part of its words.

    In it, these are links whose text is only a sign, as "¶", "#" or a space of no width. A heading
    that has nothing else keeps it, as an index of operators does. Beside it, it is a link to its
    id, whatever it says to those who cannot see the sign.
    """
    return [link for link in root.select(_SELECTOR)[:_MAX_LINKS] if _is_sign(link) or _is_own(link)]


def _is_own(link: Element) -> bool:
    heading = link.previous_sibling
    while heading is not None and not isinstance(heading, Element):
        heading = heading.previous_sibling
    name = (link.attr("href") or "").partition("#")[2]
    return heading is not None and heading.tag in _HEADINGS and heading.attr("id") == unquote(name)


def _is_sign(link: Element) -> bool:
    title = link.parent
    if not isinstance(title, Element) or title.tag not in _TITLES:
        return False
    text = link.text.strip()
    if len(text) > _MAX_SIGNS or _WORD.search(text):
        return False
    # Not the text of the heading, which may be long and have many links.
    return any(map(_has_words, (link.previous_sibling, link.next_sibling)))


def _has_words(node: object) -> bool:
    return isinstance(node, Element) or (isinstance(node, Text) and not node.data.isspace())
