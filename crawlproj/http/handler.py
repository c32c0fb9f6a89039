"""The download handler for http and https, on aiohttp's connections."""

from __future__ import annotations

import asyncio
import logging
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary

import aiohttp
from scrapy.exceptions import DownloadCancelledError
from scrapy.utils.httpobj import urlparse_cached

from crawlproj._scrapy.engine import begin_closing
from crawlproj._scrapy.tls import check_tls, ssl_context
from crawlproj.errors import ArchiveError
from crawlproj.http import reach
from crawlproj.http.archiving import UNARCHIVED, archive_info, exchange_of
from crawlproj.http.budget import MemoryBudget, Share
from crawlproj.http.config import HttpConfig, bind_address
from crawlproj.http.connection import Protocol
from crawlproj.http.connector import Connector
from crawlproj.http.deadline import Deadline
from crawlproj.http.failures import CONNECTION_CLOSED, LOW_LEVEL, translated
from crawlproj.http.guarding import check_guarded
from crawlproj.http.head import MalformedResponse, ResponseHead
from crawlproj.http.needed import require_asyncio
from crawlproj.http.others import OtherHandlers
from crawlproj.http.outgoing import Outgoing
from crawlproj.http.receiver import Receiver
from crawlproj.http.timings import Timings
from crawlproj.warc.config import archive_from

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from aiohttp.connector import Connection
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.limits.network import Trouble
    from crawlproj.warc.records import Exchange

logger = logging.getLogger(__name__)

_NO_TIMEOUT = aiohttp.ClientTimeout()  # the deadline covers every phase
_CLOSE_GRACE_S = 1.0
_FEW_FILES = (
    "The limit of open files has room for only %d requests at a time: raise it with ulimit -n, or "
    "lower CONCURRENT_REQUESTS"
)


