"""From bytes to a tree: the one module that knows the HTML parser.

turbohtml follows the HTML Standard in tree construction and in encodings (byte order mark, labels,
<meta> prescan). It takes linear time where others take quadratic: 100,000 nested elements cost
about 10 ms. What it does not do by itself is below: XHTML, shadow trees, frames' own text.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import turbohtml
from turbohtml import HTMLParseError, PlainText, SelectorSyntaxError, Text, parse, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Tree = turbohtml.Document
Element = turbohtml.Element

_XML_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)")
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
    *("a", "b", "button", "del", "em", "font", "i", "ins", "label", "noscript", "slot", "small"),
    *("span", "strong", "td", "th", "u"),
)
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "figure", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "main", "menu", "nav", "ol", "p", "pre"),
    *("section", "table", "ul", *_UNKNOWN_BLOCKS),
)
_EMPTY = parse("")
# Shadow trees are read as templates, because the parser hides closed ones.
_PARSING: Any = {"positions": False, "allow_declarative_shadow_roots": False}
# One cell, one word; lists without marks: they are not in the page.
_LAYOUT = PlainText(layout="strict", bullet="", table_cell_separator=" ")


MAX_BYTES = 8 * 1024 * 1024
MAX_TAGS = 1_000_000
"""What is read of a page. A tag takes some 220 bytes, its links and its text as much again."""


def readable_part(body: bytes) -> bytes:
    """Return ``body``, cut after MAX_BYTES or before tag MAX_TAGS + 1, whichever comes first."""
    body = body[:MAX_BYTES]
    if len(body) <= MAX_TAGS or body.count(b"<") <= MAX_TAGS:
        return body
    low, high = 0, len(body)
    while high - low > 1:
        middle = (low + high) // 2
        if body.count(b"<", 0, middle) <= MAX_TAGS:
            low = middle
        else:
            high = middle
    return body[:low]


def tree_of(body: bytes, label: str = "", *, xhtml: bool = False) -> Tree:
    """Return the tree of a page.

    label: the encoding that the header declares, or "". Unknown labels are ignored. A byte order
        mark wins; without either, <meta> decides, else what the bytes look like.
    xhtml: read it as XML; if it is not well-formed, as HTML, where a browser would give up.
    """
    if xhtml:
        body = _as_html(body, label)
        label = "utf-8"
    tree = _parsed(body, label)
    shadows = tree.select("template[shadowrootmode]")
    for shadow in shadows:
        shadow.unwrap()  # declarative shadow trees are shown
    tree.remove("template")  # only a script would show the others
    # Again, because the parser goes on treating hosts of shadow trees as if they had them.
    return _parsed(tree.encode("utf-8"), "utf-8") if shadows else tree


def encoding_in(body: bytes) -> str | None:
    """Return the encoding of a page whose header declares none, or None if nothing shows it."""
    return _parsed(readable_part(body), "").encoding


def encoding_of(label: str) -> str | None:
    """Return the standard name of an encoding, or None if no browser knows ``label``."""
    try:
        return parse(b"", encoding=label).encoding
    except LookupError:
        return None


def reads_css(selector: str) -> bool:
    """Whether the parser understands a CSS selector."""
    try:
        _EMPTY.select(selector)
    except SelectorSyntaxError:
        return False
    return True


def _parsed(body: bytes, label: str) -> Tree:
    if label:
        try:
            return parse(body, encoding=label, **_PARSING)
        except LookupError:
            pass
    return parse(body, detect_encoding=True, **_PARSING)


def _as_html(body: bytes, label: str) -> bytes:
    """Return a well-formed XHTML page as HTML in UTF-8, so that all else is the same for both."""
    declared = _XML_ENCODING.match(body.removeprefix(b"\xef\xbb\xbf"))
    encoding = encoding_of(label) or (encoding_of(declared[1].decode()) if declared else None)
    text = body.decode(encoding or "utf-8", "replace").removeprefix("\ufeff")
    try:
        return parse_xml(text).html.encode("utf-8", "replace")
    except HTMLParseError:
        return text.encode("utf-8", "replace")


def text_of(tree: Tree) -> str:
    """Return the visible text, with spaces and line breaks only where a browser shows them.

    Paragraphs are separated by an empty line. noscript counts, because no script runs here. Changes
    the tree: frames lose their fallback, captions come before their tables.
    """
    # All is looked for before anything changes: after a change, the parser indexes the tree anew.
    frames, tables = tree.select("iframe"), tree.select("table")
    options, captions = tree.select("option"), tree.select("caption")
    begun, ended = _unmarked_blocks(tree)
    renamed = _to_rename(tree, _READ_AS)
    for frame in frames:
        frame.clear()
    for option in options[:_MAX_KEPT_APART]:
        option.append(Text(" "))
    for block in begun:
        block.insert_before(Element("br"))
    for block in ended:
        block.insert_after(Text(" "))
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
    yield
    for element, name in before:
        element.tag = name


def _unmarked_blocks(tree: Tree) -> tuple[list[Element], list[Element]]:
    """Return the blocks before, and after, which the parser's text has no white space."""
    # Nearly all of these names are missing from a page, which costs next to nothing to find out.
    holders = [name for name in _HOLDERS if tree.select_one(name) is not None]
    inside = f":is({','.join(holders)}) > "
    has_cells = not {"td", "th"}.isdisjoint(holders)
    begun: list[Element] = []
    ended: list[Element] = []
    for name in _BLOCKS if holders else ():
        if tree.select_one(name) is not None:
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
