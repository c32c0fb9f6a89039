"""Tells which combinations of parameters are hardly worth a try. Pure.

Ten filters of a list have a thousand combinations. If each has to show by itself that it brings
nothing new, a shop is fetched once for its pages, and many times for its filters.
"""

from __future__ import annotations

from collections import OrderedDict

from crawlproj.bounded import put

_PAGES = 100  # of combinations at a path, in a row with nothing new
_MAX_PATHS = 20_000


class Combinations:
    """How many pages in a row had nothing new, of those with two parameters or more, by path.

    Shapes are such as Shapes.exact or Shapes.again; those with fewer parameters are left alone.
    """

    def __init__(self) -> None:
        self._empty: OrderedDict[str, int] = OrderedDict()

    def take_in(self, shape: str, *, is_empty: bool) -> None:
        """Take in a page of ``shape``, and whether that is to blame for having nothing new."""
        if path := _path(shape):
            put(self._empty, path, self._empty.get(path, 0) + 1 if is_empty else 0, _MAX_PATHS)

    def doubts(self, shape: str) -> bool:
        """Whether ``shape`` most likely has nothing new, because others have not for long."""
        return self._empty.get(_path(shape), 0) >= _PAGES


def _path(shape: str) -> str:
    """Return the path of a shape, with its host; "" if it has less than two parameters."""
    path, _, names = shape.partition("?")
    return path if "&" in names else ""
