"""Answers requests from WARC files instead of the network."""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import CloseSpider, IgnoreRequest

from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.http.budget import Share
from crawlproj.http.framing import Chunked
from crawlproj.http.handler import DownloadHandler
from crawlproj.http.head import MalformedResponse, ResponseHead, read_head
from crawlproj.masking import without_credentials
from crawlproj.warc.config import replay_files

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.ssl import Certificate

    from crawlproj.http.deadline import Deadline
    from crawlproj.http.guard import IPAddress
    from crawlproj.http.timings import Timings
    from crawlproj.limits.network import Trouble
    from crawlproj.warc.reader import Archived, Reader

logger = logging.getLogger(__name__)

_LARGE_BYTES = 256 * 1024  # of a record that a thread reads


class NotArchived(IgnoreRequest):
    """The archive has no response to the request."""

    frontier_outcome = (State.SKIPPED, "not-archived")


class ReplayHandler(DownloadHandler):
    """Gives the responses in REPLAY_DIR, and opens no connection.

    Of several responses to equal requests, the newest counts, and "not modified" means the one
    before. A download that was cut off is cut off again. Every response sets
    ``meta["archived_at"]``, when it was fetched, in unix seconds.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._files = replay_files(crawler.settings)
        self._reader: Reader | None = None
        crawler.signals.connect(self.open, signals.spider_opened)

    async def open(self) -> None:
        """Find what is in the files; if one is unusable, end the crawl with "warc-unusable"."""
        from crawlproj.warc.reader import Reader  # noqa: PLC0415 - an extra

        try:
            self._reader = await asyncio.to_thread(Reader, self._files)
        except ConfigError as exc:
            logger.error("%s", exc, extra={"spider": self._crawler.spider})
            raise CloseSpider("warc-unusable") from exc
        extra = {"spider": self._crawler.spider}
        logger.info("The archive has %d responses", len(self._reader), extra=extra)

    @property
    def reader(self) -> Reader:
        """The archive. Raises NotArchived before ``open``."""
        if self._reader is None:
            raise NotArchived("the archive is not open")
        return self._reader

    async def works(self, place: str, trouble: Trouble) -> bool:  # noqa: ARG002 - as in the base
        """Return True: no network is used, so that none can be away."""
        return True

    async def close(self) -> None:
        """Close the archive."""
        await super().close()
        if self._reader is not None:
            self._reader.close()

    async def _fetch(self, request: Request, timings: Timings, deadline: Deadline) -> Response:
        """Return what was archived. Raises NotArchived, and what a download raises."""
        self.before_send(request)
        timings.ready_at = perf_counter()
        archived = await self._archived(request)
        head, body = _read(archived, request.method)
        timings.headers_at = perf_counter()
        request.meta["download_latency"] = timings.headers_at - timings.started_at
        request.meta["archived_at"] = archived.at
        share = Share(self._budget, deadline.paused)
        try:
            response = await self._receiver.receive(request, _Source(archived, body), head, share)
        except BaseException:
            share.release()
            raise
        share.hand_over(request)
        return response

    async def _archived(self, request: Request) -> Archived:
        from crawlproj.warc.reader import Unreadable  # noqa: PLC0415 - an extra

        places = self.reader.places(request.method, request.url, request.body)
        try:
            if any(place.length > _LARGE_BYTES for place in places):
                archived = await asyncio.to_thread(self.reader.read, places)
            else:
                archived = self.reader.read(places)
        except Unreadable as exc:
            raise NotArchived(str(exc)) from exc
        if archived is None:
            url = without_credentials(request.url)
            raise NotArchived(f"no WARC file has a response to {request.method} {url}")
        return archived


class _Source:
    """The part of a connection that a response is received from.

    complete: whether the whole body was received when it was archived.
    """

    certificate: Certificate | None = None

    def __init__(self, archived: Archived, body: bytes) -> None:
        self.complete = archived.truncated != "disconnect"
        self.peer: IPAddress | None = ip_address(archived.peer) if archived.peer else None
        self._body = body

    async def read_body(self) -> bytes:
        """Return the rest of the body."""
        body, self._body = self._body, b""
        return body


def _read(archived: Archived, method: str) -> tuple[ResponseHead, bytes]:
    """Return the head and the body without its transfer coding. Raises MalformedResponse."""
    head = read_head(archived.head, to_head=method == "HEAD")
    body = archived.payload
    if read_head(archived.payload_head).chunked:
        body = _without_chunks(body)
    # The record says how long the body is; a Content-Length may be that of another coding.
    head.length = len(body)
    return head, body


def _without_chunks(payload: bytes) -> bytes:
    """Return a chunked body as one, or as it is if its writer has taken the chunks away."""
    parts: list[bytes] = []
    framing = Chunked()
    try:
        framing.feed(payload, parts)
    except MalformedResponse:
        if parts:
            raise
    return b"".join(parts) if parts or framing.complete else payload
