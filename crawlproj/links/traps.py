"""Finds out which URLs lead to no page that is new: calendars, sessions, paths without end. Pure.

A trap is a *shape* of URLs (see shapes.py) whose pages have nothing new, one after the other. A
page has something new if it has lines that no page had before, or leads out of the shape to a URL
that was not known. Every eighth page is looked at, and each one of a shape that is suspected. With
a memory of similar texts, a page whose main text is nearly that of an earlier one has nothing new,
whatever its lines are.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.links.shapes import is_counted, shapes_of
from crawlproj.urls import registrable_domain, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawlproj.links.similar import SimilarTexts

SITEMAP = "sitemap_indexes"
"""The key of Request.meta that the request of a sitemap has: how many indexes led to it."""

_LOOK_AT_EVERY = 8
_PAGES = 20  # of a shape in a row with nothing new
_PAGES_OF_A_HOST = 200
_HOSTS = 20  # of a domain in a row whose pages have nothing new
_SITEMAPS = 50  # of a site in a row without a URL that was not known
_FORGIVEN = 3  # how many of them a page with something new makes up for
_MAX_SHAPES = 20_000
_MAX_LINES = 100_000
_BEGINNING, _END = 4_000, 200_000  # characters of a page's text
_MAX_SEGMENTS = 64  # of a path
# Lines that only put known words together in a new way, such as "Monday, 3 November", are not new
# if there are so few of them.
_FEW_LINES, _FEW_OF = 3, 10
_DIGITS = b"0123456789"


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much of a site or a domain is fetched at most; 0 is no limit.

    pages, sitemaps: of a site. depth: links followed to a page. hosts: of a registrable domain.
    """

    pages: int = 1_000_000
    depth: int = 1_000
    sitemaps: int = 10_000
    hosts: int = 1_000


