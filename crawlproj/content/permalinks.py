"""Finds the signs beside a heading that link to it, such as "¶", which show under a mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.content.tree import Element, Tree

_MAX_LINKS = 10_000  # of a page that are looked at
_SELECTOR = ':is(h1, h2, h3, h4, h5, h6, dt, caption, figcaption) > a[href*="#"]'
_WORD = re.compile(r"\w")
_MAX_SIGNS = 3


def permalinks_in(root: Tree | Element) -> list[Element]:
    """Return the links in headings, terms and captions whose text is only a sign, as "¶" or "#".

    It may be a space of no width. A heading that has nothing else keeps it, as an index of
    operators does.
    """
    return [link for link in root.select(_SELECTOR)[:_MAX_LINKS] if _is_sign(link)]


def _is_sign(link: Element) -> bool:
    text = link.text.strip()
    if len(text) > _MAX_SIGNS or _WORD.search(text):
        return False
    return link.parent is not None and len(link.parent.text.strip()) > len(text)
