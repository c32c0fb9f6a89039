"""Decides which shapes pay for a page with nothing new. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.links.shapes import Shapes

_MAX_SHAPES = 20_000


class Breeding:
    """The narrow shapes whose pages have led to others of them, or with more parameters."""

    def __init__(self) -> None:
        self._shapes: set[str] = set()

    def take_in(self, shapes: Shapes, ways: Sequence[Shapes]) -> bool:
        """Take in what a page leads to; return whether its shape is one of them."""
        if any(shapes.goes_on_in(way) for way in ways):
            if len(self._shapes) > _MAX_SHAPES:
                self._shapes.clear()
            self._shapes.add(shapes.exact)
        return shapes.exact in self._shapes


def blamed_and_forgiven(
    shapes: Shapes, ways: Sequence[Shapes], *, is_variant: bool, dead_ends: bool
) -> tuple[list[str], list[str]]:
    """Return the shapes that pay for a page with nothing new, and those that it leads out of.

    shapes: the page's. ways: what it leads to. is_variant: another query of its path was looked at.
    dead_ends: whether a page that leads nowhere makes a directory endless.
    """
    led_to = [frozenset(way.all()) for way in ways]
    holding = [each for each in shapes.all() if all(each in way for way in led_to)]
    if shapes.exact in holding or any(each in holding for each in shapes.names):
        blamed = [shapes.again if is_variant else shapes.exact]
        if shapes.repeats:  # hardly any has a page
            blamed += [each for each in shapes.below if ways and each in holding]
    elif shapes.query in holding:
        blamed = [shapes.query]
    else:
        blamed = shapes.wide_among(holding) if ways or dead_ends else []
    return blamed, [each for each in shapes.all() if each not in blamed and each not in holding]
