"""Requests for what was fetched before and is due again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.config import integer, share, text
from crawlproj.frontier.grants import Grant
from crawlproj.links.scope import domain_of
from crawlproj.refresh.auto import Auto
from crawlproj.refresh.policy import AGAIN, Always, Older
from crawlproj.scheduling.checks import make_check
from crawlproj.scheduling.serialize import key_of_text
from crawlproj.spans import seconds_of
from crawlproj.spiders.arguments import ArgumentError
from crawlproj.store.url import store_from_url
from crawlproj.store.url_ranges import EVERYTHING, ranges
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
    from random import Random

    from scrapy import Request
    from scrapy.settings import BaseSettings

    from crawlproj.links.scope import Scope
    from crawlproj.refresh.policy import Policy
    from crawlproj.scheduler import Scheduler
    from crawlproj.spiders.sitemap_hints import SitemapHints
    from crawlproj.store.base import Checked, ReadChecked
    from crawlproj.store.url_ranges import Range

    Spend = Callable[[Sequence[tuple[str, int]], int], Awaitable[list[Grant]]]

USUAL_PER_DAY = 1000
"""REFRESH_PER_DAY unless it is set."""

_BATCH = 500  # rows that are read at once
_MIN_PAUSE_S = 10.0  # between two looks for what is due
_AT_ONCE = 100  # checks that are put before the frontier is asked for room
_NEXT = "\x01"  # a URL has none, so no other URL is between it and itself with this appended
_MAX_REDIRECTS = 20
_TABLES = ("skipped", "pages", "failures")  # sitemaps, which are skipped, lead to new pages


def policy_of(refresh: str, *, endless: bool = False) -> Policy | None:
    """Return what the argument ``refresh`` asks for; None if it is empty. Raises ConfigError.

    endless: for a crawl that goes on, of which no run can have checked everything.
    """
    if not refresh:
        return None
    if refresh == "auto":
        return Auto(USUAL_PER_DAY)
    if refresh == "always" and not endless:
        return Always(time.time())
    if (age_s := seconds_of(refresh)) is not None:
        return Older(age_s)
    raise ArgumentError(
        "refresh",
        f" must be {'' if endless else 'always, '}auto, or an age such as 12h, 7d or 2w, "
        f"not {refresh!r}",
    )


def settle(policy: Policy, settings: BaseSettings) -> None:
    """Give a policy the budget of REFRESH_PER_DAY.

    Raises ConfigError if that is wrong, or if nothing is stored that could be refreshed.
    """
    if isinstance(policy, Auto):
        policy.per_day = integer(settings, "REFRESH_PER_DAY", USUAL_PER_DAY, minimum=1)
    url = text(settings, "STORE_URL", "")
    if not url or not store_from_url(url).refreshable:
        raise ArgumentError(
            "refresh", " needs the pages of earlier crawls: set STORE_URL to SQLite or PostgreSQL"
        )


def moves_of(seeds: Iterable[str], redirects: Mapping[str, str]) -> dict[str, str]:
    """Return where the start pages led to when they were fetched, by start page."""
    moves = {}
    for seed in seeds:
        url = seed
        for _ in range(_MAX_REDIRECTS):
            url = redirects.get(url, url)
        if url != seed:
            moves[seed] = url
    return moves


@dataclass(frozen=True, slots=True)
class Rechecks:
    """Looks through a store for what is due.

    read: reads the store. scope: its URLs are of the crawl if ``wanted`` says so, too.
    request: returns the request for a URL. spot_checks: the share of checks that ask for the whole
        page although there are validators, because some servers send the same ones for ever.
    hints: what sitemaps say; None unless the policy is Auto.
    spend: takes checks from the budgets that sites have in all workers together.
    """

    policy: Policy
    read: ReadChecked
    scope: Scope
    wanted: Callable[[str], bool]
    request: Callable[[Checked], Request]
    spot_checks: float
    random: Random
    hints: SitemapHints | None = None
    spend: Spend | None = None

    async def moves(self, seeds: Sequence[str]) -> dict[str, str]:
        """Return where the start pages led to, by start page."""
        domains = set(map(domain_of, seeds))
        return moves_of(
            seeds,
            {
                row.url: row.leads_to
                async for row in self._rows("skipped", EVERYTHING)
                if row.leads_to and domain_of(row.url) in domains
            },
        )

    async def run(self, scheduler: Scheduler, *, endless: bool) -> None:
        """Put a check of everything in scope that is due; go on for ever if that is asked for.

        The checks do not pass the spider middlewares, which judge links: they are known pages.
        """
        while True:
            began = time.monotonic()
            wanted = await self._put_due(scheduler)
            if not (wanted and endless):
                return
            # Looking through the store takes at most a fiftieth of the time.
            await asyncio.sleep(max(_MIN_PAUSE_S, 50 * (time.monotonic() - began)))

    async def _put_due(self, scheduler: Scheduler) -> bool:
        """Return whether more is wanted later."""
        put = 0
        async for request in self.due():
            scheduler.enqueue_request(request)
            put += 1
            if put % _AT_ONCE == 0:
                await asyncio.sleep(0)  # let other tasks go on
                if not await scheduler.room():
                    return False
        return True

    async def due(self) -> AsyncIterator[Request]:
        """Yield a check of everything in scope that is due."""
        sites = self.scope.sites()
        within: Sequence[Range] = EVERYTHING
        if sites is not None:
            within = tuple(each for site in sorted(sites) for each in ranges(site, None))
        if isinstance(self.policy, Auto):
            async for request in self._prepare(self.policy, within):
                yield request
            if not self.policy.has_candidates:
                return  # as on most days of a site that does not change
        some: list[Checked] = []
        for table in _TABLES:
            async for page in self._rows(table, within):
                if self._competes(page) and self.policy.is_due(page, time.time()):
                    some.append(page)
                if len(some) >= _AT_ONCE:
                    for given in await self._given(some):
                        yield self._check(given)
                    some.clear()
        for given in await self._given(some):
            yield self._check(given)

    async def _given(self, pages: Sequence[Checked]) -> list[Checked]:
        """Return those of ``pages``, which are due, that this worker is to check."""
        if self.spend is None or not isinstance(self.policy, Auto) or not pages:
            return list(pages)
        wants = [(site_of(page.url), key_of_text(f"{page.url} {page.at}")) for page in pages]
        given = []
        for page, grant in zip(pages, await self.spend(wants, self.policy.per_day), strict=True):
            if grant is Grant.GIVEN:
                given.append(page)
            else:
                self.policy.not_checked(page, by_another=grant is Grant.TAKEN)
        return given

    async def _prepare(self, policy: Auto, within: Sequence[Range]) -> AsyncIterator[Request]:
        """Let ``policy`` look at all pages, with what sitemaps say of them; yield their checks."""
        policy.begin(time.time())
        async for page in self._rows("pages", within):
            policy.learn(page)
        if self.hints is not None:
            async for page in self._rows("skipped", within):
                is_sitemap = page.reason == "sitemap" and self._competes(page)
                if is_sitemap and policy.is_due(page, time.time()) and await self._given([page]):
                    self.hints.expect(page.url)
                    yield self._check(page)
            await self.hints.all_read()
        for table in _TABLES:
            async for page in self._rows(table, within):
                if self._competes(page):
                    policy.note(page, time.time())

    async def _rows(self, table: str, within: Iterable[Range]) -> AsyncIterator[Checked]:
        for low, high in within:
            start: str = low
            while rows := await self.read(table, start, high, _BATCH):
                for row in rows:
                    yield row
                start = f"{rows[-1].url}{_NEXT}"

    def _competes(self, page: Checked) -> bool:
        if page.table == "skipped" and page.reason not in AGAIN:
            return False
        known = self.scope.may_allow(page.url) or page.reason == "sitemap"
        return known and self.wanted(page.url)

    def _check(self, page: Checked) -> Request:
        request = self.request(page)
        make_check(request, page, conditional=self.random.random() >= self.spot_checks)
        return request


def spot_checks_of(settings: BaseSettings) -> float:
    """Return REFRESH_SPOT_CHECKS. Raises ConfigError if it is not a share."""
    return share(settings, "REFRESH_SPOT_CHECKS", 0.05)
