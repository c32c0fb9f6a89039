"""How much prose is in each element of a page, which tells an article from links to others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Container

_MIN_PARAGRAPH = 80  # bytes outside of links; a shorter one may be a label or a headline
_MIN_PROSE = 300  # bytes; on a page with less, all text counts
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em"),
        *("font", "i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span"),
        *("strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    )
)
_NO_TEXT = frozenset(
    (
        *("button", "head", "iframe", "noscript", "object", "option", "script", "select", "style"),
        *("svg", "template", "textarea"),
    )
)


class Prose:
    """Bytes of text by element, in UTF-8, where a word of Chinese is as long as one of English.

    hidden: elements that do not count, with all in them.

    blocks: the text of each innermost block, in the order of the page. text: all text.
    linked: what of it is in links. prose: what of it is in paragraphs that are long enough, outside
    of links. own: the prose that is in none of an element's children. Elements that have none of
    these are missing. is_short: there is so little prose that all text counts as such. Takes one
    walk through the tree, however deep that is.
    """

    def __init__(self, root: Element, hidden: Container[Element]) -> None:
        self.text: dict[Element, int] = {}
        self.linked: dict[Element, int] = {}
        self.prose: dict[Element, int] = {}
        self.own: dict[Element, int] = {}
        self._root = root
        self._inner_first: list[Element] = []
        self._walk(root, hidden)
        texts = self.blocks = self.text
        for block, text in texts.items():
            if (prose := text - self.linked.get(block, 0)) >= _MIN_PARAGRAPH:
                self.own[block] = prose
        self.text, self.linked = self._summed(texts), self._summed(self.linked)
        self.prose = self._summed(self.own)
        self.is_short = self.prose.get(root, 0) < _MIN_PROSE
        if self.is_short:
            self.own, self.prose = texts, self.text

    def _walk(self, root: Element, hidden: Container[Element]) -> None:
        """Give each text to the innermost block around it."""
        # By element, as all below; its parent may be of another class, and is not in here then.
        blocks: dict[Any, Element] = {root: root}
        linked: dict[Any, bool] = {root: False}
        text_of, linked_of = self.text, self.linked
        for node in root.descendants:
            if type(node) is Text:
                if (data := node.data.strip()) and (around := node.parent) in blocks:
                    length = len(data.encode("utf-8", "replace"))
                    block = blocks[around]
                    text_of[block] = text_of.get(block, 0) + length
                    if linked[around]:
                        linked_of[block] = linked_of.get(block, 0) + length
            elif isinstance(node, Element):
                tag, around = node.tag, node.parent
                if around in blocks and tag not in _NO_TEXT and node not in hidden:
                    blocks[node] = blocks[around] if tag in _INLINE else node
                    linked[node] = tag == "a" or linked[around]
        self._inner_first = list(blocks)[::-1]

    def _summed(
        self, own: dict[Element, int], left_out: Callable[[Element], bool] | None = None
    ) -> dict[Element, int]:
        sums: dict[Any, int] = dict(own)
        for element in self._inner_first:
            if (amount := sums.get(element)) is None or element is self._root:
                continue
            if left_out is not None and left_out(element):
                del sums[element]
            else:
                around = element.parent
                sums[around] = sums.get(around, 0) + amount
        return sums

    def without(self, left_out: Callable[[Element], bool]) -> dict[Element, int]:
        """Return the prose by element, without the elements that ``left_out`` is true for."""
        return self._summed(self.own, left_out)
