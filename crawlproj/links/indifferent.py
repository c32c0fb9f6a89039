"""Tells which parameters of a query make no difference to pages. Pure."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from heapq import nsmallest
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.links.faces import ALONE, Faces, First
from crawlproj.links.news import Recent
from crawlproj.links.shapes import whole_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PAGES = 20  # that were the same with a parameter and without it
_PAGES_THERE = 5  # of them in a directory
_DIRECTORIES = 20  # in which pages were the same with a query and without it
_TO_ONE = 20  # of them to one that was different
_SAMPLE = 24  # lines of a page that are compared: those with the smallest hashes
# Of the lines of two samples, so many may be in one of them only; fewer of short pages.
_OTHER = 6
_MAX_URLS = 20_000
_END = 200_000  # characters of a text


class Indifferent:
    """Compares pages that differ in one parameter of their URLs.

    A session, the comment to reply to or the order of a short list make no difference: at least 20
    pages are the same with another value or without the parameter, and no more than one in 20 is
    not. The same must show in each directory, by 5 pages, because the version of a commit makes a
    difference, and that of most files does not.

    is_found: whether any page was the same as one with another query.

    A page that another value showed before is the same; one that is new counts as different until a
    URL without the parameter shows it, too (see faces.py).

    A page that leads to others, to which nothing led before, counts as so many different ones: the
    lists of a mailing list look alike, because each message has a link to the list at its time, and
    only one of them goes on to older messages.

    A whole query, such as the one that sorts a list by date, makes no difference anywhere if pages
    of 20 directories were the same without it, and no more than one in 20 was not. A parameter is
    not judged so, because page=1 of every short list says nothing about page=2 of a long one.
    """

    def __init__(self) -> None:
        self.is_found = False
        # By hash of a URL, those of the oldest page first.
        self._samples: OrderedDict[int, array[int]] = OrderedDict()
        self._plain: OrderedDict[int, array[int]] = OrderedDict()  # of those without a query
        # Of a parameter, and of one in a directory: pages that were the same, and all others.
        self._compared: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._faces = Faces()
        self._places = Recent()  # directories in which a parameter once made no difference
        self._same_in = Recent()  # queries, each with a directory in which it made no difference

    def take_in(
        self,
        url: str,
        text: str,
        without: Mapping[str, str],
        place: str,
        *,
        has_news: bool,
        has_plain: bool = False,
    ) -> None:
        """Take in a page. One with news is like no other.

        without: what the URL is without each of its parameters. place: its directory. has_plain:
        whether it was fetched without its query; if nobody looked at that, it may have the news.
        """
        lines = set(map(hash, text[:_END].split("\n")))
        sample = array("q", nsmallest(_SAMPLE, lines))
        path, has_query, _ = url.partition("?")
        plain = self._plain.get(hash(path))
        for name, rest in without.items():
            shown = self._faces.shown_by(rest, sample)
            earlier = self._samples.get(hash(rest))
            first = None
            if earlier is not None:
                is_same = not has_news and (
                    name in shown or ALONE in shown or (not shown and _are_alike(earlier, sample))
                )
                # Another URL may show the same: the plain one, or one with another parameter.
                unsure = has_plain and plain is None and rest == path if has_news else bool(shown)
                if is_same or not unsure:
                    self._count(name, same=is_same, different=not is_same)
                    self._count(f"{place} {name}", same=is_same, different=not is_same)
                    first = First(name, place) if has_news else None
                if is_same:
                    self._places.put(place)
            self._acquit(self._faces.take_in(rest, sample, name, first=first))
        self._acquit(self._faces.take_in(url, sample, ALONE))
        for each in (url, *without.values()):
            put(self._samples, hash(each), sample, _MAX_URLS)
        if not has_query:
            put(self._plain, hash(path), sample, _MAX_URLS)
        elif plain is not None:
            is_same = not has_news and _are_alike(plain, sample)
            whole = whole_query(url)
            if not is_same or self._same_in.put(f"{place} {whole}"):
                self._count(f"all of {whole}", same=is_same, different=not is_same)

    def has_page(self, rest: str) -> bool:
        """Whether a page was taken in that is ``rest``, or has one parameter more."""
        return hash(rest) in self._samples

    def lead(self, names: Iterable[str], place: str, ways: int) -> None:
        """Take in that a page with these parameters leads to ``ways`` pages that were not known."""
        for name in names:
            self._count(name, different=ways)
            self._count(f"{place} {name}", different=ways)

    def found(self, url: str, names: Iterable[str], place: str) -> list[str]:
        """Return what makes no difference in a directory: of ``names``, and the whole query."""
        found = [name for name in names if self.has(name, place)]
        whole = whole_query(url)
        return [*found, whole] if self._are(f"all of {whole}", _DIRECTORIES) else found

    def has(self, name: str, place: str) -> bool:
        """Whether the parameter makes no difference in a directory."""
        return self._are(name, _PAGES) and self._are(f"{place} {name}", _PAGES_THERE)

    def may_have(self, name: str) -> bool:
        """Whether the parameter makes no difference anywhere, as far as pages were compared."""
        return self._are(name, 1)

    def is_found_in(self, place: str) -> bool:
        """Whether any page of a directory was the same with another value of a parameter."""
        return self._places.has(place)

    def _acquit(self, first: First | None) -> None:
        """Count a page as the same that was different because it came first."""
        if first is not None:
            for key in (first.name, f"{first.place} {first.name}"):
                same, different = self._compared.get(key, (0, 1))
                put(self._compared, key, (same + 1, max(0, different - 1)), _MAX_URLS)

    def _count(self, key: str, *, same: int = 0, different: int = 0) -> None:
        self.is_found = self.is_found or same > 0
        before = self._compared.get(key, (0, 0))
        put(self._compared, key, (before[0] + same, before[1] + different), _MAX_URLS)

    def _are(self, key: str, pages: int) -> bool:
        same, different = self._compared.get(key, (0, 0))
        return same >= max(pages, _TO_ONE * different)


def _are_alike(one: array[int], other: array[int]) -> bool:
    few = min(_OTHER, len(one) * 2 // 3, len(other) * 2 // 3)
    return len({*one} ^ {*other}) <= few
