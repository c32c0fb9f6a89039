"""Reads microdata: https://html.spec.whatwg.org/multipage/microdata.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.content.for_a_while import read_as

if TYPE_CHECKING:
    from crawlproj.content.tree import Tree

# The standard allows "content" in <meta> only. Shops have it in others for what machines shall read
# (<span itemprop="price" content="9.99">9,99 €</span>), and search engines do.
_WITH_CONTENT = "[itemprop][content]:not([itemscope])"
# Those whose value the standard takes from another attribute, or from this one.
_OTHERS = frozenset(
    (
        *("a", "area", "audio", "data", "embed", "iframe", "img", "link", "meta", "meter"),
        *("object", "source", "time", "track", "video"),
    )
)


def microdata_in(tree: Tree, base: str) -> list[dict[str, Any]]:
    """Return the items of a page that are in no other, each with type, id and properties.

    A property has a list of values: texts, absolute addresses and items.
    """
    found = [each for each in tree.select(_WITH_CONTENT) if each.tag not in _OTHERS]
    with read_as(dict.fromkeys(found, "meta")):
        return [_item(item) for item in tree.structured_data(base).microdata]


def _item(item: Any) -> dict[str, Any]:
    properties = {
        name: [value if isinstance(value, str) else _item(value) for value in values]
        for name, values in item.properties.items()
    }
    return {"type": item.type, "id": item.id, "properties": properties}
