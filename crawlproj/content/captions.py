"""Finds the captions of pictures: the text of an article, which has no pictures, goes without."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

_CAPTIONS = "figcaption,[class*=caption i]"
_PICTURES = "img,picture,video,svg,object"
_NOT_IN_ONE = "h1,h2,h3,pre,table"
_MAX_STEPS = 4  # from a caption to the element that has the picture, too
_MAX_BESIDE = 1.3, 20  # of its length, and characters, that this element has: a name may be beside
_MOST = 0.3  # of the text; an article with more is about its pictures
_MAX_SEARCHED = 4 * 1024 * 1024  # characters of markup around captions


def without_captions(part: Tree) -> Tree:
    """Take the captions of pictures out of the main part of a page; returns ``part``."""
    captions = _captions_in(part)
    length = len(part.root.text) if captions and part.root is not None else 0
    if sum(len(each.text) for each in captions) <= _MOST * length:
        for each in captions:
            each.decompose()
    return part


def _captions_in(part: Tree) -> list[Element]:
    found: list[Element] = []
    left = _MAX_SEARCHED
    for element in part.select(_CAPTIONS):
        if left <= 0:
            break
        if element.select_one(_NOT_IN_ONE) is not None:
            continue
        length = len(element.text.strip())
        for around in islice(element.ancestors, _MAX_STEPS):
            if not isinstance(around, Element) or around.tag == "body":
                break
            left -= len(around.html)
            if len(around.text.strip()) > _MAX_BESIDE[0] * length + _MAX_BESIDE[1]:
                break
            if around.select_one(_PICTURES) is not None:
                found.append(element)
                break
    return found
