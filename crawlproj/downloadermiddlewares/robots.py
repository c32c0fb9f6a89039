"""Obeys robots.txt (RFC 9309), Crawl-delay included."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.exceptions import IgnoreRequest, NotConfigured

from crawlproj.config import number
from crawlproj.links.normalize import site_of
from crawlproj.signals import robots_parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

_MAX_ORIGINS = 10_000
_MAX_REDIRECTS = 5  # RFC 9309 §2.3.1.2
_MAX_BYTES = 500 * 1024  # RFC 9309 §2.5


class RobotsDisallowed(IgnoreRequest):
    """The site's robots.txt forbids the URL."""

    frontier_reason = "robots"


class RobotsUnreachable(IgnoreRequest):
    """The site's robots.txt cannot be had, so nothing of the site may be fetched for now."""

    frontier_reason = "robots-unreachable"
    frontier_failed = True


@dataclass(slots=True)
class _Rules:
    """What an origin allows: everything (None), or what the file says; nothing if unreachable."""

    parser: Protego | None
    unreachable: str
    expires_at: float


class RobotsTxtMiddleware:
    """Takes the place of Scrapy's middleware of the same name; on while ROBOTSTXT_OBEY is.

    After RFC 9309 §2.3.1: a 4xx means there are no rules; anything else that is not 2xx, a failed
    connection and more than five redirects mean *unreachable*, and then nothing is allowed: the
    URLs end as failed("robots-unreachable"). An answer is kept ROBOTSTXT_CACHE_TTL seconds, an
    unreachable one ROBOTSTXT_RETRY_AFTER seconds. Per request it costs a look-up; only the first of
    an origin waits for the file.
    """

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = time.time) -> None:
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        self._clock = clock
        self._agent: str = settings.get("ROBOTSTXT_USER_AGENT") or settings["USER_AGENT"]
        self._cache_s = number(settings, "ROBOTSTXT_CACHE_TTL", 86_400.0)
        self._retry_s = number(settings, "ROBOTSTXT_RETRY_AFTER", 60.0)
        self._rules: OrderedDict[str, _Rules] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[_Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsTxtMiddleware:
        """Make it; NotConfigured when ROBOTSTXT_OBEY is off."""
        return cls(crawler)

    def process_request(self, request: Request) -> Coroutine[None, None, None] | None:
        """Raise IgnoreRequest for a URL that may not be fetched."""
        if request.meta.get("dont_obey_robotstxt") or not request.url.startswith("http"):
            return None
        origin = origin_of(request.url)
        rules = self._rules.get(origin)
        if rules is None or rules.expires_at <= self._clock():
            return self._when_known(request, origin)
        self._judge(request, rules)
        return None

    async def _when_known(self, request: Request, origin: str) -> None:
        fetch = self._fetches.get(origin)
        if fetch is None:
            fetch = self._fetches[origin] = asyncio.ensure_future(self._fetch(origin))
            fetch.add_done_callback(lambda _: self._fetches.pop(origin, None))
        # Shielded: one request given up must not take the file from the others.
        self._judge(request, await asyncio.shield(fetch))

    def _judge(self, request: Request, rules: _Rules) -> None:
        if rules.unreachable:
            self._count("robotstxt/unreachable")
            raise RobotsUnreachable(f"robots.txt is unreachable: {rules.unreachable}")
        if rules.parser is not None and not rules.parser.can_fetch(request.url, self._agent):
            self._count("robotstxt/forbidden")
            raise RobotsDisallowed("Forbidden by robots.txt")

    async def _fetch(self, origin: str) -> _Rules:
        self._count("robotstxt/request_count")
        parser, unreachable = None, ""
        try:
            response = await self._get(f"{origin}/robots.txt")
        except Exception as exc:  # noqa: BLE001 - whatever failed, the rules are not known
            unreachable = str(exc) or type(exc).__name__
        else:
            self._count(f"robotstxt/response_status_count/{response.status}")
            if 200 <= response.status < 300:
                parser = Protego.parse(response.body[:_MAX_BYTES].decode("utf-8", "replace"))
            elif not 400 <= response.status < 500 or response.status == 429:
                unreachable = f"HTTP status {response.status}"
        keep_s = self._retry_s if unreachable else self._cache_s
        rules = _Rules(parser, unreachable, self._clock() + keep_s)
        self._rules[origin] = rules
        self._rules.move_to_end(origin)
        if len(self._rules) > _MAX_ORIGINS:
            self._rules.popitem(last=False)
        if unreachable:
            logger.warning("%s/robots.txt: %s; its pages are not fetched", origin, unreachable)
        else:
            self._announce(origin, parser)
        return rules

    async def _get(self, url: str) -> Response:
        for _ in range(_MAX_REDIRECTS + 1):
            meta = {"dont_obey_robotstxt": True, "dont_redirect": True, "dont_cache": True}
            meta["handle_httpstatus_all"] = True
            response = await self._crawler.engine.download_async(Request(url, meta=meta))
            location = response.headers.get(b"Location")
            if not 300 <= response.status < 400 or location is None:
                return response
            url = urljoin(url, location.decode("latin-1"))
        raise OSError(f"more than {_MAX_REDIRECTS} redirects")

    def _announce(self, origin: str, parser: Protego | None) -> None:
        delay = parser.crawl_delay(self._agent) if parser is not None else None
        self._crawler.signals.send_catch_log(
            robots_parsed,
            origin=origin,
            site=site_of(f"{origin}/"),
            crawl_delay_s=float(delay) if delay else None,
            sitemaps=[urljoin(origin, url) for url in parser.sitemaps] if parser else [],
        )

    def _count(self, key: str) -> None:
        self._crawler.stats.inc_value(key)


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a URL that has a host."""
    end = url.find("/", url.find("//") + 2)
    origin = url if end < 0 else url[:end]
    if "@" in origin or "?" in origin:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return origin
