"""Reads Open Graph (https://ogp.me), and what is written in the same way, such as cards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.content.tree import Tree

_KINDS = frozenset(
    ("og", "article", "book", "fb", "music", "product", "profile", "twitter", "video")
)
_ADDRESS = re.compile(r":(?:audio|image|player|secure_url|src|stream|url|video)$")


def open_graph_of(tree: Tree, link: Callable[[str], str | None]) -> dict[str, str | list[str]]:
    """Return the value of each property, by its name in lower case; a list if it has several.

    Addresses are absolute. A property may be in ``name`` instead of ``property``, as many sites
    have it. Empty values do not count. link: returns an address as it is absolute, or None.
    """
    found: dict[str, dict[str, None]] = {}  # in order, and each value once
    for element in tree.select("meta[content]"):
        names = (element.attr("property") or element.attr("name") or "").lower().split()
        for name in names:
            kind, mark, _ = name.partition(":")
            value = (element.attr("content") or "").strip()
            if not mark or kind not in _KINDS or not value:
                continue
            if _ADDRESS.search(name):
                value = link(value) or value
            found.setdefault(name, {})[value] = None
    return {
        name: next(iter(each)) if len(each) == 1 else list(each) for name, each in found.items()
    }
