"""Download handlers of other packages, such as a browser's, beside ours."""

from __future__ import annotations

import socket
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.misc import build_from_crawler, load_object

from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.http import wire
from crawlproj.http.resolver import Resolver

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from crawlproj.http.config import HttpConfig
    from crawlproj.http.guard import Guard
    from crawlproj.http.timings import Timings


class OtherHandler(Protocol):
    """A download handler as Scrapy describes it."""

    async def download_request(self, request: Request) -> Response:
        """Return the response."""

    async def close(self) -> None:
        """Release what it holds."""


class OtherHandlers:
    """The handlers of DOWNLOAD_HANDLERS_BY_META, which download what has their key in its ``meta``.

    The guard, unless it is None, judges each request before it is handed over: every address of
    its host, and of its proxy. It cannot judge what the handler does then: look the name up again,
    follow a redirect, load what a page names.
    """

    def __init__(
        self, handlers: dict[str, OtherHandler], guard: Guard | None, resolver: Resolver
    ) -> None:
        self._handlers = handlers
        self._guard = guard
        self._resolver = resolver
        self._closed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, config: HttpConfig) -> OtherHandlers:
        """Build the handlers. Raises ConfigError naming DOWNLOAD_HANDLERS_BY_META."""
        handlers = {
            key: build_from_crawler(handler, crawler)
            for key, handler in handlers_by_meta(crawler.settings).items()
        }
        # Without a guard, because it leaves out what that refuses, and the handler would not.
        resolver = Resolver(timeout_s=config.dns_timeout_s, threads=config.dns_threads, guard=None)
        return cls(handlers, config.guard, resolver)

    def of(self, request: Request) -> OtherHandler | None:
        """Return the handler of ``request``, or None if it is ours."""
        for key, handler in self._handlers.items():
            if request.meta.get(key):
                return handler
        return None

    async def download(self, handler: OtherHandler, request: Request, timings: Timings) -> Response:
        """Return the response of ``handler``, whose whole time is the phase ttfb.

        Raises AddressRefused, CannotResolveHostError, and what the handler raises.
        """
        if self._guard is not None:
            timings.lookup_at = perf_counter()
            await self._judge(self._guard, request)
            timings.looked_up(perf_counter())
        timings.ready_at = perf_counter()
        response = await handler.download_request(request)
        request.meta.setdefault("download_latency", perf_counter() - timings.ready_at)
        return response

    async def _judge(self, guard: Guard, request: Request) -> None:
        origin, _ = wire.split(request.url)
        proxy = request.meta.get("proxy")
        if not proxy:
            await self._check(guard, origin)
            return
        # As for our own handler: a proxy looks the name up, so only what the URL says is known.
        if origin.literal is not None:
            guard.check(origin.literal)
        guard.check_name(str(origin.url.raw_host))
        # "socks5://host:port" counts as "http://host:port".
        await self._check(guard, wire.proxy_origin(proxy.rpartition("://")[2]))

    async def _check(self, guard: Guard, origin: wire.Origin) -> None:
        if origin.literal is not None:
            guard.check(origin.literal)
            return
        host = str(origin.url.raw_host)
        try:
            addresses = await self._resolver.resolve(host, origin.url.port or 0)
        except socket.gaierror as exc:
            raise CannotResolveHostError(f"cannot resolve {host}: {exc.strerror}") from exc
        for found in addresses:
            try:
                guard.check(found["host"])
            except AddressRefused as exc:
                raise AddressRefused(f"{host} has an address that is refused: {exc}") from None

    async def close(self) -> None:
        """Close every handler, once."""
        if self._closed:
            return
        self._closed = True
        for handler in self._handlers.values():
            await handler.close()
        await self._resolver.close()


def handlers_by_meta(settings: BaseSettings) -> dict[str, Any]:
    """Return the classes that DOWNLOAD_HANDLERS_BY_META names. Raises ConfigError."""
    given = settings.get("DOWNLOAD_HANDLERS_BY_META")
    example = '{"playwright": "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"}'
    try:
        named = settings.getdict("DOWNLOAD_HANDLERS_BY_META")
    except (TypeError, ValueError):
        raise ConfigError(
            f"DOWNLOAD_HANDLERS_BY_META must be a dict such as {example}, not {given!r}"
        ) from None
    classes = {}
    for key, handler in named.items():
        if handler is None:
            continue
        try:
            classes[key] = load_object(handler)
        except (ImportError, NameError, TypeError, ValueError) as exc:
            raise ConfigError(
                f"DOWNLOAD_HANDLERS_BY_META: {handler!r} cannot be loaded ({exc}); install its "
                f"package, or name a class as in {example}"
            ) from exc
    return classes
