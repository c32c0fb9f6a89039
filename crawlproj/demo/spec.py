"""A site of the demo web: the paths of its pages, their links, and how requests for them end.

Page n links to 2n+1 and 2n+2 (a binary tree from page 0, the start page, so that a crawl soon has
much to do) and to its neighbours n-1 and n+1 (a ring). Only the sitemap lists the last pages.
Nothing is random: everything follows from the site's name and the page's number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from crawlproj.demo.weather import Weather
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["plain", "docs", "slow", "failing", "small", "traps"]
Fate = Literal[
    "ok", "gone", "broken", "broken once", "busy once", "reset", "dropped once", "truncated",
    "moved", "moved twice", "alias", "hanging",
]  # fmt: skip

SECTION = 50
"""Pages in one directory: /section0/page1.html to page49.html, /section1/page50.html, …"""

TWIN_EVERY, TWIN = 50, 11  # pages 11, 61, 111, … are copies of the page before them

# By n modulo 20. Residues 0, 1, 10 and 11 are ok, because twins have them.
_FATES: dict[int, Fate] = {
    2: "gone",
    3: "broken once",
    4: "busy once",
    5: "reset",
    6: "truncated",
    7: "moved",
    8: "moved twice",
    9: "alias",
    12: "broken",
    13: "dropped once",
    14: "gone",
}


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """A site of the demo web.

    name: unique; identifies the site in the logs and in DemoWeb.url.
    kind: "plain" (13 KB pages, 8 links), "docs" (85 KB, 235 links, most of them the same on every
        page), "slow" (plain, each answer after latency_s), "failing" (plain; see fate_of), "small"
        (1.4 KB, 8 links, cheap to serve) or "traps" (small, with twelve traps; see traps.py).
    pages: how many numbered pages there are, in total.
    sitemap_only: how many of them, the last ones, only the sitemap lists.
    latency_s: seconds before each answer except robots.txt; None means 0.3 for slow sites, else 0.
    crawl_delay_s: the Crawl-delay in robots.txt; 0 for none.
    hanging: whether one page of a failing site is never answered.
    weather: the fields of weather.Weather, which then decides when each request except robots.txt
        is answered, and how; the site's time starts with the first such request.
    """

    name: str
    kind: Kind = "plain"
    pages: int = 100
    sitemap_only: int = 2
    latency_s: float | None = None
    crawl_delay_s: float = 0.0
    hanging: bool = False
    weather: Mapping[str, object] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigError(
                f"demo site {self.name!r}: kind must be one of {', '.join(get_args(Kind))}, "
                f"not {self.kind!r}"
            )
        if not 0 <= self.sitemap_only < self.pages:
            raise ConfigError(
                f"demo site {self.name!r}: pages must be more than sitemap_only "
                f"({self.sitemap_only}), not {self.pages}"
            )
        if self.weather is not None:
            if self.wait_s:
                raise ConfigError(
                    f"demo site {self.name!r}: its weather defines its latency (service_s, "
                    "network_s): leave out latency_s, and choose a kind other than slow"
                )
            try:
                Weather.from_dict(self.weather)
            except ConfigError as exc:
                raise ConfigError(f"demo site {self.name!r}: weather: {exc}") from None

    @property
    def linked(self) -> int:
        """How many pages are reached by links: pages 0 to linked - 1."""
        return self.pages - self.sitemap_only

    @property
    def wait_s(self) -> float:
        """Seconds before each answer except robots.txt."""
        if self.latency_s is not None:
            return self.latency_s
        return 0.3 if self.kind == "slow" else 0.0

    @property
    def nofollow_page(self) -> int:
        """The page with a nofollow rule: the last linked one, or -1 (none) if that is page 0."""
        return self.linked - 1 or -1


def path_of(n: int) -> str:
    """Return the path of page ``n``."""
    return f"/section{n // SECTION}/page{n}.html" if n else "/"


def number_of(spec: SiteSpec, path: str) -> int | None:
    """Return the number of the page at ``path``; None if there is no such page."""
    if path == "/":
        return 0
    digits = path.rpartition("/")[2].removeprefix("page").removesuffix(".html")
    if not digits.isdecimal() or not 0 < int(digits) < spec.pages:
        return None
    return int(digits) if path_of(int(digits)) == path else None


def content_of(n: int) -> int:
    """Return the number of the page whose content page ``n`` has: n, or n - 1 if it is a copy."""
    return n - 1 if n % TWIN_EVERY == TWIN else n


def links_of(spec: SiteSpec, n: int) -> list[int]:
    """Return the pages that page ``n`` must link to so that every page is reached, except n itself.

    A page with a copy also has the links that the copy needs, because both have the same content.
    """
    twin = n + 1
    pages = [n, twin] if content_of(twin) == n and twin < spec.linked else [n]
    wanted = [link for page in pages for link in (2 * page + 1, 2 * page + 2)]
    wanted = [link for link in wanted if link < spec.linked]
    wanted += [(n + 1) % spec.linked, (n - 1) % spec.linked]
    return [link for link in dict.fromkeys(wanted) if link != n]


def fate_of(spec: SiteSpec, n: int) -> Fate:
    """Return how requests for page ``n`` of a failing site end; "ok" on other sites.

    gone: 404. broken: 500. busy: 503 with Retry-After: 1. reset: the connection is reset without an
    answer. dropped: it is closed without an answer. truncated: it is closed before the end of the
    body. "… once": only the first time, then ok. moved (moved twice): redirected, through one (two)
    redirects, to a page that nothing links to. alias: redirected to its parent in the tree.
    hanging: never answered.

    Only leaves of the tree fail, so that every page can be reached.
    """
    if spec.kind != "failing" or 2 * n + 1 < spec.linked or n >= spec.linked - 1:
        return "ok"
    if spec.hanging and n == spec.linked - 2:
        return "hanging"
    return _FATES.get(n % 20, "ok")
