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
        if link.text.strip() or any(not _is_in_page(image) for image in images):
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


def without_address(node: Tree | Element) -> dict[Element, str]:
    """Return links that are scripts and images whose bytes are in the page, as what to read them.

    Such an image is mostly a placeholder, which a script replaces; its address may have megabytes.
    """
    links = [
        link
        for link in node.select("a[href*=script i]")[:_MAX_LINKS]
        if (link.attr("href") or "").strip().lower().startswith("javascript:")
    ]
    images = [image for image in node.select("img[src]")[:_MAX_LINKS] if _is_in_page(image)]
    return dict.fromkeys(links + images, "span")


def _is_in_page(image: Element) -> bool:
    return (image.attr("src") or "").lstrip()[:5].lower() == "data:"


def _said(link: Element, attribute: str) -> str:
    return " ".join(str(link.attr(attribute) or "").split())
