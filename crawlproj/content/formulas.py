"""Formulas as TeX in Markdown, where a page has it beside what is drawn."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawlproj.content.folded import folded
from crawlproj.content.tree import Element, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawlproj.content.tree import Tree

_MAX_FORMULAS = 10_000  # of a page
_MAX_TEX = 4 * 1024 * 1024  # characters of them; they may be in each other
_TEX = 'annotation[encoding="application/x-tex" i]'


@contextmanager
def as_tex(node: Tree | Element) -> Iterator[dict[Element, str]]:
    """Put the TeX of each <math> in ``node`` that has it before it for a while: $`x^2`$.

    Yields what is left out instead: the formula, and the same one drawn with boxes after it.
    """
    left_out: dict[Element, str] = {}
    added: list[Text | Element] = []
    left = _MAX_TEX
    found = node.select(_TEX)[:_MAX_FORMULAS] if node.find("math") is not None else []
    for annotation in found:
        formula = annotation.closest("math")
        if formula is None or formula in left_out or left <= 0:
            continue
        text = annotation.text
        left -= len(text)
        if not (tex := folded(text)):
            continue
        place, *drawn = _drawn_at(formula)
        left_out |= dict.fromkeys((formula, place, *drawn), "style")
        code = Element("code")
        code.append(Text(tex))
        for part in (Text("$"), code, Text("$")):
            added.append(part)
            place.insert_before(part)
    try:
        yield left_out
    finally:
        for part in added:
            part.extract()


def _drawn_at(formula: Element) -> tuple[Element, ...]:
    """Return the box of ``formula`` and the one beside it that draws the same, else ``formula``."""
    box = formula.parent
    if isinstance(box, Element) and formula.previous_sibling is formula.next_sibling is None:
        drawn = box.next_sibling
        if isinstance(drawn, Element) and drawn.attr("aria-hidden") == "true":
            return box, drawn
    return (formula,)
