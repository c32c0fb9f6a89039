"""Links that show an icon instead of text, or lead nowhere, as Markdown can have them."""

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
        images = link.select("img")
        if link.text.strip() or any(map(_has_address, images)):
            continue
        names = [_said(link, "aria-label"), _said(link, "title")]
        if name := next(filter(None, names + [_said(image, "alt") for image in images]), ""):
            added.append(Text(name))
            link.append(added[-1])
        else:
            nameless.append(link)
    try:
        yield nameless
    finally:
        for text in added:
            text.extract()


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
