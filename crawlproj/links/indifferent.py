"""Tells which parameters of a query make no difference to pages. Pure."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from heapq import nsmallest
from typing import TYPE_CHECKING

from crawlproj.bounded import put

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGES = 20  # that were the same with a parameter and without it
_PAGES_THERE = 5  # of them in a directory
_TO_ONE = 20  # of them to one that was different
_SAMPLE = 24  # lines of a page that are compared: those with the smallest hashes
_OTHER = 6  # of the lines of two samples, so many may be in one of them only
_MAX_URLS = 20_000
_END = 200_000  # characters of a text


class Indifferent:
    """Compares pages that differ in one parameter of their URLs.

    A session, the comment to reply to or the order of a short list make no difference: at least 20
    pages are the same with another value or without the parameter, and no more than one in 20 is
    not. The same must show in each directory, by 5 pages, because the version of a commit makes a
    difference, and that of most files does not.
    """

    def __init__(self) -> None:
        # By hash of a URL, those of the oldest page first.
        self._samples: OrderedDict[int, array[int]] = OrderedDict()
        # Of a parameter, and of one in a directory: pages that were the same, and all others.
        self._compared: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take_in(
        self, url: str, text: str, without: Mapping[str, str], place: str, *, has_news: bool
    ) -> None:
        """Take in a page. One with news is like no other.

        without: what the URL is without each of its parameters. place: its directory.
        """
        lines = set(map(hash, text[:_END].split("\n")))
        sample = array("q", nsmallest(_SAMPLE, lines))
        for name, rest in without.items():
            earlier = self._samples.get(hash(rest))
            if earlier is not None:
                is_same = not has_news and len({*earlier} ^ {*sample}) <= _OTHER
                self._count(name, is_same=is_same)
                self._count(f"{place} {name}", is_same=is_same)
        for each in (url, *without.values()):
            put(self._samples, hash(each), sample, _MAX_URLS)

    def has(self, name: str, place: str) -> bool:
        """Whether the parameter makes no difference in a directory."""
        return self._are(name, _PAGES) and self._are(f"{place} {name}", _PAGES_THERE)

    def may_have(self, name: str) -> bool:
        """Whether the parameter makes no difference anywhere, as far as pages were compared."""
        return self._are(name, 1)

    def _count(self, key: str, *, is_same: bool) -> None:
        same, different = self._compared.get(key, (0, 0))
        put(self._compared, key, (same + is_same, different + (not is_same)), _MAX_URLS)

    def _are(self, key: str, pages: int) -> bool:
        same, different = self._compared.get(key, (0, 0))
        return same >= max(pages, _TO_ONE * different)
