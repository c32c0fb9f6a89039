"""Links that show an icon instead of text, as Markdown can have them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from turbohtml import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Element, Tree

_MAX_LINKS = 10_000  # of a page


@contextmanager
def with_names(node: Tree | Element) -> Iterator[list[Element]]:
    """Give links without text or image the name that a screen reader says, for a while.

    Yields those that have none: in Markdown nobody would see them.
    """
    nameless: list[Element] = []
    added: list[Text] = []
    for link in node.select("a[href]")[:_MAX_LINKS]:
        if link.text.strip() or link.find("img") is not None:
            continue
        if name := (_said(link, "aria-label") or _said(link, "title")):
            added.append(Text(name))
            link.append(added[-1])
        else:
            nameless.append(link)
    try:
        yield nameless
    finally:
        for text in added:
            text.extract()


def _said(link: Element, attribute: str) -> str:
    return " ".join(str(link.attr(attribute) or "").split())
