"""Finds mazes: pages that a program makes as they are asked for, each of which only leads on."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.links.shapes import shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGES = 100  # of those that are looked at, which only lead on
_TO_ONE = 20  # of them to one that does not
_WAYS = 2  # so many links, or a page is one of a series
_MAX_DIRECTORIES = 20_000


class Mazes:
    """How many pages of each directory only lead on: every link is to a page that was not known.

    People's pages lead back, to the start page, the page before or a menu, and most of a tree's are
    leaves. A maze of random sentences has no other mark: each text is new, and so is each URL.

    starts: start pages. A directory that has one is never a maze.
    """

    def __init__(self, starts: Iterable[str] = ()) -> None:
        self._exempt = frozenset(each for start in starts for each in shapes_of(start).below)
        # By directory: pages that only lead on, and all others.
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take_in(self, directories: Iterable[str], new: int, *, leads_back: bool) -> str:
        """Take in a page of the directories; return the one that turns out to be a maze, or "".

        new: how many of its links were not known. leads_back: whether any other was.
        """
        leads_on = new >= _WAYS and not leads_back
        for each in directories:
            if each in self._exempt:
                continue
            on, others = self._counts.get(each, (0, 0))
            on, others = on + leads_on, others + (not leads_on)
            put(self._counts, each, (on, others), _MAX_DIRECTORIES)
            if on >= max(_PAGES, _TO_ONE * others):
                return each
        return ""
