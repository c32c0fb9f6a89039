"""Counts the pages with nothing new in a row, and says when there were too many. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from crawlproj.bounded import put

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_EARNED, _MAX_EARNED = 10, 80  # how many more of them for each page with something new
_MAX_LED = 1_000  # one more for each page that a shape led to, so many at most
_FORGIVEN = 3  # of them, for a shape that is led out of
_AROUND = 10  # pages with something new, or there is no site around a shape
_MISSING = 100  # URLs without a page, of a shape that has had nothing new
_ALONE = 10_000  # pages in a row, for a shape that is all there is
_ALONE_AND_SAME = 1_000  # of which not even a digit was new, but for dates
_MAX_SHAPES = 20_000


class Patience:
    """How many pages in a row each shape of URLs has had with nothing new.

    A shape is a trap beside the pages that a site has to offer. Where it is most of the site, it
    may be a small one whose pages are all alike, such as a test server's: it ends much later.
    """

    def __init__(self) -> None:
        # Pages in a row with nothing new, and all with something new; of both, the shapes that
        # changed least recently come first.
        self._empty: OrderedDict[str, int] = OrderedDict()
        self._news: OrderedDict[str, int] = OrderedDict()
        self._same: OrderedDict[str, int] = OrderedDict()  # in a row, no digit new but in dates
        self._missing: OrderedDict[str, int] = OrderedDict()  # URLs without a page
        # Pages that each shape led to, by their shape.
        self._led: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._listed: OrderedDict[str, int] = OrderedDict()  # pages that lists have led to
        self._stale: OrderedDict[str, int] = OrderedDict()  # whose last page had nothing new

    def lose(self, shape: str, limit: int, host: str = "", *, is_same: bool = False) -> int:
        """Count a page of ``shape`` with nothing new.

        limit: how many of them in a row a shape may have that has had nothing new but once. host:
        the shape of all pages of the host, if it matters what else is there. is_same: not even a
        digit is new, but for dates.

        Returns how many it may have if these are so many, else 0.
        """
        empty = self._empty.pop(shape, 0) + 1
        same = self._same.pop(shape, 0) + 1 if is_same else 0
        if same:
            put(self._same, shape, same, _MAX_SHAPES)
        news = self._news.get(shape, 0)
        limit += min(_EARNED * max(0, news - 1), _MAX_EARNED)
        limit += self._ways_of(shape)
        if host and self.is_alone(shape, host):
            limit = _ALONE
            if same >= _ALONE_AND_SAME:
                return same
        if empty < limit:
            put(self._empty, shape, empty, _MAX_SHAPES)
            return 0
        return limit

    def miss(self, shape: str) -> int:
        """Count a URL of ``shape`` that has no page.

        Returns how many there were if these are too many, else 0. One page with something new, and
        they never are: a reference may have links to much that is not there, but none without end.
        """
        if shape in self._news:
            return 0
        missing = self._missing.get(shape, 0) + 1
        put(self._missing, shape, missing, _MAX_SHAPES)
        return missing if missing >= _MISSING else 0

    def is_alone(self, shape: str, host: str) -> bool:
        """Whether the site has had little that is new but for ``shape``, or at all if it is all."""
        if shape == host:
            return self._news.get(host, 0) < _AROUND
        return not self.has_around(shape, host) or (
            self._news.get(host, 0) < 2 * self._news.get(shape, 0)
        )

    def has_around(self, shape: str, host: str) -> bool:
        """Whether the site has had anything new to speak of but for ``shape``."""
        return self._news.get(host, 0) - self._news.get(shape, 0) >= _AROUND

    def has_won(self, shape: str) -> bool:
        """Whether a page of ``shape`` has had something new."""
        return shape in self._news

    def win(self, shapes: Collection[str]) -> None:
        """Take in a page of ``shapes`` with something new."""
        for shape in shapes:
            self.reset(shape)
            self._missing.pop(shape, None)
            self._stale.pop(shape, None)
        self.know(shapes)

    def know(self, shapes: Iterable[str]) -> None:
        """Take in that an earlier crawl has fetched a page of ``shapes``."""
        for shape in shapes:
            put(self._news, shape, self._news.get(shape, 0) + 1, _MAX_SHAPES)

    def lead(self, shapes: Iterable[str], ways: Mapping[str, int]) -> None:
        """Take in that a page of ``shapes`` leads to pages that were not known.

        ways: how many, by their shape. A shape may have one more page with nothing new for each: so
        what is lost is at most as much as what was found, and lists that most often show the same
        go on to what only they lead to.
        """
        for shape in filter(None, shapes):
            led = self._led.get(shape, {})
            for way, pages in ways.items():
                led[way] = led.get(way, 0) + pages
            put(self._led, shape, led, _MAX_SHAPES)

    def list_pages(self, shape: str, listed: str, pages: int) -> None:
        """Take in that a page of ``shape`` lists new pages of the shape ``listed``.

        This counts if the last page of ``shape`` that was looked at had something new.
        """
        if listed != shape and shape in self._news and shape not in self._stale:
            put(self._listed, listed, self._listed.get(listed, 0) + pages, _MAX_SHAPES)

    def take_listed(self, shape: str) -> bool:
        """Take in a page without enough that is new; return whether lists have led to so many.

        The URLs they lead to have an end as they have, unless pages with nothing new are the
        lists.
        """
        put(self._stale, shape, 0, _MAX_SHAPES)
        left = self._listed.get(shape, 0)
        if left:
            self._listed[shape] = left - 1
        return left > 0

    def counts_ways_of(self, shape: str) -> bool:
        """Whether it makes a difference what else ``shape`` leads to."""
        return self._ways_of(shape) < _MAX_LED

    def end(self, trap: str) -> None:
        """Take in that ``trap`` is one: to lead there was no merit."""
        for led in self._led.values():
            led.pop(trap, None)

    def _ways_of(self, shape: str) -> int:
        return min(sum(self._led.get(shape, {}).values()), _MAX_LED)

    def forgive(self, shape: str) -> None:
        """Take back some of the pages with nothing new."""
        if shape in self._empty:
            self._empty[shape] -= _FORGIVEN
            if self._empty[shape] <= 0:
                del self._empty[shape]

    def reset(self, shape: str) -> None:
        """Take back all of them."""
        self._empty.pop(shape, None)
        self._same.pop(shape, None)

    @property
    def suspects(self) -> bool:
        """Whether any shape has had pages with nothing new, or URLs without a page."""
        return bool(self._empty or self._missing)

    def suspects_any(self, shapes: Iterable[str]) -> bool:
        """Whether one of ``shapes`` has had pages with nothing new, or URLs without a page."""
        return not (
            self._empty.keys().isdisjoint(shapes) and self._missing.keys().isdisjoint(shapes)
        )
