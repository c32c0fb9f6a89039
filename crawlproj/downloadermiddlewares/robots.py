"""Obeys robots.txt (RFC 9309), including Crawl-delay."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest, NotConfigured, StopDownload
from w3lib.url import safe_url_string

from crawlproj._scrapy.headers import value_of
from crawlproj._scrapy.routes import on_the_way_of
from crawlproj.bounded import put
from crawlproj.clock import crawl_time
from crawlproj.config import number, text
from crawlproj.content.page_signals import ROBOTS_SIGNALS
from crawlproj.content.product_token import product_token
from crawlproj.downloadermiddlewares.robots_rules import RobotsRules, is_heavy
from crawlproj.errors import AddressRefused
from crawlproj.frontier.base import State
from crawlproj.http.head import REDIRECTS
from crawlproj.http.replay import NotArchived
from crawlproj.reasons import detail_of, reason_of
from crawlproj.signals import robots_parsed
from crawlproj.urls import origin_of, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["RobotsTxtMiddleware", "RobotsUnreachable"]

logger = logging.getLogger(__name__)

_MAX_ORIGINS = 10_000
_MAX_REDIRECTS = 5  # RFC 9309 §2.3.1.2
# Only the first MAX_BYTES are read, but a longer file must not make its site unreachable.
_MAX_DOWNLOAD_BYTES = 4 * 1024 * 1024
_LONG_DELAY_S = 60.0
# These say that no page of the site can be fetched, whatever robots.txt would say.
_OF_THE_SITE = frozenset({"dns", "tls"})
_PRIORITY = 1000  # same as in Scrapy's middleware
_META = {
    "dont_obey_robotstxt": True,
    "allow_offsite": True,
    "download_maxsize": _MAX_DOWNLOAD_BYTES,
    # HTTPCACHE_ENABLED is often meant for a crawl of the same pages without a network, so the file
    # has to be among them, as with Scrapy's middleware.
    "dont_cache": False,
}


class RobotsUnreachable(IgnoreRequest):
    """The site's robots.txt is unreachable, so no page of the site may be fetched for now.

    reason: why the page fails. If the whole site is unreachable, that is the site's reason.
    """

    def __init__(self, detail: str, reason: str = "robots-unreachable") -> None:
        super().__init__(detail)
        self.frontier_outcome = (State.FAILED, reason)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The rules of an origin; it allows nothing if ``refusal`` is set, all if both are None."""

    rules: RobotsRules | None
    expires_at: float
    refusal: Callable[[], Exception] | None = None


