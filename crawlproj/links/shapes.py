"""The shapes of URLs: what URLs that a site generates have in common. Pure."""

from __future__ import annotations

import re

_MAX_DIRECTORIES = 3
_DIGITS = re.compile(r"[0-9]+")
_COUNTED = re.compile(r"[0-9]+(?:[-_.:][0-9]+)*")
# A token that a program made: long, with digits and letters, and without words' hyphens.
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[a-zA-Z])[\w.~()!*%-]{20,}")
# Session ids in a path (Java, ASP.NET) or a query, by the names that frameworks give them.
_SESSION = re.compile(
    r";(?:jsessionid|sid|phpsessid)=[^/?;&]*"
    r"|(?<=/)\([A-Z]\([0-9a-z]{20,}\)\)/"
    r"|(?<=[?&])(?:jsessionid|phpsessid|aspsessionid\w*|session_?id|sess_?id|sid|cfid|cftoken|oscsid"
    r"|zenid)=(?=[^&]*[0-9])[\w,.-]{8,}&?",
    re.IGNORECASE,
)


def without_session(url: str) -> str:
    """Return a normalized URL without session ids, which make one page look like many."""
    if "=" not in url and "(" not in url:  # most URLs
        return url
    return _SESSION.sub("", url).rstrip("?&") if _SESSION.search(url) else url


def shapes_of(url: str) -> list[str]:
    """Return the shapes of a normalized URL, narrow ones first; each has "*" or "#" in it.

    http://a.org/shop/list/17?page=2&size=5 has these::

        a.org/shop/list/#?page=&size=    the numbers and the values of the query vary
        a.org/shop/list/17?*             the query varies
        a.org/*?page=&size=              the path varies
        a.org/shop/list/*                what is below each of the first three directories
        a.org/shop/*

    A path that repeats itself has one shape, whatever its length: a.org/*a/*b for /a/b/a/a/b.
    """
    place, _, query = url.partition("://")[2].partition("?")
    host, *segments = place.split("/")
    parts = [_generalized(segment) for segment in segments]
    path = "/".join(parts)
    names = sorted({pair.partition("=")[0] for pair in query.split("&")}) if query else []
    shapes = []
    named = f"?{'&'.join(f'{name}=' for name in names)}" if names else ""
    distinct = set(filter(None, parts))
    if len(parts) - len(distinct) > 2:  # also the empty one after the last slash
        shapes.append(f"{host}/{'/'.join(f'*{part}' for part in sorted(distinct))}")
    elif named or path != place[len(host) + 1 :]:
        shapes.append(f"{host}/{path}{named}")
    if named:
        shapes += [f"{place}?*", f"{host}/*{named}"]
    for depth in range(min(_MAX_DIRECTORIES, len(parts) - 1), 0, -1):
        shapes.append(f"{host}/{'/'.join(parts[:depth])}/*")
    return shapes


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


def _generalized(segment: str) -> str:
    if len(segment) >= 20 and _TOKEN.fullmatch(segment):
        return "*"
    return _DIGITS.sub("#", segment)
