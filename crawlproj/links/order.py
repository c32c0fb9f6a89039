"""Tells which of a site's URLs are fetched first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.links.shapes import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_PATHS = 100_000


class Order:
    """Puts a list before what its filters choose from it: path by path, fewer parameters first.

    Between paths, the number of parameters says nothing: a wiki behind ``?id=`` must not wait for
    the end of an archive beside it whose URLs have none.
    """

    def __init__(self) -> None:
        self._fewest: dict[str, int] = {}  # by path: parameters, 1 at least

    def note(self, urls: Iterable[str]) -> None:
        """Take in the normalized URLs that a page leads to, known or new."""
        for url in urls:
            if "?" in url:
                path, count = url.partition("?")[0], parameters(url)
                if len(self._fewest) >= _MAX_PATHS:
                    self._fewest.clear()
                self._fewest[path] = min(count, self._fewest.get(path, count))

    def priority(self, url: str) -> int:
        """Return the priority of a normalized URL, 0 or less.

        It is how many parameters more than needed the URL has: more than another one of its path,
        and than one.
        """
        count = parameters(url)
        return min(0, self._fewest.get(url.partition("?")[0], count) - count) if count else 0