class DownloadHandler:
    """Downloads http and https requests like Scrapy's own HTTP handlers, with two additions.

    Every request gets ``meta["timings"]`` (see timings.Timings), even if it fails. The address
    guard (see guard.Guard) refuses non-public addresses with AddressRefused, which Scrapy does not
    retry.

    before_send: called with each request right before it is written to its connection, which may be
        long after ``download_request`` was called. An exception that it raises ends the download.
    on_answer: called with each request whose answer has begun, if more of it is to come.
    on_closed: called with each request that is about to be written again, because the site closed
        a connection that had been used before.

    One instance serves both schemes of a crawler, so that they share one connection pool. Requests
    with a key of DOWNLOAD_HANDLERS_BY_META go through the handler of that key (see others.py).
    """

    lazy = False  # the handlers of other packages wait for the signal that the engine has started
    # By id(crawler): the handler keeps its crawler alive, so no other crawler gets the same id.
    _instances: ClassVar[WeakValueDictionary[int, DownloadHandler]] = WeakValueDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DownloadHandler:
        """Return the crawler's handler; build it on the first call.

        Raises NotConfigured if the reactor is not an asyncio one and ConfigError if a setting is
        wrong.
        """
        handler = cls._instances.get(id(crawler))
        if handler is None:
            handler = cls._instances[id(crawler)] = cls(crawler)
        return handler

    @classmethod
    def in_use(cls, crawler: Crawler) -> DownloadHandler:
        """Return the crawler's handler, once Scrapy has built those that it uses.

        Raises ConfigError if this is not one of them, nor behind one, and the guard is on.
        """
        if id(crawler) not in cls._instances:
            check_guarded(crawler.settings)
        return cls.from_crawler(crawler)

    def __init__(self, crawler: Crawler) -> None:
        require_asyncio()
        self._config = HttpConfig.from_settings(crawler.settings)
        if (most := self._config.max_connections) < crawler.settings.getint("CONCURRENT_REQUESTS"):
            logger.warning(_FEW_FILES, most)
        self._budget = MemoryBudget.of(crawler)
        check_tls(crawler.settings)
        self._tls = cache(partial(ssl_context, crawler.settings))
        self._others = OtherHandlers.from_crawler(crawler, self._config)
        self._receiver = Receiver(crawler, self._config, self._budget)
        self._crawler = crawler
        self._archive = archive_from(crawler.settings, partial(archive_info, crawler))
        self._connector: Connector | None = None
        self.before_send: Callable[[Request], None] = lambda _: None
        self.on_answer: Callable[[Request], None] = lambda _: None
        self.on_closed: Callable[[Request], None] = lambda _: None
        self._downloads: dict[Deadline, Request] = {}
        self._archive_failed = False

    async def download_request(self, request: Request) -> Response:
        """Return the response to ``request``. Raises the same exceptions as Scrapy's handlers."""
        timings = Timings(perf_counter())
        timeout_s: float = request.meta.get("download_timeout") or self._config.timeout_s
        deadline = Deadline(timeout_s, request.url)
        self._downloads[deadline] = request
        try:
            with deadline:
                other = self._others.of(request)
                if other is None:
                    return await self._fetch(request, timings, deadline)
                self.before_send(request)
                return await self._others.download(other, request, timings)
        except LOW_LEVEL as exc:
            raise translated(exc, request.url) from exc
        finally:
            del self._downloads[deadline]
            request.meta["timings"] = timings.as_dict(perf_counter())

    def done_with(self, request: Request) -> None:
        """Free what ``request``, which has ended, takes of MEMORY_BUDGET."""
        self._budget.done_with(request)

    def cancel_all(self, reason: str) -> None:
        """End every running download with DownloadCancelledError(``reason``)."""
        for deadline in self._downloads:
            deadline.cancel(DownloadCancelledError(reason))

    def cancel(self, requests: Container[Request], error: Exception) -> None:
        """End the downloads of ``requests`` with ``error``, and close their connections."""
        for deadline, request in self._downloads.items():
            if request in requests:
                deadline.cancel(error)

    def close_idle(self, request: Request, keep: int) -> None:
        """Close connections of the site of ``request`` that are not used, but for ``keep``."""
        if self._connector is not None:
            parts = urlparse_cached(request)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            self._connector.close_idle(parts.hostname or "", port, keep)

    async def works(self, place: str, trouble: Trouble) -> bool:
        """Return whether what fails with ``trouble`` works at ``place``; see reach.works."""
        resolver = self._connections().resolver
        if not await reach.works(resolver, place, trouble):
            return False
        resolver.forget_passing_failures()
        return True

    async def close(self) -> None:
        """Cancel running downloads and close every connection. A later request opens new ones."""
        self.cancel_all("the download handler was closed")
        await self._others.close()
        connector, self._connector = self._connector, None
        if connector is not None:
            try:
                async with asyncio.timeout(_CLOSE_GRACE_S):
                    await connector.close()
            except TimeoutError:
                logger.debug("Some connections did not close within %s s", _CLOSE_GRACE_S)
        if self._archive is not None:
            await self._archive.close()

    def _connections(self) -> Connector:
        # Not built in the constructor, which may run before the event loop exists.
        if self._connector is None:
            self._connector = Connector(self._config)
        return self._connector

    async def _fetch(self, request: Request, timings: Timings, deadline: Deadline) -> Response:
        bound_to = self._config.bind_address
        if request.meta.get("bindaddress"):
            bound_to = bind_address(request.meta["bindaddress"], 'meta["bindaddress"]')
        outgoing = Outgoing(request, timings, self._tls, bound_to)
        if self._config.guard is not None:
            outgoing.check(self._config.guard)
        while True:
            connection, protocol, head, reused = await self._exchange(request, outgoing)
            timings.headers_at = protocol.head_at
            request.meta["download_latency"] = protocol.head_at - timings.started_at
            if not protocol.complete:
                self.on_answer(request)
            share = Share(self._budget, deadline.paused)
            exchange: Exchange | None = None
            try:
                response = await self._receiver.receive(request, protocol, head, share)
                if self._archive is not None and request.meta.keys().isdisjoint(UNARCHIVED):
                    exchange = exchange_of(request, outgoing, protocol, response)
            except BaseException:
                share.release()
                connection.close()
                raise
            finally:
                if protocol.transport is not None and protocol.transport.get_write_buffer_size():
                    connection.close()  # the site answered before it read the whole request
                connection.release()
            if not (reused and protocol.desynchronized):
                share.hand_over(request)
                if exchange is not None:
                    await self._keep(exchange)
                return response
            share.release()
            # Of two responses on a used connection, the first may be an earlier request's.
            if not outgoing.idempotent:
                raise MalformedResponse("more than one response came to one request")

    async def _keep(self, exchange: Exchange) -> None:
        """Archive an exchange; if that fails, end the crawl, which returns the URL."""
        assert self._archive is not None  # noqa: S101 - the caller has looked
        try:
            await self._archive.add(exchange)
        except ArchiveError as exc:
            if not self._archive_failed:
                self._archive_failed = True
                logger.error(
                    "%s; the crawl stops, and the next run goes on",
                    exc,
                    extra={"spider": self._crawler.spider},
                )
                begin_closing(self._crawler.engine, "warc-failed")
            raise DownloadCancelledError(str(exc)) from exc

    async def _exchange(
        self, request: Request, outgoing: Outgoing
    ) -> tuple[Connection, Protocol, ResponseHead, bool]:
        """Send the request and wait for the response's head.

        If the server has closed a kept-alive connection in the meantime, or what came on it is
        not a response, which may be the rest of an earlier one, sends an idempotent request again
        on the next connection, up to and including a new one. The last value tells whether there
        was an earlier exchange on the connection.
        """
        while True:
            connection = await self._connections().connect(
                outgoing.as_client_request(), [], _NO_TIMEOUT
            )
            outgoing.timings.ready_at = perf_counter()
            protocol = connection.protocol
            assert isinstance(protocol, Protocol)  # noqa: S101 - our connector makes no other
            reused, protocol.reused = protocol.reused, True
            if reused and protocol.is_spoilt():
                connection.close()
                continue
            try:
                head = await protocol.exchange(
                    outgoing,
                    partial(self.before_send, request),
                    keep_wire=self._archive is not None,
                )
            except (*CONNECTION_CLOSED, MalformedResponse):
                connection.close()
                if reused and outgoing.idempotent:
                    self.on_closed(request)
                    outgoing.timings.ready_at = 0.0
                    continue
                raise
            except BaseException:
                connection.close()
                raise
            return connection, protocol, head, reused
