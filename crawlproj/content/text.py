"""The text and the Markdown of a page, with line breaks where a browser shows them.

The parser's own text has most of them. What it misses is put into the tree before.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from turbohtml import PlainText, Text

from crawlproj.content.tree import Element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crawlproj.content.tree import Tree

# One cell, one word; lists without marks: they are not in the page.
_LAYOUT = PlainText(layout="strict", bullet="", table_cell_separator=" ")
_MAX_KEPT_APART = 10_000  # options, captions or blocks of a kind in a page
# Blocks that the parser takes for inline, and what to read them as instead.
_UNKNOWN_BLOCKS = {
    **dict.fromkeys(("center", "dialog", "dir", "fieldset", "form", "hgroup"), "div"),
    **dict.fromkeys(("legend", "optgroup", "search"), "div"),
    **dict.fromkeys(("listing", "xmp"), "pre"),
}
# Its text also leaves out what is in a list and not in an item, and numbers the items of <ol>.
_STRAY = ":has(> :not(li, ul, ol, menu))"
_READ_AS = {
    **_UNKNOWN_BLOCKS,
    "ol": "ul",
    **dict.fromkeys((f"ul{_STRAY}", f"ol{_STRAY}", f"menu{_STRAY}"), "div"),
}
# Elements in which its text ends no line after a block. More can hold one: these do on real pages.
_HOLDERS = (
    *("a", "abbr", "b", "big", "button", "cite", "code", "del", "em", "font", "i", "ins", "label"),
    *("mark", "nobr", "noscript", "object", "s", "slot", "small", "span", "strong", "td", "th"),
    *("tt", "u"),
)
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "figure", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "main", "menu", "nav", "ol", "p", "pre"),
    *("section", "table", "ul", *_UNKNOWN_BLOCKS),
)
_BROKEN_IN_PRE = ("pre br", "pre div", "pre p")  # the text goes on in the same line there


def text_of(tree: Tree) -> str:
    """Return the visible text, with spaces and line breaks only where a browser shows them.

    Paragraphs are separated by an empty line. noscript counts, because no script runs here. Changes
    the tree: frames lose their fallback, captions come before their tables.
    """
    # All is looked for before anything changes: after a change, the parser indexes the tree anew.
    frames, tables = tree.select("iframe"), tree.select("table")
    options, captions = tree.select("option"), tree.select("caption")
    begun, ended = _unmarked_blocks(tree)
    in_pre = dict.fromkeys(
        element
        for selector in _BROKEN_IN_PRE
        for element in tree.select(selector)[:_MAX_KEPT_APART]
    )
    renamed = _to_rename(tree, _READ_AS)
    for frame in frames:
        frame.clear()
    for option in options[:_MAX_KEPT_APART]:
        option.append(Text(" "))
    for block in begun:
        block.insert_before(Element("br"))
    for block in ended:
        if block not in in_pre:
            block.insert_after(Text(" "))
    for element in in_pre:
        element.insert_before(Text("\n"))
        if element.tag != "br":
            element.insert_after(Text("\n"))
    for table in tables[:_MAX_KEPT_APART]:
        table.insert_before(Element("div"))
    for caption in captions[:_MAX_KEPT_APART]:
        caption.tag = "div"  # the parser's text leaves captions out
        if (table_of := caption.parent) is not None:
            table_of.insert_before(caption)
    with _read_as(renamed):
        return tree.to_text(_LAYOUT).replace("\xa0", " ").strip()


def _to_rename(root: Tree | Element, names: Mapping[str, str]) -> dict[Element, str]:
    return {
        element: name
        for selector, name in names.items()
        for element in root.select(selector)[:_MAX_KEPT_APART]
    }


@contextmanager
def _read_as(renamed: Mapping[Element, str]) -> Iterator[None]:
    """Give the elements other names for a while."""
    before = [(element, element.tag) for element in renamed]
    for element, name in renamed.items():
        element.tag = name
    try:
        yield
    finally:
        for element, name in before:
            element.tag = name


def _unmarked_blocks(tree: Tree) -> tuple[list[Element], list[Element]]:
    """Return the blocks before, and after, which the parser's text has no white space."""
    # Nearly all of these names are missing from a page, which costs next to nothing to find out.
    holders = [name for name in _HOLDERS if tree.find(name) is not None]
    inside = f":is({','.join(holders)}) > "
    has_cells = not {"td", "th"}.isdisjoint(holders)
    begun: list[Element] = []
    ended: list[Element] = []
    for name in _BLOCKS if holders else ():
        if tree.find(name) is not None:
            ended += tree.select(inside + name)[:_MAX_KEPT_APART]
            if has_cells:
                begun += tree.select(f":is(td, th) > {name}")[:_MAX_KEPT_APART]
    return begun, ended


def markdown_of(node: Tree | Element, base: str) -> str:
    """Return ``node`` as GitHub Flavored Markdown. Makes its links absolute, also in the tree."""
    # Not resolve_links(), which raises at the first link that is not a URL.
    node.rewrite_links(partial(_absolute, base))
    with _read_as(_to_rename(node, _UNKNOWN_BLOCKS)):
        return node.to_markdown()


def _absolute(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:  # such as "//["
        return url
