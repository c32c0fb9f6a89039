"""Reads microdata: https://html.spec.whatwg.org/multipage/microdata.html."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crawlproj.content.addresses import MAX_CHARACTERS
from crawlproj.content.for_a_while import ReadAs, Without, with_attribute
from crawlproj.content.tree import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawlproj.content.tree import Element, Tree

# The standard allows "content" in <meta> only. Shops have it in others for what machines shall read
# (<span itemprop="price" content="9.99">9,99 €</span>), and search engines do.
_WITH_CONTENT = "[itemprop][content]:not([itemscope])"
_OF_THE_PAGE = "base[href], [itemprop][href='']"
_WITH_TEXT = "[itemprop]:not([itemscope])"
_ADDRESSES = "[itemprop]:is([href], [src], [data]), [itemid]"
# Those whose value the standard takes from another attribute, or from this one.
_OTHERS = frozenset(
    (
        *("a", "area", "audio", "data", "embed", "iframe", "img", "link", "meta", "meter"),
        *("object", "source", "time", "track", "video"),
    )
)
# An item has the properties of the elements that itemref names, and of those that these name: 40
# items of which each names two others have more than 100 million.
_MAX_REFERRED = 16 * 1024 * 1024  # characters of markup, each counted as often as it is named
_MAX_STEPS = 20  # references of which each leads to the next
# The standard takes the text as it is in the markup. Where nothing but the end of a block separates
# two words, that is one word; and articles have the scripts of advertisements in them.
_NO_TEXT = "[itemprop] :is(script, style)"
_BLOCKS = "[itemprop] :is(br, dd, div, dt, h1, h2, h3, h4, h5, h6, li, p, pre, td, th, tr)"
_MAX_BLOCKS = 10_000  # of a page


def microdata_in(tree: Tree, base: str) -> list[dict[str, Any]]:
    """Return the items of a page that are in no other, each with type, id and properties.

    A property has a list of values: texts, absolute addresses and items. A text has a line break
    where a block begins or ends, and no scripts and style sheets. None are returned if 400 or more
    are in each other, or if texts in each other, or addresses below a long base, are longer than
    the addresses of other fields may be. itemref is ignored if it leads in a circle, or multiplies
    properties.
    """
    if not tree.select("[itemscope]"):
        return []
    if len(tree.select(_ADDRESSES)) * len(base) > MAX_CHARACTERS:
        return []
    left = MAX_CHARACTERS
    for each in tree.select(_WITH_TEXT):
        left -= len(each.text)
        if left < 0:
            return []
    found = [each for each in tree.select(_WITH_CONTENT) if each.tag not in _OTHERS]
    referring = tree.select("[itemref]")
    endless = referring if referring and _multiplies(tree, referring) else []
    with (
        ReadAs(dict.fromkeys(found, "meta")),
        with_attribute("itemref", dict.fromkeys(endless, "")),
        Without(tree.select(_NO_TEXT)),
        _lines_in(tree),
        # The parser resolves addresses with the page's <base>, and that with ``base``. It takes an
        # empty one for none.
        with_attribute("href", dict.fromkeys(tree.select(_OF_THE_PAGE), base)),
    ):
        try:
            items = tree.microdata(base)
        except RecursionError:
            return []
    return [_item(item) for item in items]


@contextmanager
def _lines_in(tree: Tree) -> Iterator[None]:
    """Put line breaks between blocks in properties, and around others, for a while."""
    added: list[Text] = []
    for block in tree.select(_BLOCKS)[:_MAX_BLOCKS]:
        places = [(block.previous_sibling, block.insert_before)]
        if block.tag != "br":
            places.append((block.next_sibling, block.insert_after))
        for beside, insert in places:
            if beside is not None and not (isinstance(beside, Text) and beside.data.isspace()):
                added.append(Text("\n"))
                insert(added[-1])
    try:
        yield
    finally:
        for text in added:
            text.extract()


def _multiplies(tree: Tree, referring: list[Element]) -> bool:
    """Whether itemref adds more than a page can have, or leads on without end."""
    named: dict[str, Element] = {}
    for element in tree.select("[id]"):
        named.setdefault(element.attr("id") or "", element)
    inside: dict[str, Counter[str]] = {}  # names → those that are named in the element
    due, total = _references(referring, named), 0
    for _ in range(_MAX_STEPS):
        following: Counter[str] = Counter()
        for name, times in due.items():
            element = named[name]
            total += times * len(element.html)
            if total > _MAX_REFERRED:
                return True
            if name not in inside:
                inside[name] = _references([element, *element.select("[itemref]")], named)
                del inside[name][name]  # adds nothing
            for each, number in inside[name].items():
                following[each] += times * number
        if not following:
            return False
        due = following
    return True


def _references(elements: list[Element], named: Mapping[str, Element]) -> Counter[str]:
    """Return how often the elements name each of those that are there."""
    names = (name for each in elements for name in (each.attr("itemref") or "").split())
    return Counter(name for name in names if name in named)


def _item(item: Any) -> dict[str, Any]:
    properties = {
        name: [value if isinstance(value, str) else _item(value) for value in values]
        for name, values in item.properties.items()
    }
    kinds = " ".join(item.type.split()) if item.type else item.type
    return {"type": kinds, "id": item.id, "properties": properties}
