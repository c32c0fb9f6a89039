"""Finds out which URLs lead to no page that is new: calendars, sessions, paths without end. Pure.

A trap is a *shape* of URLs (see shapes.py) whose pages have nothing new (see news.py), one after
another: 20 of them, and ten more for each page with something new after the first, up to 100. So a
calendar goes on while now and then a day has an event. A shape that is most of its site has more
patience, see patience.py; a combination of parameters may have less, see combinations.py.

Which shape is to blame for a page with nothing new? The narrowest one that holds the page and all
unknown URLs that the page leads to, because nothing else explains why there is no end. A shape that
the page leads out of is forgiven, as is a list that leads to its items. URLs of known traps, and
such that only carry the URL of the page to lead back there, lead nowhere. A page with a new line is
not to blame if lists have led to so many of its shape, because what is listed has an end. A page
that leads nowhere is not a reason to blame a directory, and queries that lead to others are none to
blame what has no query. A parameter that makes no difference (see indifferent.py) is a trap, too,
which only ends URLs that were fetched without it or with another value of it; and so is a whole
query, which ends URLs that were fetched without a query. So is a maze; see mazes.py.

A page is looked at if a hash chooses its path or one of its parameters, an eighth of each. So is
each page of a shape that is suspected, and, once a query made no difference, each one without a
query. With a memory of similar texts, a page whose main text is nearly that of an earlier one has
nothing new, whatever its lines are.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from crawlproj.links.blame import Breeding, blamed_and_forgiven
from crawlproj.links.budgets import Spending
from crawlproj.links.combinations import Combinations
from crawlproj.links.fetched import Fetched
from crawlproj.links.indifferent import Indifferent
from crawlproj.links.mazes import Mazes
from crawlproj.links.news import News, Recent, without_tokens
from crawlproj.links.patience import Patience
from crawlproj.links.shapes import (
    Shapes,
    has_date,
    is_chosen,
    is_counted,
    is_way_back,
    shape_of_domain,
    shape_of_sitemaps,
    shapes_of,
    whole_query,
    without,
)
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawlproj.links.budgets import Budgets
    from crawlproj.links.similar import SimilarTexts

SITEMAP = "sitemap_indexes"
"""The key of Request.meta that the request of a sitemap has: how many indexes led to it."""

_PAGES = 20  # of a shape in a row with nothing new
_PAGES_OF_DOUBTED = 5  # of a combination of parameters
_PAGES_OF_A_HOST = 200
_LIST = 5  # links to new pages
_HOSTS = 20  # of a domain in a row whose pages have nothing new
_SITEMAPS = 50  # of a site in a row without a URL that was not known
_END = 200_000  # characters of a text
_PADDING = re.compile("  +")  # of a table's cells: how wide they are depends on the other rows


class Traps:
    """The shapes of URLs that a crawl has met, and how much it has fetched of each site.

    similar: tells whether a main text is similar to an earlier one; None: nobody asks.
    found: the traps, each with why it is one. mazes: where one may be.
    """

    def __init__(
        self, budgets: Budgets, starts: Sequence[str] = (), similar: SimilarTexts | None = None
    ) -> None:
        self.found: dict[str, str] = {}
        self.similar = similar
        self._starts = frozenset(starts)
        self._start_hosts = frozenset(map(site_of, starts))
        self._spending = Spending(budgets, self._start_hosts)
        self._patience = Patience()
        self._breeding = Breeding()
        self._fetched = Fetched()
        self._looked_at = Recent()  # paths, without a query
        self._proven: set[str] = set()  # hosts that have had something new
        self.mazes = Mazes(starts)
        self._news, self._indifferent = News(), Indifferent()
        self._combinations = Combinations()

    def why_not(self, url: str, depth: int = 0, *, sitemap: bool = False) -> str:
        """Return why ``url`` is not fetched; "" if it is.

        depth: how many links led to it.
        """
        if url in self._starts:
            return ""
        if spent := self._spending.why_not(url, depth, sitemap=sitemap):
            return spent
        if not self.found:
            return ""
        site = site_of(url)
        if sitemap:
            return self._trap([shape_of_sitemaps(site)])
        domains = [shape_of_domain(site)] if self._is_new(site) else []
        return self._trap([*self._decisive(url, shapes_of(url)), *domains])

    def looks_at(self, url: str) -> bool:
        """Count a page; return whether it is to be learned."""
        site = site_of(url)
        self._spending.pages[site] += 1
        has_query = "?" in url
        shapes = shapes_of(url) if has_query or self._patience.suspects else None
        if has_query and shapes is not None:
            self._fetched.note(url, self._shorter(url, shapes).values())
            is_compared = self._indifferent.is_found_in(shapes.place)
        else:
            self._fetched.note(url)
            is_compared = self._indifferent.is_found
        if is_compared or self._is_new(site) or is_chosen(url):
            return True
        return shapes is not None and (
            self._patience.suspects_any(shapes.all())
            or any(map(self._indifferent.may_have, shapes.names))
        )

    def know(self, url: str) -> None:
        """Take in a page that another run fetched: a trap beside such pages is not the whole site.

        Traps of which a path has one page only hold for its path, too.
        """
        shorter = self._shorter(url, shapes_of(url)).values() if "?" in url else ()
        self._fetched.note(url, shorter)
        if is_chosen(url):  # as many as are learned
            self._patience.know(shapes_of(url).all())

    def learn(self, url: str, text: str, new_urls: Sequence[str], main: str = "") -> str:
        """Take in a page that ``looks_at`` chose; return the trap that this reveals, or "".

        text: what it shows, and what its fields hold; main: the part that the page is about, for
        ``similar``. new_urls: what it links to in scope and was not known.
        """
        self.lead(url, new_urls)
        if not text:  # a script may fill it
            return ""
        text = _PADDING.sub(" ", text)[:_END]
        new_host = self._is_new(site := site_of(url))
        shapes = shapes_of(url)
        self.mazes.take_in(shapes.below, len(new_urls))
        ways = self._ways(url, new_urls)
        text = text if ways else without_tokens(text, url)
        path, query, _ = url.partition("?")
        is_known = not self._looked_at.put(path)
        has_plain = bool(query) and self._fetched.has(path)
        breeds = self._breeding.take_in(shapes, ways)
        leads_on = is_counted(url) and breeds
        found = self._news.of(text, url, shapes.exact, counted=is_counted(url), leads_on=leads_on)
        has_news = found.words
        if not new_host:
            has_news = found.is_enough(url, leads_on=leads_on, has_plain=has_plain)
        if self.similar is not None and self.similar.add(main[:_END]):
            has_news = False
        if trap := self._indifferent_of(url, text, shapes, has_news, has_plain):
            return trap
        if has_news and has_plain and not is_known:
            return ""  # the page without the query may have it, too: nobody looked
        if has_news:
            self._proven.add(site)
            self._patience.win(shapes.all())
            self._combinations.take_in(shapes.exact, is_empty=False)
            return ""
        # A site may be all alike, unless a program made its URLs or its user asked what is similar.
        is_made = shapes.repeats or has_date(url) or self.similar is not None
        if self._patience.take_listed(shapes.exact) and found.digits and not is_made:
            return ""
        around = "" if is_made else shapes.host
        blamed, forgiven = blamed_and_forgiven(
            shapes,
            ways,
            is_variant=is_known and bool(query),
            dead_ends=self.similar is not None,
        )
        for shape in forgiven:
            self._patience.forgive(shape)
        is_empty = shapes.exact in blamed or shapes.again in blamed
        self._combinations.take_in(shapes.exact, is_empty=is_empty)
        for shape in blamed:
            limit, beside = _PAGES_OF_A_HOST if shapes.is_of_host(shape) else _PAGES, around
            if self._combinations.doubts(shape) and not self._patience.has_won(shape):
                limit = _PAGES_OF_DOUBTED
                beside = "" if found.is_same else around
            if self._suspect(shape, limit, "pages", beside, is_same=found.is_same):
                return self._widest(shape, shapes, around)
        if new_host and self._suspect(domain := shape_of_domain(site), _HOSTS, "new hosts"):
            return domain
        return ""

    def lead(self, url: str, new_urls: Sequence[str]) -> None:
        """Take in what a page leads to, looked at or not."""
        plain = [each for each in new_urls if "?" not in each]
        if not plain or not (shapes := shapes_of(url)).exact:
            return
        if "?" in url:
            shorter = self._shorter(url, shapes).items()
            seen, looked_at = self._fetched.has, self._indifferent.has_page
            others = [name for name, rest in shorter if seen(rest) or looked_at(rest)]
            self._indifferent.lead(others, shapes.place, len(plain))
        if len(plain) >= _LIST:  # nearly all that is new on a list is of one kind
            way = shapes_of(plain[len(plain) // 2]).exact
            self._patience.list_pages(shapes.exact, way, len(plain))
        if self._patience.counts_ways_of(shapes.exact):
            ways = [shapes_of(each).exact for each in plain]
            out = Counter(way for way in ways if way != shapes.exact and way not in self.found)
            self._patience.lead((shapes.exact, shapes.again), out)

    def _indifferent_of(
        self, url: str, text: str, shapes: Shapes, has_news: bool, has_plain: bool
    ) -> str:
        """Return a parameter or query that turns out to make no difference; else ""."""
        shorter = self._shorter(url, shapes)
        place = shapes.place
        self._indifferent.take_in(url, text, shorter, place, has_news=has_news, has_plain=has_plain)
        for each in self._indifferent.found(url, shapes.names, place):
            if each not in self.found and not self._patience.is_alone(shapes.host, shapes.host):
                self.found[each] = "pages had nothing new with it, and were as without it"
                return each
        return ""

    def _ways(self, url: str, new_urls: Sequence[str]) -> list[Shapes]:
        """Return the shapes of what a page leads to: URLs of a trap are not fetched."""
        return [
            found
            for each in new_urls
            if not self._trap(self._decisive(each, found := shapes_of(each)))
            and not (self._fetched.has_path_of(each) and is_way_back(each, url))
        ]

    def _widest(self, trap: str, shapes: Shapes, around: str) -> str:
        """Return a directory that became a trap because many traps are in it; else ``trap``."""
        wider = shapes.wide[: len(shapes.below)] if trap in {shapes.exact, shapes.again} else ()
        return next((each for each in wider if self._suspect(each, _PAGES, "pages", around)), trap)

    def _shorter(self, url: str, shapes: Shapes) -> dict[str, str]:
        """Return what ``url`` is without each of its parameters, and those that are traps."""
        return {name: without(url, {name, *self._ended(shapes)}) for name in shapes.names}

    def _ended(self, shapes: Shapes) -> list[str]:
        """Return the parameters that make no difference in the directory of a URL."""
        return [
            name
            for name in shapes.names
            if name in self.found and self._indifferent.has(name, shapes.place)
        ]

    def _decisive(self, url: str, shapes: Shapes) -> list[str]:
        """Return the shapes of which none may be a trap if ``url`` is fetched."""
        if "?" not in url:
            return [shapes.exact, *shapes.wide]
        variants = [shapes.again, shapes.query] if self._fetched.has_path_of(url) else []
        if self._fetched.has(url.partition("?")[0]):
            variants.append(whole_query(url))
        ended = self._ended(shapes)
        if ended and self._fetched.has_or_more(without(url, ended)):
            variants += ended
        return [shapes.exact, *variants, *shapes.wide]

    def end_maze(self, directory: str, pages: int) -> str:
        """Take in a walk without end; return the directory, or "" if it is all that there is."""
        if not self._patience.has_around(directory, f"{directory.partition('/')[0]}/*"):
            return ""
        self.found[directory] = f"{pages} pages in a row only led on to others"
        return directory

    def learn_sitemap(self, url: str, new_urls: int) -> str:
        """Take in a sitemap with so many URLs that were not known; return the trap, or ""."""
        site = site_of(url)
        self._spending.sitemaps[site] += 1
        shape = shape_of_sitemaps(site)
        if new_urls:
            self._patience.reset(shape)
        elif self._suspect(shape, _SITEMAPS, "sitemaps"):
            return shape
        return ""

    def miss(self, url: str) -> str:
        """Take in that there is no page at ``url``; return the trap that this reveals, or ""."""
        shape = shapes_of(url).exact
        if not shape or shape in self.found or not (urls := self._patience.miss(shape)):
            return ""
        self.found[shape] = f"{urls} URLs had no page, and none had anything new"
        self._patience.end(shape)
        return shape

    def _is_new(self, site: str) -> bool:
        return site not in self._proven and site not in self._start_hosts

    def _suspect(
        self, shape: str, limit: int, what: str, host: str = "", *, is_same: bool = False
    ) -> bool:
        """Count a page of ``shape`` with nothing new; whether that makes it a trap."""
        reached = self._patience.lose(shape, limit, host, is_same=is_same)
        if not reached or shape in self.found:
            return False
        self.found[shape] = f"{reached:,} {what} in a row had nothing new"
        self._patience.end(shape)
        return True

    def _trap(self, shapes: Iterable[str]) -> str:
        return next((f"{each}: {self.found[each]}" for each in shapes if each in self.found), "")
