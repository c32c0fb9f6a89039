"""Crawls whole sites and yields a Page item for every page in scope."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import TextResponse

from crawlproj._scrapy.requests import request_for
from crawlproj.config import boolean
from crawlproj.content.fields import chosen_fields
from crawlproj.content.page import content_of, forget_content
from crawlproj.frontier.base import State
from crawlproj.links.budgets import Budgets
from crawlproj.links.file_names import FileNames
from crawlproj.links.order import Order
from crawlproj.links.quota import Quota
from crawlproj.links.scope import KINDS, Scope
from crawlproj.links.shapes import without_session
from crawlproj.links.sitemap import is_sitemap
from crawlproj.links.traps import Traps
from crawlproj.pages import failure_of, page_of, saved
from crawlproj.reasons import error_of, outcome_of
from crawlproj.refresh.auto import Auto
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.checks import NotModified, check_of, has_same_body
from crawlproj.scheduling.cuts import Holds
from crawlproj.signals import not_modified, robots_parsed
from crawlproj.spiders.arguments import (
    ArgumentError,
    access_of,
    arguments_of,
    choice_of,
    one_of,
    refuse_unknown,
    save_of,
    whole_number,
)
from crawlproj.spiders.budgets import budgets_of, similar_texts_of
from crawlproj.spiders.config_file import ConfigFile
from crawlproj.spiders.known_pages import know_pages
from crawlproj.spiders.lessons import lesson
from crawlproj.spiders.maze_walks import MazeWalks
from crawlproj.spiders.rechecks import Rechecks, policy_of, settle, spot_checks_of
from crawlproj.spiders.saving import check_saving, links_for
from crawlproj.spiders.sitemap_hints import SitemapHints
from crawlproj.spiders.sitemaps import ReadsSitemaps
from crawlproj.spiders.start_page import nothing_to_follow
from crawlproj.spiders.start_urls import name_of, start_urls
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page
    from crawlproj.store.base import Checked

__all__ = ["SiteSpider"]

_NO_PAGE = frozenset({"http-404", "http-405", "http-410"})  # 403 may be a site that has enough
_SITEMAP_USES = ("also", "only", "never")


class OnAnotherSite(Exception):
    """The page's host looked like one with that of a start page, and is not."""

    frontier_outcome = (State.SKIPPED, "offsite")


