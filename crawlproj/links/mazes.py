"""Finds mazes: pages that a program makes as they are asked for, and that go on without end. Pure.

A maze of random sentences has no mark on its pages: each text is new, and so is each URL. But it
has no end. Whoever follows one new link of each page comes to an end anywhere else: in a tree of a
million pages after some 20 links, and in a web whose pages know each other at a page that leads to
those met before. So where nearly all pages of a directory lead on, one such walk is made.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from crawlproj.bounded import put
from crawlproj.links.shapes import shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PAGES = 100  # of those that are looked at, which lead on, before each walk
_TO_ONE = 20  # of them to one that does not
_WAYS = 2  # so many links, or a page is one of a series
_STEPS = 200  # of a walk that does not end
_MAX_KNOWN = 3  # URLs that its pages lead to besides, such as the first page of the maze
_MAX_DIRECTORIES = 20_000


class Walk(NamedTuple):
    """A walk through a directory: from each page to one of the new pages that it leads to.

    directory: such as "a.org/maze/*". pages: how many led on. page: the URL of the last one; "" at
    first. known: the other URLs in the directory that they led to.
    """

    directory: str
    pages: int = 0
    page: str = ""
    known: frozenset[str] = frozenset()

    def ways(self, new_urls: Iterable[str]) -> list[str]:
        """Return those of the URLs that a page leads to which are in the directory."""
        return [url for url in new_urls if self.directory in shapes_of(url).below]

    def on(self, url: str, links: Iterable[str], ways: Sequence[str]) -> Walk | None:
        """Return the walk with one page more, or None if this is where it ends.

        links: all URLs that the page leads to. ways: those in the directory that are new.
        """
        back = self.ways(set(links).difference(ways))
        known = self.known.union(back) - {url, self.page}
        paths = {way.partition("?")[0] for way in ways} - {url.partition("?")[0]}
        if len(paths) < _WAYS or len(known) > _MAX_KNOWN:
            return None
        return Walk(self.directory, self.pages + 1, url, known)

    @property
    def is_endless(self) -> bool:
        """Whether the walk has met so many pages that it has no end."""
        return self.pages >= _STEPS


class Mazes:
    """Counts the pages of each directory that lead on, to find out where a walk is due.

    starts: start pages. A directory that has one is never a maze.
    """

    def __init__(self, starts: Iterable[str] = ()) -> None:
        self._exempt = frozenset(each for start in starts for each in shapes_of(start).below)
        # By directory: pages that lead on, and all others.
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._due: set[str] = set()

    def take_in(self, directories: Iterable[str], new: int) -> None:
        """Take in a page of the directories, and how many of its links were not known."""
        leads_on = new >= _WAYS
        for each in directories:
            if each in self._exempt:
                continue
            on, others = self._counts.get(each, (0, 0))
            on, others = on + leads_on, others + (not leads_on)
            put(self._counts, each, (on, others), _MAX_DIRECTORIES)
            if leads_on and on % _PAGES == 0 and on >= _TO_ONE * others:
                self._due.add(each)

    def walk_from(self, url: str) -> Walk | None:
        """Return a walk that begins at ``url`` if one is due in its widest directory or another."""
        if not self._due:  # nearly always
            return None
        for each in reversed(shapes_of(url).below):
            if each in self._due:
                self._due.remove(each)
                return Walk(each)
        return None
