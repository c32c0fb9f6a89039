"""The text and the Markdown of a page, with line breaks where a browser shows them.

The parser's own text has most of them. The others are put into the tree before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import PlainText

from crawlproj.content.blank import blank_in
from crawlproj.content.code_language import with_languages
from crawlproj.content.emphasis import as_asterisks, without_marks
from crawlproj.content.empty_links import scripts_in, with_names
from crawlproj.content.folded import folded
from crawlproj.content.for_a_while import ReadAs, Without, with_attribute
from crawlproj.content.formulas import as_tex
from crawlproj.content.hidden import found_inside, hidden_in, marked_in, undrawn_in, unseen_in
from crawlproj.content.images import with_addresses
from crawlproj.content.inline_style import INLINES, MERE_INLINES, as_prose, reshaped_in
from crawlproj.content.linked_headings import with_links_inside
from crawlproj.content.numbered import not_numbered, numbered_again
from crawlproj.content.permalinks import permalinks_in
from crawlproj.content.preformatted import (
    break_lines,
    broken_in,
    inside_pre,
    never_shown_in,
    preformatted_in,
)
from crawlproj.content.tables import as_grids
from crawlproj.content.tidy import tidy
from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crawlproj.content.tree import Tree

# One cell, one word; lists without marks: they are not in the page.
_LAYOUT = PlainText(layout="strict", bullet="", table_cell_separator=" ")
_HEADINGS = "h1,h2,h3,h4,h5,h6"
_MAX_KEPT_APART = 10_000  # options, captions or blocks of a kind in a page
_MAX_TITLE = 10_000  # characters of a link that may repeat its title
_MAX_LAID_OUT = 16 * 1024 * 1024  # characters; headings, or links, in each other
# Blocks that the parser takes for inline, and what to read them as instead.
_UNKNOWN_BLOCKS = {
    **dict.fromkeys(("center", "dialog", "dir", "fieldset", "form", "hgroup"), "div"),
    **dict.fromkeys(("legend", "optgroup", "search"), "div"),
    **dict.fromkeys(("listing", "xmp"), "pre"),
}
# For those who cannot put the reading above the word: 漢字(kanji).
_SHOWN = {"rp": "span"}
_KEPT_APART_IN_MARKDOWN = {**_UNKNOWN_BLOCKS, **_SHOWN, "option": "div"}
# Its text numbers the items of <ol>, and indents what is in <blockquote>.
_READ_AS = {**_UNKNOWN_BLOCKS, **_SHOWN, "ol": "ul", "blockquote": "div"}
# It also leaves out what is in a list and not in an item.
_LISTS = ("ul", "ol", "menu")
_STRAY = ":has(> :not(li, ul, ol, menu))"
# Elements in which its text ends the line after a block, as a browser does in every element.
_ENDS_LINES = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "html"),
        *("li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "ul"),
        *_UNKNOWN_BLOCKS,
    )
)
_NOT_IN_MOST = ":not(body, dd, div, li, section) > "  # makes fewer objects to look at
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "figure", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "menu", "nav", "ol", "p", "pre"),
    *("section", "table", "ul", *_UNKNOWN_BLOCKS),
)


def text_of(tree: Tree, *, or_hidden: bool = True) -> str:
    """Return the visible text, with spaces and line breaks only where a browser shows them.

    Paragraphs are separated by an empty line. noscript counts, because no script runs here. So does
    all that is hidden if nothing else has text and ``or_hidden``, because a script would show it.
    Changes the tree: frames lose their fallback, captions come before their tables.
    """
    marked = marked_in(tree)
    with ReadAs(reshaped_in(marked, INLINES)):
        return _text_of(tree, marked, or_hidden=or_hidden)


def words_of(tree: Tree, elements: Sequence[Element]) -> list[str]:
    """Return the text of each heading or link in one line, with spaces where a browser breaks it.

    Scripts and style sheets in it are not text, and neither is what is hidden in it, such as the
    name of an icon, unless that is all of it. It counts if the element itself is hidden.
    """
    hidden = hidden_in(tree, marked_in(tree)) | undrawn_in(tree)
    for element in elements if hidden else ():
        hidden.pop(element, None)
    with ReadAs(hidden):
        words = _words_in(elements)
    if not hidden:
        return words
    without = [each for text, each in zip(words, elements, strict=True) if not text]
    others = iter(_words_in(without))
    return [text or next(others) for text in words]


def _words_in(elements: Sequence[Element]) -> list[str]:
    """Return the text of each element in one line; "" for those in each other beyond all sense."""
    words: list[str] = []
    left = _MAX_LAID_OUT
    for element in elements:
        text = ""
        if element.find() is None:  # as most of them; a layout takes ten times as long
            text = element.text
        elif left > 0:
            left -= len(element.html)
            text = element.to_text(_LAYOUT)
        words.append(folded(text))
    return words


def headings_of(tree: Tree) -> list[tuple[int, str]]:
    """Return the level and the words of each heading, without the sign that links to it."""
    headings = tree.select(_HEADINGS)
    levels = [int(each.tag[1]) for each in headings]
    with ReadAs(dict.fromkeys(permalinks_in(tree), "style")):
        return list(zip(levels, words_of(tree, headings), strict=True))


def _text_of(tree: Tree, marked: list[Element], *, or_hidden: bool) -> str:
    # All is looked for before anything changes: after a change, the parser indexes the tree anew.
    frames, tables = tree.select("iframe"), tree.select("table")
    options, captions = tree.select("option"), tree.select("caption")
    begun, ended = _unmarked_blocks(tree)
    in_pre = broken_in(tree, _MAX_KEPT_APART)
    renamed = _to_rename(tree, _READ_AS) | _lists_with_text(tree)
    unseen, hidden = unseen_in(tree), hidden_in(tree, marked)
    preformatted = preformatted_in(tree)
    never = never_shown_in(tree, preformatted) + inside_pre(preformatted, unseen)
    hidden_in_pre = inside_pre(preformatted, hidden)
    labels = dict.fromkeys(found_inside(tree, "svg", "text")[:_MAX_KEPT_APART])
    for frame in frames:
        if frame.namespace.value == "html":  # else it may have others of these elements
            frame.clear()
    for option in options[:_MAX_KEPT_APART]:
        option.insert_before(Text(" "))
        option.append(Text(" "))
    for label in labels:
        label.insert_before(Text(" "))
        label.insert_after(Text(" "))
    # Elements that are made one by one have all the same hash, and no dict can hold many of them.
    for block in begun:
        if block not in in_pre:
            block.insert_adjacent_html("beforebegin", "<br>")
    for block in ended:
        if block not in in_pre:
            block.insert_after(Text(" "))
    break_lines(in_pre)
    for table in tables[:_MAX_KEPT_APART]:
        table.insert_adjacent_html("beforebegin", "<div></div>")
    for caption in captions[:_MAX_KEPT_APART]:
        table_of = caption.parent
        if isinstance(table_of, Element) and table_of.tag == "table" and table_of not in hidden:
            caption.tag = "div"  # the parser's text leaves captions out
            table_of.insert_before(caption)
    with Without(never), ReadAs(renamed | unseen):
        with Without(hidden_in_pre), ReadAs(hidden):
            text = tree.to_text(_LAYOUT)
        if or_hidden and hidden and not text.strip():
            text = tree.to_text(_LAYOUT)
    text = text.replace("\xa0", " ")  # the one before is freed now; it may have megabytes
    return text.strip()


def _to_rename(root: Tree | Element, names: Mapping[str, str]) -> dict[Element, str]:
    return {
        element: name
        for tag, name in names.items()
        if root.find(tag) is not None  # as few of them; a selection takes longer to find none
        for element in root.select(tag)[:_MAX_KEPT_APART]
    }


def _lists_with_text(tree: Tree) -> dict[Element, str]:
    """Return the lists that have text or other elements outside their items."""
    found: dict[Element, str] = {}
    for name in _LISTS:
        if tree.find(name) is None:
            continue
        found |= dict.fromkeys(tree.select(name + _STRAY)[:_MAX_KEPT_APART], "div")
        for element in tree.select(name)[:_MAX_KEPT_APART]:
            for child in element.children:  # a loop: any() takes twice as long
                if type(child) is Text and not child.data.isspace():
                    found[element] = "div"
                    break
    return found


def _unmarked_blocks(tree: Tree) -> tuple[list[Element], list[Element]]:
    """Return the blocks before, and after, which the parser's text has no white space."""
    begun: list[Element] = []
    ended: list[Element] = []
    for name in _BLOCKS:
        if tree.find(name) is None:  # as most of them; it costs next to nothing to find out
            continue
        for block in tree.select(_NOT_IN_MOST + name):
            around = block.parent
            if isinstance(around, Element) and around.tag not in _ENDS_LINES:
                ended.append(block)
                if name == "hr" or around.tag in {"td", "th"}:
                    begun.append(block)
    return begun[:_MAX_KEPT_APART], ended[:_MAX_KEPT_APART]


