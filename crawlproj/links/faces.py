"""Remembers which parameters brought the same page, and which brought it first. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from crawlproj.bounded import put

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection

_MAX_FACES = 20_000
ALONE = ""  # the name for a URL that has no parameter more


class First(NamedTuple):
    """A page that was new when a parameter, in a directory, brought it."""

    name: str
    place: str


class Faces:
    """The contents that pages showed, by the URL without one of their parameters.

    A forum has links to a post, /topic/7?post=123, and each shows the page of the topic that has
    the post. The first one to show a page is new, so it looks as if the parameter mattered. It does
    not if another post shows the page, too, and so does a URL without a post, /topic/7?page=2.
    """

    def __init__(self) -> None:
        # By URL and sample: how many values of each parameter showed it.
        self._shown: OrderedDict[int, dict[str, int]] = OrderedDict()
        self._first: OrderedDict[int, First] = OrderedDict()

    def shown_by(self, rest: str, sample: array[int]) -> Collection[str]:
        """Return with which parameters, or ALONE, ``rest`` has shown a page."""
        return self._shown.get(_face(rest, sample), {}).keys()

    def take_in(
        self, rest: str, sample: array[int], name: str, *, first: First | None = None
    ) -> First | None:
        """Take in that a page is ``rest`` with a parameter; or alone, if ``name`` is ALONE.

        first: given if it was new. Returns the first one, once it turns out to be nothing special.
        """
        face = _face(rest, sample)
        shown = {**self._shown.get(face, {})}
        shown[name] = shown.get(name, 0) + 1
        put(self._shown, face, shown, _MAX_FACES)
        if first is not None and face not in self._first:
            put(self._first, face, first, _MAX_FACES)
        earlier = self._first.get(face)
        if earlier is not None and len(shown) > 1 and shown.get(earlier.name, 0) > 1:
            return self._first.pop(face)
        return None


def _face(rest: str, sample: array[int]) -> int:
    return hash((rest, *sample))
