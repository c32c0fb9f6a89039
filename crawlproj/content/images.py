"""Finds the picture that an <img> shows, also one that a script loads when it comes into view."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawlproj.content.for_a_while import with_attribute
from crawlproj.content.srcset import largest_in
from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crawlproj.content.tree import Tree

# Where the scripts for late loading look for the picture, in the order that they prefer.
LATE = ("data-src", "data-lazy-src", "data-original")
LATE_SETS = ("data-srcset", "data-lazy-srcset")
_NO_DATA = re.compile(r"[^\s{}]++")


def shown_in(node: Tree | Element) -> list[tuple[Element, str]]:
    """Return the images in ``node`` that have an address, with it as it is written there.

    That is the one that a script loads late, else ``src``, else the largest of ``srcset``, else
    that of a <source> of its <picture>. The bytes of a picture are not an address: where they are,
    they are mostly a placeholder. The same image again for browsers without scripts is left out.
    """
    found: list[tuple[Element, str]] = []
    late_ones: set[str] = set()
    sources: dict[Element, str] = {}
    # Hardly any page has them, and asking each image for each of them takes longest.
    names = [name for name in (*LATE, *LATE_SETS) if node.select_one(f"img[{name}]") is not None]
    for image in node.select("img"):
        if late := _first(_late(image, names)) if names else "":
            late_ones.add(late)
        if address := late or _address(image, sources):
            found.append((image, address))
    if not late_ones:
        return found
    copies = node.select("noscript img")
    again = {each for each in copies if _address(each, sources) in late_ones}
    return [(image, address) for image, address in found if image not in again]


@contextmanager
def with_addresses(node: Tree | Element, absolute: Callable[[str], str]) -> Iterator[list[Element]]:
    """Let ``src`` of the images be their absolute address for a while; yields those without."""
    images = node.select("img")
    shown = dict(shown_in(node)) if images else {}
    with with_attribute("src", {image: absolute(place) for image, place in shown.items()}):
        yield [image for image in images if image not in shown]


def _late(image: Element, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = image.attr(name) or ""
        address = (largest_in(value) or "") if name in LATE_SETS else value
        if _looks_like_address(address.strip()):
            yield address


def _looks_like_address(value: str) -> bool:
    """Whether it is neither JSON nor a word such as "true"."""
    return ("/" in value or "." in value) and _NO_DATA.fullmatch(value) is not None


def _address(image: Element, sources: dict[Element, str]) -> str:
    """Return the address that ``image`` has itself, or by a <source> of its <picture>.

    sources: <picture> → the latter; a hostile one has many images.
    """
    if address := _first(_own(image)):
        return address
    picture = image.parent
    if not isinstance(picture, Element) or picture.tag != "picture":
        return ""
    if picture not in sources:
        sources[picture] = _first(
            largest_in(source.attr(name) or "") or ""
            for source in picture.children
            if isinstance(source, Element) and source.tag == "source"
            for name in ("srcset", *LATE_SETS)
        )
    return sources[picture]


def _own(image: Element) -> Iterator[str]:
    yield image.attr("src") or ""
    yield largest_in(image.attr("srcset") or "") or ""


def _first(addresses: Iterable[str]) -> str:
    """Return the first that is not empty and not the bytes of a picture."""
    for each in addresses:
        if (address := each.strip()) and address[:5].lower() != "data:":
            return address
    return ""
