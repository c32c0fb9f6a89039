"""A site with real pages, and twelve kinds of traps around them."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "http://www.example.org"
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
WORDS = [
    hashlib.blake2b(bytes([n, m]), digest_size=4).hexdigest() for n in range(40) for m in range(40)
]


def page(*hrefs: str, title: str = "", text: str = "") -> str:
    links = "".join(f'<p><a href="{href}">link</a>' for href in hrefs)
    return f"<!doctype html><title>{title}</title><p>{text}</p>{links}"


def real(n: int, pages: int) -> str:
    """Return a page of a few lines with words of its own; it leads to others, and comments."""
    dice = random.Random(n)  # noqa: S311 - the same page each time
    lines = "<br>".join(" ".join(dice.choices(WORDS, k=8)) for _ in range(5))
    others = (f"/doc/p{other}.html" for other in (2 * n + 1, 2 * n + 2) if other < pages)
    comments = (f"/doc/p{n}.html?replytocom={dice.randrange(10**6)}" for _ in range(6))
    return page(*others, *comments, title=f"Page {n}", text=f"<p>{lines}")


def token(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def calendar(path: str, _: str) -> str:
    _, _, year, month = path.split("/")
    at = int(year) * 12 + int(month)
    links = [f"/calendar/{n // 12}/{n % 12}" for n in (at - 1, at + 1)]
    return page(*links, text=f"{MONTHS[at % 9]} {year}<br>" + "<br>".join(map(str, range(1, 29))))


def days(path: str, _: str) -> str:
    at = int(path.removeprefix("/day/"))
    return page(
        *(f"/day/{at + step}" for step in (-1, 1, 7, 30)),
        text=f"{DAYS[at % 7]}, {at % 28} {MONTHS[at // 28 % 9]}<br>No events on this day",
    )


def java_sessions(path: str, _: str) -> str:
    new = token(path, "java").upper()
    return page(*(f"/java/p{n};jsessionid={new}" for n in range(5)), text="A Java shop")


def known_sessions(path: str, query: str) -> str:
    new = token(path, query)
    return page(*(f"/php/p{n}?PHPSESSID={new}" for n in range(5)), text="A PHP shop")


def own_sessions(path: str, query: str) -> str:
    new = token(path, query)
    return page(*(f"/own/p{n}?ticket={new}" for n in range(5)), text="A shop of its own")


def repeating(path: str, _: str) -> str:
    return page("www.example.org/policies/", "img/", text="Shop without schemes")


def deeper(path: str, _: str) -> str:
    return page("more/", text="Go on")


def soft_404(path: str, _: str) -> str:
    names = [token(path, n)[:8] for n in range(3)]
    return page(*(f"{name}/" for name in names), text="Oops<br>There is nothing here. Search?")


def facets(path: str, query: str) -> str:
    chosen = sorted(filter(None, query.split("&")))
    every = [f"{name}={value}" for name in ["color", "size", "brand", "fit"] for value in "abcdefg"]
    more = (f"/list?{'&'.join(sorted([*chosen, one]))}" for one in every if one not in chosen)
    shown = " ".join(one.replace("=", " ") for one in chosen)
    return page(*more, text=f"Filters: {shown}<br>" + "<br>".join(f"Product {n}" for n in "xyz"))


def pagination(path: str, query: str) -> str:
    at = int(query.partition("=")[2] or 0)
    return page(f"/news?page={at + 1}", f"/news?page={at + 9}", text="No more news<br>Back home")


def clock(path: str, query: str) -> str:
    return page(f"/clock?at={token(query)}", text=f"Server 17<br>Request {token(query, 1)}")


def farm(host: str) -> str:
    links = (f"http://{token(host, n)[:10]}.example.org/" for n in range(6))
    return page(*links, text="Buy this domain<br>Related searches")


TRAPS: dict[str, Callable[[str, str], str]] = {
    "/calendar/": calendar,
    "/day/": days,
    "/java/": java_sessions,
    "/php/": known_sessions,
    "/own/": own_sessions,
    "/shop/": repeating,
    "/deeper/": deeper,
    "/oops/": soft_404,
    "/list": facets,
    "/news": pagination,
    "/clock": clock,
}
ENTRIES = (
    *("/calendar/2026/11", "/day/9000", "/java/p0", "/php/p0", "/own/p0", "/shop/", "/deeper/"),
    *("/oops/", "/list", "/news", "/clock", "http://one.example.org/"),
)


def answer(url: str, pages: int) -> str:
    """Return the page or sitemap at ``url``; "" if there is none. So many pages are real."""
    parts = urlsplit(url)
    path = parts.path
    if parts.netloc != "www.example.org":
        return farm(parts.netloc)
    if path.startswith("/map/"):
        more = (f"{HOST}/map/{token(path, n)}.xml" for n in range(5))
        entries = "".join(f"<sitemap><loc>{one}</loc></sitemap>" for one in more)
        return f"<sitemapindex>{entries}</sitemapindex>"
    if path == "/":
        return page("/doc/p0.html", *ENTRIES, title="Home", text="Welcome")
    if path.startswith("/doc/"):
        n = int(path.removeprefix("/doc/p").removesuffix(".html"))
        return real(n, pages) if n < pages else ""
    for prefix, trap in TRAPS.items():
        if path.startswith(prefix):
            return trap(path, parts.query)
    return ""


def is_real(url: str) -> bool:
    """Whether ``url`` is a page that a person would want, or its home page."""
    return url == f"{HOST}/" or (url.startswith(f"{HOST}/doc/") and "?" not in url)