class Traps:
    """The shapes of URLs that a crawl has met, and how much it has fetched of each site.

    similar: tells whether a main text is similar to an earlier one; None: nobody asks.
    found: the traps, each with why it is one.
    """

    def __init__(
        self, budgets: Budgets, starts: Sequence[str] = (), similar: SimilarTexts | None = None
    ) -> None:
        self.found: dict[str, str] = {}
        self.similar = similar
        self._budgets = budgets
        self._starts = frozenset(starts)
        self._start_hosts = frozenset(map(site_of, starts))
        self._scores: OrderedDict[str, int] = OrderedDict()  # least recently changed first
        self._pages: Counter[str] = Counter()
        self._sitemaps: Counter[str] = Counter()
        self._hosts: dict[str, set[str]] = {}  # by registrable domain
        self._proven: set[str] = set()  # hosts that have had something new
        self._lines = _Recent(_MAX_LINES)
        self._words = _Recent(_MAX_LINES)
        self._learned = 0

    def why_not(self, url: str, depth: int = 0, *, sitemap: bool = False) -> str:
        """Return why ``url`` is not fetched; "" if it is.

        depth: how many links led to it.
        """
        if url in self._starts:
            return ""
        site, budgets = site_of(url), self._budgets
        if sitemap:
            return self._spent(self._sitemaps[site], budgets.sitemaps, f"sitemaps of {site}") or (
                self._trap([_shape_of_sitemaps(site)])
            )
        if spent := (
            self._spent(self._pages[site], budgets.pages, f"pages of {site}")
            or self._spent(depth - 1, budgets.depth, "links in a row")
            or self._spent(url.count("/") - 3, _MAX_SEGMENTS, "segments in the path")
        ):
            return spent
        if budgets.hosts and site not in self._start_hosts:
            domain = registrable_domain(site)
            hosts = self._hosts.setdefault(domain, set())
            if site not in hosts:
                if spent := self._spent(len(hosts), budgets.hosts, f"hosts of {domain}"):
                    return spent
                hosts.add(site)
        if not self.found:
            return ""
        shapes = [*shapes_of(url), f"{site}/*"]
        if site not in self._proven and site not in self._start_hosts:
            shapes.append(_shape_of_domain(site))
        return self._trap(shapes)

    def looks_at(self, url: str) -> bool:
        """Count a page; return whether it is to be learned."""
        site = site_of(url)
        self._pages[site] += 1
        self._learned += 1
        if self._learned % _LOOK_AT_EVERY == 0 or self._is_new(site):
            return True
        if not self._scores:
            return False
        return not self._scores.keys().isdisjoint([*shapes_of(url), f"{site}/*"])

    def learn(self, url: str, text: str, new_urls: Sequence[str], main_text: str = "") -> str:
        """Take in a page that ``looks_at`` chose; return the trap that this reveals, or "".

        text: what it shows. new_urls: what it links to in scope and was not known. main_text: the
        part of the text that the page is about, for ``similar``.
        """
        if not text:  # a script may fill it
            return ""
        site = site_of(url)
        new_host = self._is_new(site)
        shapes = [*shapes_of(url), host := f"{site}/*"]
        counted = is_counted(url)
        lines, words = self._news_in(text, counted=counted)
        if self.similar is not None and self.similar.add(main_text[:_END]):
            lines = words = False
        if words:
            self._proven.add(site)
            for shape in shapes:
                self._forgive(shape)
            if new_host:
                self._forgive(_shape_of_domain(site))
            return ""
        # A short page of a reference may be its name and known words. It takes more to be new where
        # a program counts.
        has_news = lines and not counted
        for shape in shapes:
            if has_news or _leads_out(shape, new_urls):
                self._forgive(shape)
            elif self._suspect(shape, _PAGES_OF_A_HOST if shape == host else _PAGES, "pages"):
                return shape
        if new_host and self._suspect(domain := _shape_of_domain(site), _HOSTS, "new hosts"):
            return domain
        return ""

    def learn_sitemap(self, url: str, new_urls: int) -> str:
        """Take in a sitemap with so many URLs that were not known; return the trap, or ""."""
        site = site_of(url)
        self._sitemaps[site] += 1
        shape = _shape_of_sitemaps(site)
        if new_urls:
            self._scores.pop(shape, None)
        elif self._suspect(shape, _SITEMAPS, "sitemaps"):
            return shape
        return ""

    def _is_new(self, site: str) -> bool:
        return site not in self._proven and site not in self._start_hosts

    def _news_in(self, text: str, *, counted: bool) -> tuple[bool, bool]:
        """Return whether there are new lines, and whether these have new words or are many.

        Most often, the beginning of a page shows that already.

        counted: other numbers do not make a line new.
        """
        news = self._news(text[:_BEGINNING], counted)
        if not news[1] and len(text) > _BEGINNING:
            rest = self._news(text[_BEGINNING:_END], counted)
            news = (news[0] or rest[0], rest[1])
        return news

    def _news(self, text: str, counted: bool) -> tuple[bool, bool]:
        raw = text.encode("utf-8", "surrogatepass")
        plain = raw.translate(None, _DIGITS) if counted else raw
        lines = dict(zip(plain.split(b"\n"), raw.split(b"\n"), strict=True))
        new = self._lines.add(lines)
        if len(new) > max(_FEW_LINES, len(lines) // _FEW_OF):
            return True, True
        words = {word for line in new for word in lines[line].split() if word.isalpha()}
        return bool(new), bool(self._words.add(words))

    def _suspect(self, shape: str, limit: int, what: str) -> bool:
        """Count a page of ``shape`` with nothing new; whether that makes it a trap."""
        score = self._scores.pop(shape, 0) + 1
        if score < limit:
            self._scores[shape] = score
            if len(self._scores) > _MAX_SHAPES:
                self._scores.popitem(last=False)
            return False
        if shape in self.found:
            return False
        self.found[shape] = f"{limit} {what} in a row had nothing new"
        return True

    def _forgive(self, shape: str) -> None:
        if shape in self._scores:
            self._scores[shape] -= _FORGIVEN
            if self._scores[shape] <= 0:
                del self._scores[shape]

    def _trap(self, shapes: Iterable[str]) -> str:
        for shape in shapes:
            if shape in self.found:
                return f"{shape}: {self.found[shape]}"
        return ""

    @staticmethod
    def _spent(have: int, limit: int, what: str) -> str:
        return f"more than {limit:,} {what}" if limit and have >= limit else ""


def _leads_out(shape: str, urls: Iterable[str]) -> bool:
    """Whether any of ``urls`` has another shape."""
    return any(shape not in (*shapes_of(url), f"{site_of(url)}/*") for url in urls)


def _shape_of_sitemaps(site: str) -> str:
    return f"{site}/* (sitemaps)"


def _shape_of_domain(site: str) -> str:
    return f"*.{registrable_domain(site)}/*"


class _Recent:
    """A bounded set of the values that were added last, as hashes in two generations."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, values: Iterable[bytes]) -> list[bytes]:
        """Add ``values``; return those that were not there."""
        by_hash = {hash(value): value for value in values}
        new = [key for key in by_hash if key not in self._young and key not in self._old]
        self._young.update(by_hash)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return [by_hash[key] for key in new]


def found_by(spider: object) -> Mapping[str, str]:
    """Return the traps that ``spider`` has found, each with why it is one."""
    traps = getattr(spider, "traps", None)
    return traps.found if isinstance(traps, Traps) else {}