class RobotsTxtMiddleware:
    """Replaces Scrapy's middleware of the same name. Enabled by ROBOTSTXT_OBEY.

    By RFC 9309 §2.3.1, a 4xx status other than 429 means that there are no rules, and so do more
    than five redirects. Any other status that is not 2xx, and a failed connection, mean that
    robots.txt is *unreachable*. Then no page of the origin is fetched: its URLs end as
    failed("robots-unreachable"), or as failed("dns"), failed("tls") or failed("guard") if that is
    why nothing of the site can be fetched.

    A file is cached for ROBOTSTXT_CACHE_TTL seconds. An unreachable one is requested again after
    ROBOTSTXT_RETRY_AFTER seconds; until then, an origin with known rules keeps them (§2.4).

    Only the first requests to an origin wait for the file; later ones cost a lookup and a match.
    Sends ``crawlproj.signals.robots_parsed`` when the file has been read.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = crawl_time) -> None:
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        self._clock = clock
        agent = text(settings, "ROBOTSTXT_USER_AGENT", "")
        self._same_token_for_all = bool(agent)
        self._token = product_token(agent or text(settings, "USER_AGENT", ""))
        self._cache_s = number(settings, "ROBOTSTXT_CACHE_TTL", 86_400.0)
        self._retry_s = number(settings, "ROBOTSTXT_RETRY_AFTER", 60.0)
        self._verdicts: OrderedDict[str, _Verdict] = OrderedDict()  # least recently used first
        self._replays = bool(text(settings, "REPLAY_DIR", ""))
        self._fetches: dict[str, asyncio.Task[_Verdict | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsTxtMiddleware:
        """Build the middleware.

        Raises NotConfigured if ROBOTSTXT_OBEY is off and ConfigError if a setting is wrong.
        """
        return cls(crawler)

    def process_request(self, request: Request) -> Coroutine[None, None, None] | None:
        """Raise IgnoreRequest, or RobotsUnreachable, if the URL may not be fetched.

        If the rules are not known yet, or take long to match, returns a coroutine that raises.
        """
        if request.meta.get("dont_obey_robotstxt"):
            return None
        origin = origin_of(request.url)
        if not origin:
            return None
        verdict = self._verdicts.get(origin)
        if verdict is None or verdict.expires_at <= self._clock():
            return self._when_known(request, origin)
        self._verdicts.move_to_end(origin)
        if verdict.rules is not None and verdict.rules.heavy:
            return self._check_in_thread(request, verdict.rules)
        self._check(request, verdict)
        return None

    async def _when_known(self, request: Request, origin: str) -> None:
        fetch = self._fetches.get(origin)
        if fetch is None:
            fetch = self._fetches[origin] = asyncio.ensure_future(self._fetch(origin, request))
            fetch.add_done_callback(lambda _: self._fetches.pop(origin))
        # Shielded, because cancelling one request must not cancel the fetch that others wait for.
        verdict = await asyncio.shield(fetch)
        if verdict is None:
            raise DownloadCancelledError(f"Getting {origin}/robots.txt was cancelled")
        if verdict.rules is not None and verdict.rules.heavy:
            await self._check_in_thread(request, verdict.rules)
        else:
            self._check(request, verdict)

    def _check(self, request: Request, verdict: _Verdict) -> None:
        if verdict.refusal is not None:
            self._count("unreachable")
            raise verdict.refusal()
        if verdict.rules is not None:
            token = self._token_of(request)
            self._require(verdict.rules.allows(request.url, token), request)
            self._note_signals(request, verdict.rules, token)
        else:
            request.meta.pop(ROBOTS_SIGNALS, None)

    async def _check_in_thread(self, request: Request, rules: RobotsRules) -> None:
        token = self._token_of(request)
        self._require(await asyncio.to_thread(rules.allows, request.url, token), request)
        self._note_signals(request, rules, token)

    @staticmethod
    def _note_signals(request: Request, rules: RobotsRules, token: str) -> None:
        """Set what the file says of the page, not what another site said before a redirect."""
        if signals := rules.signals(request.url, token):
            request.meta[ROBOTS_SIGNALS] = signals
        elif ROBOTS_SIGNALS in request.meta:
            del request.meta[ROBOTS_SIGNALS]

    def _require(self, allowed: bool, request: Request) -> None:
        if not allowed:
            logger.debug(
                "Forbidden by robots.txt: %s", request, extra={"spider": self._crawler.spider}
            )
            self._count("forbidden")
            raise IgnoreRequest("Forbidden by robots.txt")  # as Scrapy does: stats count its class

    def _token_of(self, request: Request) -> str:
        agent = None if self._same_token_for_all else value_of(request.headers, b"User-Agent")
        return self._token if agent is None else product_token(agent.decode("latin-1"))

    async def _fetch(self, origin: str, page: Request) -> _Verdict | None:
        """Return what ``origin`` allows, or None if the download was cancelled.

        page: the first page of the origin; the file takes the same route.
        """
        self._count("request_count")
        try:
            response = await self._get(f"{origin}/robots.txt", page)
            rules = await self._read(response, origin) if response is not None else None
        except Exception as exc:  # noqa: BLE001 - after any error, the rules are unknown
            if reason_of(exc) == "cancelled":
                return None
            verdict = self._unreachable(origin, exc)
        else:
            verdict = _Verdict(rules, self._clock() + self._cache_s)
            self._announce(origin, rules)
        return put(self._verdicts, origin, verdict, _MAX_ORIGINS)

    async def _get(self, url: str, page: Request) -> Response | None:
        """Return the response after up to five redirects; None if there are more."""
        for _ in range(_MAX_REDIRECTS + 1):
            request = on_the_way_of(page, url, _PRIORITY, _META)
            try:
                response = await self._crawler.engine.download_async(request)
                if "cached" in response.flags and _unusable(response.status):
                    request.meta["dont_cache"] = True  # else the site would be closed for ever
                    response = await self._crawler.engine.download_async(request)
            except NotArchived:
                return None  # whoever archived the site did not ask for it
            except StopDownload as exc:
                # A handler of the project stops any response; the site did answer.
                if exc.response is None:
                    raise
                response = exc.response
            location = response.headers.get(b"Location")
            if response.status not in REDIRECTS or location is None:
                return response
            url = urljoin(url, safe_url_string(location))
            if not origin_of(url):  # a file: URL, for example
                raise RobotsUnreachable(f"redirected to {url}, which is not an http or https URL")
        logger.info(
            "%s: more than %d redirects, so it counts as having no rules",
            url,
            _MAX_REDIRECTS,
            extra={"spider": self._crawler.spider},
        )
        return None

    async def _read(self, response: Response, origin: str) -> RobotsRules | None:
        self._count("response_count")
        self._count(f"response_status_count/{response.status}")
        if 200 <= response.status < 300:
            parse = partial(RobotsRules, response.body, f"{origin}/robots.txt", self._token)
            return await asyncio.to_thread(parse) if is_heavy(response.body) else parse()
        if not _unusable(response.status):
            return None
        raise RobotsUnreachable(f"HTTP status {response.status}")

    def _unreachable(self, origin: str, exc: Exception) -> _Verdict:
        if not isinstance(exc, IgnoreRequest):
            self._count(f"exception_count/{type(exc)}")
        detail = f"{origin}/robots.txt is unreachable: {detail_of(exc)}"
        expires_at = self._clock() + self._retry_s
        known = self._verdicts.get(origin)
        if known is not None and known.refusal is None:
            logger.warning(
                "%s; the last known rules still apply",
                detail,
                extra={"spider": self._crawler.spider},
            )
            return replace(known, expires_at=expires_at)
        logger.warning(
            "%s; no page of the site is fetched", detail, extra={"spider": self._crawler.spider}
        )
        if isinstance(exc, AddressRefused):
            return _Verdict(None, expires_at, partial(AddressRefused, detail))
        reason = reason_of(exc)
        if reason not in _OF_THE_SITE:
            reason = "robots-unreachable"
        return _Verdict(None, expires_at, partial(RobotsUnreachable, detail, reason))

    def _announce(self, origin: str, rules: RobotsRules | None) -> None:
        delay_s = rules.crawl_delay_s(self._token) if rules and not self._replays else None
        if delay_s is not None and delay_s > _LONG_DELAY_S:
            logger.warning(
                "%s asks for a Crawl-delay of %g s between requests",
                origin,
                delay_s,
                extra={"spider": self._crawler.spider},
            )
        self._crawler.signals.send_catch_log(
            robots_parsed,
            origin=origin,
            site=site_of(f"{origin}/"),
            crawl_delay_s=delay_s,
            sitemaps=rules.sitemaps if rules else [],
        )

    def _count(self, key: str) -> None:
        self._crawler.stats.inc_value(f"robotstxt/{key}")


def _unusable(status: int) -> bool:
    """Return whether an answer with this status says nothing about the rules."""
    return status not in range(200, 300) and (status not in range(400, 500) or status == 429)
