"""Twelve kinds of traps: pages that a program makes without end, and that have nothing new."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]


def trap_html(path: str) -> str:
    """Return the page of a trap at a path, with its query; "" where no trap is."""
    place, _, query = path.partition("?")
    for prefix, trap in TRAPS.items():
        if place.startswith(prefix):
            return trap(place, query)
    return ""


def links_html(hrefs: Iterable[str]) -> str:
    """Return a paragraph with a link for each of ``hrefs``."""
    return "".join(f'<p><a href="{href}">link</a>' for href in hrefs)


def token(*parts: object) -> str:
    """Return 32 hexadecimal digits, the same for the same parts."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def comment_links(path: str) -> list[str]:
    """Return the links to forms, one for each of six comments, that show the page at ``path``."""
    return [f"{path}?replytocom={token(path, n, 'comment')[:6]}" for n in range(6)]


def _page(*hrefs: str, text: str) -> str:
    return f"<!doctype html><title></title><p>{text}</p>{links_html(hrefs)}"


def _calendar(path: str, _: str) -> str:
    _, _, year, month = path.split("/")
    at = int(year) * 12 + int(month)
    links = [f"/calendar/{n // 12}/{n % 12}" for n in (at - 1, at + 1)]
    return _page(*links, text=f"{_MONTHS[at % 9]} {year}<br>" + "<br>".join(map(str, range(1, 29))))


def _days(path: str, _: str) -> str:
    at = int(path.removeprefix("/day/"))
    return _page(
        *(f"/day/{at + step}" for step in (-1, 1, 7, 30)),
        text=f"{_DAYS[at % 7]}, {at % 28} {_MONTHS[at // 28 % 9]}<br>No events on this day",
    )


def _java_sessions(path: str, _: str) -> str:
    new = token(path, "java").upper()
    return _page(*(f"/java/p{n};jsessionid={new}" for n in range(5)), text="A Java shop")


def _known_sessions(path: str, query: str) -> str:
    new = token(path, query)
    return _page(*(f"/php/p{n}?PHPSESSID={new}" for n in range(5)), text="A PHP shop")


def _own_sessions(path: str, query: str) -> str:
    new = token(path, query)
    return _page(*(f"/own/p{n}?ticket={new}" for n in range(5)), text="A shop of its own")


def _repeating(_: str, __: str) -> str:
    return _page("www.example.org/policies/", "img/", text="Shop without schemes")


def _deeper(_: str, __: str) -> str:
    return _page("more/", text="Go on")


def _soft_404(path: str, _: str) -> str:
    names = [token(path, n)[:8] for n in range(3)]
    return _page(*(f"{name}/" for name in names), text="Oops<br>There is nothing here. Search?")


def _facets(_: str, query: str) -> str:
    chosen = sorted(filter(None, query.split("&")))
    every = [f"{name}={value}" for name in ["color", "size", "brand", "fit"] for value in "abcdefg"]
    more = (f"/list?{'&'.join(sorted([*chosen, one]))}" for one in every if one not in chosen)
    shown = " ".join(one.replace("=", " ") for one in chosen)
    return _page(*more, text=f"Filters: {shown}<br>" + "<br>".join(f"Product {n}" for n in "xyz"))


def _pagination(_: str, query: str) -> str:
    at = int(query.partition("=")[2] or 0)
    return _page(f"/news?page={at + 1}", f"/news?page={at + 9}", text="No more news<br>Back home")


def _clock(_: str, query: str) -> str:
    return _page(f"/clock?at={token(query)}", text=f"Server 17<br>Request {token(query, 1)}")


TRAPS: dict[str, Callable[[str, str], str]] = {
    "/calendar/": _calendar,
    "/day/": _days,
    "/java/": _java_sessions,
    "/php/": _known_sessions,
    "/own/": _own_sessions,
    "/shop/": _repeating,
    "/deeper/": _deeper,
    "/oops/": _soft_404,
    "/list": _facets,
    "/news": _pagination,
    "/clock": _clock,
}
"""Eleven traps by the beginning of their paths: the page of a path and query. The twelfth is the
links to comments, which are on other pages."""
ENTRIES = (
    *("/calendar/2026/11", "/day/9000", "/java/p0", "/php/p0", "/own/p0", "/shop/", "/deeper/"),
    *("/oops/", "/list", "/news", "/clock"),
)
"""Paths that lead into them."""
