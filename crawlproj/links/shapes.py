"""The shapes of URLs: what URLs that a site generates have in common. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote
from zlib import crc32

from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from collections.abc import Container

_WITH_QUERY = "?*"  # the end of a directory or host of which only URLs with a query are meant
_MAX_DIRECTORIES = 3
_MAX_NAMES = 8  # of parameters
_DIGITS = re.compile(r"(?<!%)(?<!%[0-9A-F])[0-9]+")  # not those of an escaped letter
# Parameters whose value tells pages of different kinds apart: action=history and action=info.
CHOOSING = frozenset(
    (
        *("a", "act", "action", "cmd", "controller", "do", "f", "format", "func", "method", "mod"),
        *("mode", "module", "op", "option", "output", "page", "section", "tab", "task", "type"),
        "view",
    )
)
_PAIRS = re.compile(r"[&;]")
_COUNTED = re.compile(r"[0-9]+(?:[-_.:][0-9]+)*")
# A token that a program made: long, with digits and letters, most of which are in no word.
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[a-zA-Z])[\w.~()!*%-]{20,}")
_YEAR = re.compile(r"(?<![0-9])(?:19|20|21)[0-9]{2}(?:[0-9]{4})?(?![0-9])")
# A year and a month or week after it, such as 2026/11, 20261130 and year=2026&month=11.
_DATE = re.compile(
    r"(?<![0-9])(?:19|20|21)[0-9]{2}(?:[^0-9?]{1,7}[0-5]?[0-9]|[01][0-9](?:[0-3][0-9])?)(?![0-9])"
)
_CHOSEN = 8  # of so many paths, and of so many parameters with their values, one
_CHOSEN_BY_ITSELF = 64  # of so many URLs with a query, one
_PARTS = re.compile("[/?&;=]")
_NOT_ASCII = re.compile(r"%[89A-F][0-9A-F]")  # no program makes a token of other letters
_ESCAPE = re.compile("%[0-9A-F]{2}")  # such as the brackets of filter[colour]
_WORD = re.compile(r"(?<![^-_.~])[a-zA-Z]{2,}(?![^-_.~])|[A-Z][a-z]{3,}")  # the latter: CamelCase
# Session ids in a path (Java, ASP.NET) or a query, by the names that frameworks give them.
_SESSION = re.compile(
    r";(?:jsessionid|sid|phpsessid)=[^/?;&]*"
    r"|(?<=/)\([A-Z]\([0-9a-z]{20,}\)\)/"
    r"|(?<=[?&;])(?:jsessionid|phpsessid|aspsessionid\w*|session_?id|sess_?id|sid|cfid|cftoken|oscsid"
    r"|zenid)=(?=[^&;]*[0-9])[\w,.-]{8,}[&;]?",
    re.IGNORECASE,
)


def without_session(url: str) -> str:
    """Return a normalized URL without session ids, which make one page look like many."""
    if "=" not in url and "(" not in url:  # most URLs
        return url
    return _SESSION.sub("", url).rstrip("?&;") if _SESSION.search(url) else url


class Shapes(NamedTuple):
    """The shapes of a URL, each with "*" or "#" in it.

    exact: the numbers and the values of the query vary. again: as exact, if the path was fetched
    before. names: the value of one parameter, and all else but the host. query:
    the whole query. below: what is below each of the first directories, deepest first. host:
    everything.
    """

    exact: str
    again: str
    names: tuple[str, ...]
    query: str
    below: tuple[str, ...]
    host: str

    @property
    def place(self) -> str:
        """The directory that the URL is in, without the fourth and deeper ones."""
        return self.below[0] if self.below else self.host

    @property
    def wide(self) -> tuple[str, ...]:
        """The directories and the host; of a URL with a query, first what has one there."""
        wide = (*self.below, self.host)
        return (*(f"{each}{_WITH_QUERY}" for each in wide), *wide) if self.names else wide

    def wide_among(self, shapes: Container[str]) -> list[str]:
        """Return those of ``wide`` among ``shapes``; only such with a query if there are any."""
        found = [each for each in self.wide if each in shapes]
        return [each for each in found if each.endswith(_WITH_QUERY)] or found

    def is_of_host(self, shape: str) -> bool:
        """Whether ``shape`` is everything on the host, or everything with a query."""
        return shape.removesuffix(_WITH_QUERY) == self.host

    @property
    def repeats(self) -> bool:
        """Whether the path repeats itself, or has a token that a program made."""
        return "/*" in self.exact

    def goes_on_in(self, other: Shapes) -> bool:
        """Whether ``other`` has the same path, and these parameters or more."""
        path = self.exact.partition("?")[0]
        return (
            path != ""
            and path == other.exact.partition("?")[0]
            and set(self.names) <= set(other.names)
        )

    def all(self) -> list[str]:
        """Return those there are, narrow ones first."""
        return [
            each for each in (self.exact, self.again, *self.names, self.query, *self.wide) if each
        ]


@lru_cache(maxsize=4096)  # asked when a link to it is found, and several times once it is fetched
def shapes_of(url: str) -> Shapes:
    """Return the shapes of a normalized URL.

    http://a.org/shop/list/17?page=2&size=5 has these::

        a.org/shop/list/#?page=&size=    the numbers and the values of the query vary
        a.org/shop/list/#?page=&size= (again)
        a.org/*?page=, a.org/*?size=     all but one parameter varies
        a.org/shop/list/17?*             the query varies
        a.org/shop/list/*                what is below each of the first three directories
        a.org/shop/*
        a.org/*

    The value of a parameter that chooses what the program does is kept, such as action=edit. A path
    that repeats itself has one shape, whatever its length: a.org/*a/*b for /a/b/a/a/b.
    """
    place, _, query = url.partition("://")[2].partition("?")
    host, *segments = place.split("/")
    parts = [_generalized(segment) for segment in segments]
    path = "/".join(parts)
    exact = ""
    pairs = _PAIRS.split(query) if query else []
    names = sorted({_named(pair) for pair in pairs})
    worded = [part for part in parts if part != "#"]
    named = f"?{'&'.join(names)}" if names else ""
    if len(worded) - len(set(filter(None, worded))) > 2:  # also the empty one after the last slash
        exact = f"{host}/{'/'.join(f'*{part}' for part in sorted(set(filter(None, parts))))}"
    elif named or path != place[len(host) + 1 :]:
        exact = f"{host}/{path}{named}"
    depths = range(min(_MAX_DIRECTORIES, len(parts) - 1), 0, -1)
    return Shapes(
        exact,
        f"{exact} (again)" if named else "",
        tuple(f"{host}/*?{name}" for name in names[:_MAX_NAMES]),
        f"{place}?*" if named else "",
        tuple(f"{host}/{'/'.join(parts[:depth])}/*" for depth in depths),
        f"{host}/*",
    )


def shape_of_sitemaps(site: str) -> str:
    """Return the shape of all sitemaps of a site, which is a host and maybe a port."""
    return f"{site}/* (sitemaps)"


def shape_of_domain(site: str) -> str:
    """Return the shape of everything on all hosts of a site's registrable domain."""
    return f"*.{registrable_domain(site)}/*"


def without(url: str, names: Container[str]) -> str:
    """Return a URL without the parameters that are among ``names``, which are such of Shapes."""
    place, _, query = url.partition("?")
    host = url.split("/", 3)[2]
    left = [pair for pair in _PAIRS.split(query) if f"{host}/*?{_named(pair)}" not in names]
    between = "&" if "&" in query else ";"
    return f"{place}?{between.join(left)}" if any(left) else place


def whole_query(url: str) -> str:
    """Return the shape in which only the path varies, a.org/*?page=2&size=5; "" without a query."""
    place, has_query, query = url.partition("?")
    return f"{place.split('/', 3)[2]}/*?{query}" if has_query else ""


def tokens(url: str) -> list[str]:
    """Return the parts of a URL that a program made up, such as the name of a commit; 8 at most."""
    return [part for part in _PARTS.split(url) if "%" not in part and _is_token(part)][:_MAX_NAMES]


def parameters(url: str) -> int:
    """Return how many parameters a URL has, 8 at most."""
    return min(1 + url.count("&") + url.count(";", url.index("?")), 8) if "?" in url else 0


def is_counted(url: str) -> bool:
    """Whether a program most likely makes such URLs without end.

    It has a query, a number by itself, or a path that repeats itself.
    """
    segments = url.split("/")[3:]
    return (
        "?" in url
        or len(segments) - len(set(segments)) > 1
        or any(map(_COUNTED.fullmatch, segments))
    )


def has_year(url: str) -> bool:
    """Whether ``url`` has a number in it that may be a year, or a date that begins with one."""
    return _YEAR.search(url) is not None


def has_date(url: str) -> bool:
    """Whether ``url`` has a year in it and a month after that: most likely, a calendar made it."""
    return _DATE.search(url) is not None


def is_chosen(url: str, nth: int = 0) -> bool:
    """Whether ``url`` is in the sample of pages for its path, or for one of its parameters.

    So pages of one path, or with one value of a parameter, are in the sample together and can be
    compared, and those that alternate are in it alike. Few values that combine without end may all
    be outside the sample, so some URLs with a query are in it by themselves. nth: which sample, 0
    to 7.
    """
    path, _, query = url.partition("?")
    if not query:
        return crc32(path.encode()) % _CHOSEN == nth
    return (
        any(crc32(part.encode()) % _CHOSEN == nth for part in (path, *_PAIRS.split(query)))
        or crc32(url.encode()) % _CHOSEN_BY_ITSELF == nth
    )


def is_way_back(url: str, page: str) -> bool:
    """Whether ``url`` carries the URL of ``page``, or its query, to lead back there."""
    carried = url.partition("?")[2]
    place = page.partition("://")[2].partition("/")[2]
    query = place.partition("?")[2]
    return bool(carried and place) and (
        f"/{place}" in unquote(carried) or (bool(query) and quote(query, safe="") in carried)
    )


def _named(pair: str) -> str:
    """Return a parameter without its value, unless this chooses what the program does."""
    name, _, value = pair.partition("=")
    if name in CHOOSING and value.isalpha():
        return pair
    return f"{_generalized(name)}="


def _generalized(segment: str) -> str:
    return "*" if _is_token(segment) else _DIGITS.sub("#", segment)


def _is_token(part: str) -> bool:
    if len(part) < 20 or _NOT_ASCII.search(part) is not None:
        return False
    plain = _ESCAPE.sub("_", part)
    return _TOKEN.fullmatch(plain) is not None and (
        sum(map(len, _WORD.findall(plain))) * 2 <= len(plain)
    )