class SiteSpider(ReadsSitemaps):
    """Follows every link in scope from the start URLs, and the sitemaps that robots.txt names.

    A link that ends like a file (.pdf, .zip, .png, …: Scrapy's list) is counted as
    skipped("extension") instead, unless ``content`` or ``save`` chooses it, or its directory has
    pages with such names (see links/file_names.py).

    url: one or more start URLs, separated by commas; a comma in a path belongs to the URL, unless a
        scheme or a space follows. Without a scheme, https is used. "@FILE" has one per line.
    scope: which links to follow: "host" (same host as a start URL), "domain" (same registrable
        domain) or "prefix" (below the directory of a start URL).
    max_pages: stop after this many URLs, including sitemaps; 0 means no limit.
    include, exclude: patterns that a URL must match, or must not (see url_patterns.py).
    content: media types to fetch, such as "html,pdf".
    max_depth, max_pages_per_site: max links in a row, and pages of a host; 0 means no limit.
    sitemap: whether pages come from sitemaps "also", "only" or "never".
    refresh: check the pages of earlier crawls that are due: "always", those whose last check is
        older than an age such as "7d", or "auto" for as often as each is worth. Only what changed
        is fetched, where servers can tell.
    save: media types such as "pdf,images" whose bodies become files in FILES_URL. Images, sound and
        video are then fetched where pages embed them.
    headers, proxy, login: what sites are shown: "Name: value" lines, a URL, a file of cookies or of
        a form.

    Lists have commas in them, or are lists. Start pages are fetched whatever is chosen.

    Raises ConfigError naming the argument that is missing, wrong or unknown.
    """

    name = "site"
    endless = False  # whether it looks again and again for what is due
    page_fields: tuple[str, ...] = ()
    walks: MazeWalks | None = None

    def __init__(
        self,
        url: str = "",
        scope: str = "host",
        max_pages: str | int = 0,
        include: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
        content: str | Sequence[str] = (),
        max_depth: str | int = 0,
        max_pages_per_site: str | int = 0,
        sitemap: str = "also",
        headers: str | Mapping[str, str] = "",
        proxy: str = "",
        login: str = "",
        refresh: str = "",
        save: str | Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_unknown(self, kwargs)
        self.seeds, errors = start_urls(url)
        if not self.seeds:
            wrong = f": {'; '.join(errors)}" if errors else " is missing"
            raise ArgumentError(
                "url",
                f"{wrong}. Write for example: scrapy crawl {self.name} -a url=https://example.org",
            )
        self._starts = frozenset(self.seeds)
        for error in errors:
            self.logger.error("-a url: %s; skipped", error)
        self.scope = Scope(one_of("scope", scope, KINDS), self.seeds)
        self.traps: Traps | None = Traps(Budgets(), self.seeds)
        self.max_pages = whole_number("max_pages", max_pages)
        self.max_depth = whole_number("max_depth", max_depth)
        self.sitemap = one_of("sitemap", sitemap, _SITEMAP_USES)
        self.save = save_of(save)
        self.access = access_of(headers, proxy, login)
        self.choice = choice_of(include, exclude, content, max_pages_per_site, save)
        self.quota = Quota(self.choice.pages_per_site) if self.choice.pages_per_site else None
        self.refresh = policy_of(refresh, endless=self.endless)
        wanted = [types for types in (self.choice.types, self.save) if types is not None]
        self.file_names = FileNames(
            lambda extension: any(types.allow_extension(extension) for types in wanted)
        )
        # A run with the same job continues the crawl. The choice may differ from run to run.
        self.job = f"site {scope} {name_of(url, self.seeds)}"
        self.links = links_for(self.save)
        self._order = Order()

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *args: Any, config: str = "", **kwargs: Any
    ) -> SiteSpider:
        """Build the spider, and set MAX_PAGES and DEPTH_LIMIT to what its arguments say.

        config: a TOML file with the same arguments, of which those in ``kwargs`` win.
        """
        file = ConfigFile(config, arguments_of(cls)) if config else None
        arguments = (file.arguments if file is not None else {}) | kwargs
        try:
            spider = super().from_crawler(crawler, *args, **arguments)
        except ArgumentError as exc:
            raise (exc if file is None else file.located(exc, kwargs)) from None
        if spider.refresh is not None:
            settle(spider.refresh, crawler.settings)
            if isinstance(spider.refresh, Auto):
                spider.hints = SitemapHints(spider.refresh, crawler)
        if spider.save is not None:
            check_saving(crawler.settings)
        spider.links.page_nofollow = boolean(crawler.settings, "PAGE_NOFOLLOW_OBEY", default=True)
        if boolean(crawler.settings, "ACTION_LINKS_AVOID", default=True):
            spider.choice = spider.choice.without_actions(logged_in=spider.access.logs_in)
        spider.page_fields = chosen_fields(crawler.settings)
        spider.traps = None
        if boolean(crawler.settings, "TRAPS_ENABLED", default=True):
            similar = similar_texts_of(crawler.settings)
            spider.traps = Traps(budgets_of(crawler.settings), spider.seeds, similar)
        for name, limit in (("MAX_PAGES", spider.max_pages), ("DEPTH_LIMIT", spider.max_depth)):
            if limit:
                crawler.settings.set(name, limit, priority="spider")
        if spider.traps is not None and not crawler.settings.getint("DEPTH_LIMIT"):
            spider.walks = MazeWalks(spider.traps, spider.warn_of)
        if spider.sitemap != "never":
            crawler.signals.connect(spider.note_sitemaps, robots_parsed)
        crawler.signals.connect(spider.without_page, not_modified)
        return spider

    @classmethod
    def handles_request(cls, request: Request) -> bool:  # noqa: ARG003 - Scrapy's interface
        """Return False: the spider is for no site, not even for one whose name ends in ".site"."""
        return False

    async def start(self) -> AsyncIterator[Request]:
        """Yield the start pages, and what is due again."""
        if (scheduler := scheduler_of(self.crawler)) is not None and scheduler.totals.done:
            await self.know_sites(set(map(site_of, self.seeds)))
        for url in self.seeds:
            yield Request(url, errback=self.failed)
        if self.refresh is None or scheduler is None or (read := scheduler.books.read) is None:
            return
        rechecks = Rechecks(
            self.refresh,
            read,
            self.scope,
            lambda url: not (self.choice.by_url and self.choice.why_not(url)),
            self._check,
            spot_checks_of(self.crawler.settings),
            Random(),  # noqa: S311 - no secret
            self.hints,
            scheduler.backend.spend,
        )
        self._move(await rechecks.moves(self.seeds))
        await rechecks.run(scheduler, endless=self.endless)

    async def know_sites(self, sites: Iterable[str]) -> None:
        """Let the search for traps know what another run or worker fetched of ``sites``."""
        await know_pages(self.traps, scheduler_of(self.crawler), sites)

    def _check(self, page: Checked) -> Request:
        """Return the request for a URL of an earlier crawl."""
        if page.reason == "sitemap":
            return self.sitemap_request(page.url, 0)
        if self.traps is not None and page.table == "pages" and not page.missing:
            self.traps.know(page.url)
        meta = {**((self._moves and self._meta_of(page.url)) or {}), "depth": page.depth}
        return request_for(page.url, errback=self.failed, meta=meta)

    def parse(self, response: Response) -> Iterator[Page | FetchFailure | Request]:
        """Yield the page, and requests for its links in scope that may be new.

        A start page may be a sitemap instead.
        """
        is_start = self._heed_start(response)
        is_check = response.request is not None and check_of(response.request) is not None
        if is_check and has_same_body(response):
            self._end(response, NotModified("its body has not changed"))
            self._follow_sitemaps(response.url)
            return
        if is_start and content_of(response) is None and is_sitemap(response.body):
            yield from self.parse_sitemap(response)
            self._follow_sitemaps(response.url)
            return
        asked = response.meta.get("redirect_urls", [response.url])[0]
        if self.scope.settle(asked, response.url) and not is_start:
            self._end(response, OnAnotherSite(f"{site_of(asked)} is not one with the start pages"))
            return
        urls = self._urls_to_follow(response)  # before the text, which changes the tree
        page = page_of(response, self.page_fields, fingerprint=self.refresh is not None)
        if self.save is not None:
            page = saved(page, response, self.save)
        if is_start and not is_check and self.sitemap != "only":
            why = nothing_to_follow(response, urls, self.scope, self.choice, self.links)
            if why:
                start = self._asked(response)
                self.logger.warning("%s: nothing is followed, because %s", start, why)
        learn = None if is_check or self.traps is None else lesson(self.traps, response, page)
        forget_content(response)  # the response stays in memory until the page is stored
        yield page
        # Before the links: one to a sitemap would make it a page, of which nothing is followed.
        self._follow_sitemaps(response.url, *response.meta.get("redirect_urls", ()))
        self._order.note(urls)
        requests = self._page_requests(urls, response)
        if self.walks is not None:
            requests = self.walks.lead(response, urls, requests)
        new: list[str] = []
        for request in requests:
            new.append(request.url)
            yield request
        if learn is not None:
            self.warn_of(learn(new) or "")

    def _urls_to_follow(self, response: Response) -> list[str]:
        # A redirect may have led out of scope: that page is kept, but its links are not followed.
        if (
            self.sitemap == "only"
            or not isinstance(response, TextResponse)
            or not self.scope.allows(response.url)
        ):
            return []
        return self.links.extract_urls(response)

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield the item for a URL that failed for good; nothing for a skipped one."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        self.without_page(request)
        state, reason = outcome_of(error_of(failure))
        if reason in _NO_PAGE and self.traps is not None and check_of(request) is None:
            self.warn_of(self.traps.miss(request.url))
        if state is State.FAILED or reason == "trap":  # the row says in which trap
            yield failure_of(failure)

    def without_page(self, request: Request) -> None:
        """Take in that ``request`` has ended, and that there is no page to parse."""
        if self.quota is not None:
            self.quota.give_back(request.url)
        if self.hints is not None:
            self.hints.end(request.meta.get("redirect_urls", [request.url])[0])
        self._follow_sitemaps(request.url)

    def may_see_access(self, url: str) -> bool:
        """Whether ``url`` is on a site of the crawl, and no less secure than the start pages."""
        secure = url.startswith("https:") or any(seed.startswith("http:") for seed in self.seeds)
        return secure and self.scope.allows_site_of(url)

    def unseen(self, urls: Iterable[str]) -> Iterable[str]:
        """Yield the ``urls`` that may be new to the scheduler, checked as they are consumed."""
        scheduler = scheduler_of(self.crawler)
        return scheduler.unseen(urls) if scheduler is not None else urls

    def _page_requests(self, urls: Iterable[str], found_on: Response) -> Iterator[Request]:
        """Yield requests for pages in scope; what is a file by its name is only counted."""
        by_url = self.choice.by_url
        for url in self.unseen(urls):
            if not self.scope.may_allow(url):
                continue
            if not self.file_names.asks(url):
                self._cut(url, "extension", found_on, Holds.FOR_GOOD)
            elif by_url and (reason := self.choice.why_not(url)):
                self._cut(url, reason, found_on, Holds.THIS_RUN)
            elif self.quota is not None and self.quota.is_full(url):
                self._cut(url, "max-pages-per-site", found_on, Holds.HERE)
            else:
                page = url if self.traps is None else without_session(url)
                meta = self._meta_of(url) if self._moves else None
                first = self._order.priority(page)
                yield request_for(page, errback=self.failed, meta=meta, priority=first)

    def _cut(self, url: str, reason: str, found_on: Response, holds: Holds) -> None:
        """Count ``url``, which is not followed."""
        if (scheduler := scheduler_of(self.crawler)) is not None:
            depth = found_on.meta.get("depth", 0) + 1
            scheduler.cuts.add(url, reason, depth=depth, holds=holds)
