"""Reads preformatted text as browsers show it: where blocks break its lines, what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from crawlproj.content.tree import Tree

_PRE = ("pre", "listing")
_LEFT_OUT_ELSEWHERE = ("script", "style", "title", "datalist")
_MAX_LEFT_OUT = 10_000  # of each of them
_BROKEN = ("pre br", "pre div", "pre hr", "pre p")  # the text goes on in the same line there
_LEVELS = 8  # down to the last text of a block


def broken_in(tree: Tree, most: int) -> dict[Element, tuple[bool, bool]]:
    """Return the blocks, <hr> and <br> in <pre>; whether the line ends before, and after each.

    Highlighters make a block of each line, and some two. Between two blocks a line ends once,
    and not again if the first ends with a line break or <br>. most: of each kind.
    """
    if tree.find("pre") is None:
        return {}
    found = dict.fromkeys(each for selector in _BROKEN for each in tree.select(selector)[:most])
    return {each: _breaks(each, found) for each in found}


def break_lines(broken: Mapping[Element, tuple[bool, bool]]) -> None:
    """Put line breaks into the tree where ``broken_in`` found that they are missing.

    A second time, none is missing: the main text is read after the whole text, from the same tree.
    """
    for element, (before, after) in broken.items():
        if element.tag == "br":
            element.replace_with(Text("\n"))
            continue
        if before:
            element.insert_before(Text("\n"))
        if after:
            _innermost(element).append(Text("\n"))


def preformatted_in(tree: Tree) -> str:
    """Return a selector of the preformatted elements; "" if there are none."""
    return ",".join([name for name in _PRE if tree.find(name) is not None])


def inside_pre(preformatted: str, elements: Collection[Element]) -> list[Element]:
    """Return those of ``elements`` that are in one of the preformatted elements.

    The parser's text has them even if their name is one that it leaves out elsewhere.
    """
    if not elements or not preformatted:
        return []
    return [element for element in elements if element.closest(preformatted) is not None]


def never_shown_in(tree: Tree, preformatted: str) -> list[Element]:
    """Return the scripts and style sheets in <pre>, and other elements that are never shown."""
    if not preformatted:
        return []
    # A search for each name, which costs next to nothing; one for all of them visits all of <pre>.
    found = [
        element for name in _LEFT_OUT_ELSEWHERE for element in tree.select(name)[:_MAX_LEFT_OUT]
    ]
    return inside_pre(preformatted, found)


def _breaks(element: Element, found: Collection[Element]) -> tuple[bool, bool]:
    before, after = element.previous_sibling, element.next_sibling
    return (
        before is not None and before not in found and not _ends_a_line(before),
        after is not None and element.tag != "hr" and not _ends_a_line(element),
    )


def _ends_a_line(node: object) -> bool:
    for _ in range(_LEVELS):
        if isinstance(node, Text):
            return node.data.endswith("\n")
        if not isinstance(node, Element) or not node.children:
            return isinstance(node, Element) and node.tag == "br"
        node = node.children[-1]
    return False


def _innermost(block: Element) -> Element:
    """Return where the last text of ``block`` is."""
    for _ in range(_LEVELS - 2):
        last = block.children[-1] if block.children else None
        if not isinstance(last, Element) or not last.children:
            break
        block = last
    return block
