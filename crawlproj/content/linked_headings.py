"""Headings inside a link, as cards have them: in Markdown, a heading may have a link in it only."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from crawlproj.content.for_a_while import ReadAs, with_attribute
from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from crawlproj.content.tree import Tree

# Not "a[href] h1", which looks at all around each heading.
_HEADINGS = ":is(a[href], a[href] > *, a[href] > * > *) > :is(h1, h2, h3, h4, h5, h6)"
_MAX_HEADINGS = 10_000  # of a page that are looked at
_MAX_BOXES = 2  # between a link and its heading


@contextmanager
def with_links_inside(node: Tree | Element, left_out: Container[Element]) -> Iterator[None]:
    """Let each link that has nothing but a heading be a heading that has nothing but a link.

    left_out: the links that stay as they are.
    """
    found = {
        heading: link
        for heading in node.select(_HEADINGS)[:_MAX_HEADINGS]
        if (link := _link_around(heading)) is not None and link not in left_out
    }
    renamed = dict.fromkeys(found, "a")
    renamed |= {link: heading.tag for heading, link in found.items()}
    hrefs, titles = (
        {heading: link.attr(name) for heading, link in found.items()} for name in ("href", "title")
    )
    with with_attribute("href", hrefs), with_attribute("title", titles), ReadAs(renamed):
        yield


def _link_around(heading: Element) -> Element | None:
    """Return the link that ``heading`` is all of, if there is one."""
    inside = heading
    for around in islice(heading.ancestors, _MAX_BOXES + 1):
        if not isinstance(around, Element) or not _is_alone(inside, around):
            return None
        if around.tag == "a":
            return around
        inside = around
    return None


def _is_alone(element: Element, around: Element) -> bool:
    return all(
        child == element or (isinstance(child, Text) and child.data.isspace())
        for child in around.children
    )
