"""A site with real pages, the traps of the demo web, and two more: a link farm and sitemaps."""

from __future__ import annotations

import hashlib
import random
from urllib.parse import urlsplit

from crawlproj.demo import traps
from crawlproj.demo.traps import comment_links, links_html, token, trap_html

HOST = "http://www.example.org"
WORDS = [
    hashlib.blake2b(bytes([n, m]), digest_size=4).hexdigest() for n in range(40) for m in range(40)
]
ENTRIES = (*traps.ENTRIES, "http://one.example.org/")


def page(*hrefs: str, title: str = "", text: str = "") -> str:
    return f"<!doctype html><title>{title}</title><p>{text}</p>{links_html(hrefs)}"


def real(n: int, pages: int) -> str:
    """Return a page of a few lines with words of its own; it leads to others, and comments."""
    dice = random.Random(n)  # noqa: S311 - the same page each time
    lines = "<br>".join(" ".join(dice.choices(WORDS, k=8)) for _ in range(5))
    others = (f"/doc/p{other}.html" for other in (2 * n + 1, 2 * n + 2) if other < pages)
    comments = comment_links(f"/doc/p{n}.html")
    return page(*others, *comments, title=f"Page {n}", text=f"<p>{lines}")


def farm(host: str) -> str:
    links = (f"http://{token(host, n)[:10]}.example.org/" for n in range(6))
    return page(*links, text="Buy this domain<br>Related searches")


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
    return trap_html(f"{path}?{parts.query}")


def is_real(url: str) -> bool:
    """Whether ``url`` is a page that a person would want, or its home page."""
    return url == f"{HOST}/" or (url.startswith(f"{HOST}/doc/") and "?" not in url)