def markdown_of(node: Tree | Element, absolute: Callable[[str], str]) -> str:
    """Return ``node`` as GitHub Flavored Markdown, without what is hidden, as in text_of.

    Links that are scripts are text. Images without an address are left out, and titles that repeat
    the text of their link. absolute: makes an address absolute; in the tree, too, for links.
    """
    # Not resolve_links(), which raises at the first link that is not a URL.
    left = _MAX_LAID_OUT
    for link in node.select("a[href]"):
        link.attrs["href"] = absolute(link.attr("href") or "")
        if left > 0 and (title := link.attr("title")):
            text = link.text
            left -= len(text)
            if len(text) <= _MAX_TITLE and title.split() == text.split():
                del link.attrs["title"]
    with with_addresses(node, absolute) as others:
        return _markdown_of(node, dict.fromkeys(others, "span"))


def _markdown_of(node: Tree | Element, left_out: dict[Element, str]) -> str:
    marked = marked_in(node)
    hidden = hidden_in(node, marked)
    labels = dict.fromkeys(found_inside(node, "svg", "text")[:_MAX_KEPT_APART], "div")
    unseen = unseen_in(node)
    renamed = _to_rename(node, _KEPT_APART_IN_MARKDOWN) | labels | unseen
    renamed |= dict.fromkeys(not_numbered(node), "ul")
    with (
        as_tex(node) as formulas,
        with_languages(node),
        with_attribute("style", as_prose(node)),
        with_attribute("value", dict.fromkeys(numbered_again(node))),
        with_names(node, hidden | unseen) as nameless,
    ):
        left_out |= dict.fromkeys(nameless, "span") | scripts_in(node) | formulas
        with (
            with_links_inside(node, left_out),
            ReadAs(reshaped_in(marked, MERE_INLINES) | renamed | left_out),
        ):
            with ReadAs(hidden):
                markdown = _written(node)
            return markdown if markdown.strip() or not hidden else _written(node)


def _written(node: Tree | Element) -> str:
    with (
        as_grids(node) as others,
        ReadAs(others),
        as_asterisks(node) as plain,
        ReadAs(plain),
        ReadAs(blank_in(node)),
    ):
        return tidy(without_marks(node.to_markdown()))
