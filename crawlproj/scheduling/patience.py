"""How long a crawl waits for a site: one that rests or is away for longer is given up."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from crawlproj.bounded import put
from crawlproj.frontier.base import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.base import Clock
    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permits import Permits

_NEVER_ANSWERED_S = 120.0  # for a site that has not answered a single request
_MAX_SITES = 10_000  # of which it is known that they have answered


class GivenUp(IgnoreRequest):
    """The site of the request was given up in this run; the message says why."""


class SiteRests(GivenUp):
    """The site asked to be left alone, or refused all requests, for longer than SITE_PATIENCE."""

    frontier_outcome = (State.FAILED, "site-rests")


class SiteAway(GivenUp):
    """The site has not answered for longer than SITE_PATIENCE."""

    frontier_outcome = (State.FAILED, "site-away")


class SiteForbids(GivenUp):
    """The site forbids even what it has answered before, and went on to."""

    frontier_outcome = (State.FAILED, "site-forbids")


class Patience:
    """The sites that were given up, each until the time that it asked for.

    Their requests are handed out as if nothing was, and end without being sent: so a crawl ends,
    and each URL has a reason.

    patience_s: SITE_PATIENCE.
    """

    def __init__(self, patience_s: float, permits: Permits, clock: Clock) -> None:
        self._patience_s = patience_s
        self._permits = permits
        self._clock = clock
        self._given_up: dict[str, tuple[float, GivenUp]] = {}
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._refusing_since: dict[str, float] = {}

    def check(self, site: str) -> None:
        """Raise GivenUp if ``site`` is given up."""
        if site not in self._given_up:
            return
        until, error = self._given_up[site]
        if self._clock() < until:
            raise type(error)(*error.args)
        del self._given_up[site]

    def given_up(self, site: str) -> tuple[str, float] | None:
        """Return why ``site`` is given up, and until when; None if it is not."""
        until, error = self._given_up.get(site, (0.0, None))
        return (str(error), until) if error is not None and self._clock() < until else None

    def try_again(self, chosen: Callable[[str], bool]) -> None:
        """Take back that ``chosen`` sites are away or forbid us; the rest of others stays."""
        for site, (_, error) in list(self._given_up.items()):
            if isinstance(error, SiteAway | SiteForbids) and chosen(site):
                del self._given_up[site]

    def heed(self, site: str, ending: Ending) -> Ending:
        """Return ``ending`` without a rest that is too long; that gives the site up."""
        policy, patience_s = ending.policy, self._patience_s
        if ending.retry_after_s is not None and ending.retry_after_s > patience_s:
            self._rests(site, "its Retry-After asks for", ending.retry_after_s)
            ending = replace(ending, retry_after_s=None)
        if policy is not None and not policy.remaining and (policy.reset_s or 0.0) > patience_s:
            if policy.remaining is not None:
                self._rests(site, "it allows no request for", policy.reset_s or 0.0)
            ending = replace(ending, policy=None)
        return ending

    def heed_delay(self, site: str, delay_s: float) -> float:
        """Return a delay between two requests; 0 if it is too long, which gives the site up."""
        if delay_s <= self._patience_s:
            return delay_s
        self._rests(site, "its Crawl-delay is", delay_s)
        return 0.0

    def on_away(self, site: str, away_s: float, *, answered: bool) -> None:
        """Give up a site that has been away for too long.

        away_s: since the last answer or the first request. answered: whether it ever answered.
        """
        limit_s = self._patience_s if answered else min(self._patience_s, _NEVER_ANSWERED_S)
        if away_s > limit_s:
            error = SiteAway(f"{site} has not answered for {away_s:,.0f} s")
            self._give_up(site, self._patience_s, error)

    def on_accepted(self, site: str) -> None:
        """Note that ``site`` has answered a page."""
        if site not in self._answered:
            put(self._answered, site, None, _MAX_SITES)
        if self._refusing_since:
            self._refusing_since.pop(site, None)

    def on_refused(self, site: str, *, asked: bool) -> None:
        """Note that ``site`` refused a page, and give it up if it has refused all for too long.

        asked: whether it said how long to wait; such a site is waited for as if it had answered.
        """
        since = self._refusing_since.setdefault(site, self._clock())
        refused_s, limit_s = self._clock() - since, self._patience_s
        if not asked and site not in self._answered:
            limit_s = min(limit_s, _NEVER_ANSWERED_S)
        if refused_s > limit_s:
            del self._refusing_since[site]
            error = SiteRests(f"{site} has refused every request for {refused_s:,.0f} s")
            self._give_up(site, self._patience_s, error)

    def on_forbidden(self, site: str) -> None:
        """Give up a site that forbids us."""
        error = SiteForbids(f"{site} answers 403 also to what it has answered before")
        self._give_up(site, self._patience_s, error)

    def _rests(self, site: str, why: str, seconds: float) -> None:
        self._give_up(
            site, seconds, SiteRests(f"{site}: {why} {seconds:,.0f} s, more than SITE_PATIENCE")
        )

    def _give_up(self, site: str, seconds: float, error: GivenUp) -> None:
        self._given_up[site] = (self._clock() + seconds, error)
        self._permits.lift(site)
