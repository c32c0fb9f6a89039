"""Links that show an icon instead of text, or lead nowhere, as Markdown can have them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawlproj.content.folded import folded
from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from crawlproj.content.tree import Tree

_MAX_LINKS = 10_000  # of a page
_MAX_SEARCHED = 16 * 1024 * 1024  # characters of markup of links, which may be in each other
_MAX_NAME = 1_000  # characters


@contextmanager
def with_names(node: Tree | Element, hidden: Container[Element]) -> Iterator[list[Element]]:
    """Give links without text or image the name that a screen reader says, for a while.

    hidden: what is not shown. Yields those that have no name: in Markdown nobody would see them.
    """
    nameless: list[Element] = []
    added: list[Text] = []
    shown: dict[Element, bool] = {}
    left = _MAX_SEARCHED
    for link in reversed(node.select("a[href]")[:_MAX_LINKS]):  # those in others come first
        if _shows(link, hidden, shown):
            shown[link] = True
            continue
        name = ""
        if left > 0:
            left -= len(link.html)
            name = next(filter(None, _names_of(link)), "")[:_MAX_NAME]
        shown[link] = bool(name)
        if name:
            added.append(Text(name))
            link.append(added[-1])
        else:
            nameless.append(link)
    try:
        yield nameless
    finally:
        for text in added:
            text.extract()


def _shows(link: Element, hidden: Container[Element], shown: Mapping[Element, bool]) -> bool:
    """Whether there is text or an image with an address in ``link``.

    shown: the same of the links in it.
    """
    left = [link]
    while left:
        for child in left.pop().children:
            if isinstance(child, Text):
                if child.data.strip():
                    return True
            elif isinstance(child, Element) and child not in hidden:
                if shown.get(child) or (child.tag == "img" and _has_address(child)):
                    return True
                if child not in shown:
                    left.append(child)
    return False


def _names_of(link: Element) -> Iterator[str]:
    yield _said(link, "aria-label")
    yield _said(link, "title")
    for inside in link.select("[aria-label]"):
        yield _said(inside, "aria-label")
    for title in link.select("svg title"):
        yield folded(title.text)
    for image in link.select("img"):
        yield _said(image, "alt")


def scripts_in(node: Tree | Element) -> dict[Element, str]:
    """Return the links that are scripts, as what to read them as."""
    links = node.select("a[href*=script i]")[:_MAX_LINKS]
    return dict.fromkeys(filter(_is_script, links), "span")


def _is_script(link: Element) -> bool:
    return (link.attr("href") or "").strip().lower().startswith("javascript:")


def _has_address(image: Element) -> bool:
    return (image.attr("src") or "").lstrip()[:5].lower() not in {"", "data:"}


def _said(link: Element, attribute: str) -> str:
    return " ".join(str(link.attr(attribute) or "").split())
