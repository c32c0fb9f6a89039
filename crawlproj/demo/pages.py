"""The demo web's answer to each request, and the result that a complete crawl must have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from crawlproj.demo.content import page_html
from crawlproj.demo.spec import SiteSpec, content_of, fate_of, number_of, path_of
from crawlproj.demo.traps import trap_html

if TYPE_CHECKING:
    from crawlproj.demo.weather import Reply

__all__ = ["Answer", "Expected", "SiteSpec", "answer", "answer_in_weather", "expected"]

PRIVATE_PAGES = 3  # under /private/, which robots.txt disallows; every page links to one
NOT_FOLLOWED = "/not-followed.html"  # a 404 that only the nofollow page links to
MOVED, ON_THE_WAY = "/moved", "/moved/on-the-way"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server and how it ends.

    ending: "whole", "truncated" (closed after half the body), "reset" or "closed" (the connection
        ends without an answer) or "hanging" (no answer ever).
    """

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    ending: Literal["whole", "truncated", "reset", "closed", "hanging"] = "whole"


@dataclass(frozen=True, slots=True)
class Expected:
    """The result of a complete crawl of a site from its start page, by URL.

    pages: done, and stored with status 200.
    failed, skipped: with the frontier's reason.
    """

    pages: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def discovered(self) -> set[str]:
        """Every URL the frontier must hold."""
        return self.pages | self.failed.keys() | self.skipped.keys()


def answer(spec: SiteSpec, base: str, path: str, visit: int = 1) -> Answer:
    """Return the answer to the ``visit``-th GET (from 1) of ``path``.

    base: the site's URL without a trailing slash.
    path: as requested; a query is ignored, except in traps.
    """
    if spec.kind == "traps" and (trap := trap_html(path)):
        return Answer(200, trap.encode())
    path = path.partition("?")[0]
    if path == "/robots.txt":
        return Answer(200, _robots(spec, base), "text/plain")
    if path == "/sitemap.xml":
        return Answer(200, _sitemap(spec, base), "application/xml")
    if path.startswith("/private/"):
        return _small(200, "Private")
    if path.startswith(f"{ON_THE_WAY}/"):
        return _redirect(302, MOVED + path.removeprefix(ON_THE_WAY))
    moved = path.startswith(f"{MOVED}/")
    n = number_of(spec, path.removeprefix(MOVED) if moved else path)
    if n is None or moved != (moved and fate_of(spec, n) in {"moved", "moved twice"}):
        return _small(404, "Not Found")
    return _page(spec, n) if moved else _fated(spec, n, visit)


def answer_in_weather(spec: SiteSpec, base: str, path: str, visit: int, reply: Reply) -> Answer:
    """Return the answer to a request for which the weather has produced ``reply``.

    A reply with status 200 gets the answer of ``answer``, any other one its own.
    """
    if reply.status == HTTPStatus.OK:
        found = answer(spec, base, path, visit)
    elif reply.ending == "whole":
        found = _small(reply.status, HTTPStatus(reply.status).phrase)
    else:
        return Answer(0, ending=reply.ending)
    return replace(found, headers=found.headers + reply.headers) if reply.headers else found


def _fated(spec: SiteSpec, n: int, visit: int) -> Answer:
    fate = fate_of(spec, n)
    if fate.endswith(" once") and visit > 1:
        fate = "ok"
    match fate:
        case "gone":
            return _small(404, "Not Found")
        case "broken" | "broken once":
            return _small(500, "Internal Server Error")
        case "busy once":
            busy = _small(503, "Service Unavailable")
            return Answer(503, busy.body, headers=(("Retry-After", "1"),))
        case "reset":
            return Answer(0, ending="reset")
        case "dropped once":
            return Answer(0, ending="closed")
        case "hanging":
            return Answer(0, ending="hanging")
        case "truncated":
            return Answer(200, _page(spec, n).body, ending="truncated")
        case "moved":
            return _redirect(301, MOVED + path_of(n))
        case "moved twice":
            return _redirect(301, ON_THE_WAY + path_of(n))
        case "alias":
            return _redirect(302, path_of((n - 1) // 2))
    return _page(spec, n)


def expected(spec: SiteSpec, base: str = "") -> Expected:
    """Return the result that a complete crawl must have, with URLs that begin with ``base``."""
    result = Expected(skipped={f"{base}/sitemap.xml": "sitemap"})
    for n in range(min(PRIVATE_PAGES, spec.pages)):
        result.skipped[f"{base}/private/area{n}.html"] = "robots"
    for n in range(spec.pages):
        url = base + path_of(n)
        match fate_of(spec, n):
            case "gone":
                result.failed[url] = "http-404"
            case "broken":
                result.failed[url] = "http-500"
            case "reset":
                result.failed[url] = "connection-lost"
            case "truncated":
                result.failed[url] = "data-loss"
            case "hanging":
                result.failed[url] = "timeout"
            case "alias":
                result.skipped[url] = "redirected"
            case "moved" | "moved twice" as fate:
                result.skipped[url] = "redirected"
                result.pages.add(base + MOVED + path_of(n))
                if fate == "moved twice":
                    result.skipped[base + ON_THE_WAY + path_of(n)] = "redirected"
            case _:
                result.pages.add(url)
    return result


def _page(spec: SiteSpec, n: int) -> Answer:
    n = content_of(n)
    nofollowed = NOT_FOLLOWED if n == spec.nofollow_page else ""
    return Answer(200, page_html(spec, n, f"/private/area{n % PRIVATE_PAGES}.html", nofollowed))


def _small(status: int, title: str) -> Answer:
    return Answer(status, f"<!doctype html><title>{title}</title><h1>{title}</h1>".encode())


def _redirect(status: int, location: str) -> Answer:
    return Answer(status, headers=(("Location", location),))


def _robots(spec: SiteSpec, base: str) -> bytes:
    delay = f"Crawl-delay: {spec.crawl_delay_s:g}\n" if spec.crawl_delay_s else ""
    return f"User-agent: *\nDisallow: /private/\n{delay}\nSitemap: {base}/sitemap.xml\n".encode()


def _sitemap(spec: SiteSpec, base: str) -> bytes:
    # Like most sitemaps, it includes the start page.
    named = [0, *range(spec.linked, spec.pages)]
    locations = "".join(f"<url><loc>{base}{path_of(n)}</loc></url>\n" for n in named)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">\n{locations}</urlset>\n'
    ).encode()
