"""Elements that are content, although their names say navigation or boilerplate.

Generators make names from headings (`<section id="search">`), from what they document, and from the
path of the page (VitePress: `<div class="_guide_search">`). All is looked for once in a page, so no
page costs more than linear time.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawlproj.content.tree import Tree

_HEADINGS = "h1,h2,h3,h4,h5,h6"
_MAX_TITLES, _MAX_HEADINGS, _MAX_LINKS = 10, 1_000, 10_000  # that are looked at
_MAX_MEASURED = 20
_LEVELS = 8  # from a heading or a link up to the element that has its name
_CHAPTER_CLASSES = re.compile(r"(?:^| )(?:section|level\d|sect\d)(?:$| )")
_PERMALINK = re.compile(r"header-?link|hash-?link|perma-?link|anchor", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[\W_]+")


class Chapters:
    """The headings and links of a part of a page, and what they say about its elements.

    suspects: whether a name is one of boilerplate.
    """

    def __init__(self, part: Tree, suspects: Callable[[str], object]) -> None:
        self._part = part
        self._suspects = suspects
        self._measured = 0
        self._length = len(part.root.text.strip()) if part.root is not None else 0
        self._around_titles = {
            element for title in part.select("h1")[:_MAX_TITLES] for element in _above(title)
        }

    @cached_property
    def _named(self) -> set[Element]:
        """The elements that are named after a heading in them."""
        return set(_named_after_headings(self._part))

    @cached_property
    def _around_plain(self) -> set[Element]:
        """Of these, the ones that no boilerplate is named like, and the elements around them."""
        plain = {each for each in self._named if not self._suspects(each.attr("id") or "")}
        return plain | {each.parent for each in plain if isinstance(each.parent, Element)}

    @cached_property
    def _links(self) -> dict[Element, bool]:
        """The elements with a link to themselves; whether one invites to cite them."""
        found: dict[Element, bool] = {}
        for link in self._part.select('a[href^="#"]')[:_MAX_LINKS]:
            name = (link.attr("href") or "")[1:]
            for element in _above(link, _LEVELS) if name else ():
                if element.attr("id") == name:
                    words = filter(None, map(link.attr, ("class", "aria-label", "title")))
                    citable = _PERMALINK.search(" ".join(words)) is not None
                    found[element] = citable or found.get(element, False)
        return found

    def has(self, element: Element) -> bool:
        """Whether ``element`` is content whatever its name is."""
        if element in self._around_titles and self._is_most(element):
            return True
        classes = element.attr("class") or ""
        if self._suspects(classes):
            return False
        if self._links.get(element):
            return True
        # People write <section id="comments"><h2>Comments by hand, too. So it takes one more sign:
        # what generators add, or a chapter around or beside it whose name no boilerplate has.
        return element in self._named and (
            element in self._links
            or bool(_CHAPTER_CLASSES.search(classes))
            or element.parent in self._around_plain
        )

    def _is_most(self, element: Element) -> bool:
        """Whether ``element`` has most of the text; False if that was asked too often."""
        self._measured += 1
        return self._measured <= _MAX_MEASURED and 2 * len(element.text) > self._length


def _named_after_headings(part: Tree) -> Iterator[Element]:
    for heading in part.select(_HEADINGS)[:_MAX_HEADINGS]:
        slug = _slug(heading.text)
        for element in _above(heading, _LEVELS) if slug else ():
            if element.tag in {"section", "div"} and _slug(element.attr("id") or "") == slug:
                yield element


def _above(element: Element, levels: int = 0) -> Iterator[Element]:
    """Yield the elements around ``element``, innermost first; levels: max number, 0: all."""
    parent = element.parent
    while isinstance(parent, Element):
        yield parent
        parent = parent.parent
        levels -= 1
        if not levels:
            return


def _slug(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-")
