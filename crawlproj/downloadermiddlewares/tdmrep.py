"""Reads what each site reserves in /.well-known/tdmrep.json."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawlproj.bounded import put
from crawlproj.config import boolean
from crawlproj.content.page_signals import TDM_SIGNALS, respected_signals
from crawlproj.content.usage import RESERVATION, TdmFile
from crawlproj.reasons import detail_of
from crawlproj.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy.crawler import Crawler

__all__ = ["TdmrepMiddleware"]

logger = logging.getLogger(__name__)

_MAX_ORIGINS = 10_000
_MAX_BYTES = 512 * 1024
_PRIORITY = 1000  # as robots.txt


class TdmrepMiddleware:
    """Notes in each request's meta what the file of its site reserves. Enabled by TDMREP_ENABLED.

    The file is fetched once per origin, before its first page. A site whose file is missing or
    malformed, or cannot be fetched, reserves nothing there.
    """

    def __init__(self, crawler: Crawler) -> None:
        respects = RESERVATION in respected_signals(crawler.settings)
        if not boolean(crawler.settings, "TDMREP_ENABLED", default=respects):
            raise NotConfigured
        self._crawler = crawler
        self._files: OrderedDict[str, asyncio.Task[TdmFile]] = OrderedDict()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TdmrepMiddleware:
        """Build the middleware. Raises NotConfigured, and ConfigError if a setting is wrong."""
        return cls(crawler)

    def process_request(self, request: Request) -> Coroutine[None, None, None] | None:
        """Note what is known; if that is nothing yet, return a coroutine that finds out."""
        origin = origin_of(request.url)
        if request.callback is NO_CALLBACK or not origin:  # robots.txt, and the file itself
            return None
        file = self._files.get(origin)
        if file is None or not file.done():
            return self._note_when_known(request, origin)
        _note(request, file.result())
        return None

    async def _note_when_known(self, request: Request, origin: str) -> None:
        file = self._files.get(origin)
        if file is None:
            fetch = asyncio.ensure_future(self._fetch(origin))
            file = put(self._files, origin, fetch, _MAX_ORIGINS)
        # Shielded, because cancelling one request must not cancel what others wait for.
        _note(request, await asyncio.shield(file))

    async def _fetch(self, origin: str) -> TdmFile:
        meta = {"handle_httpstatus_all": True, "download_maxsize": _MAX_BYTES}
        request = Request(
            f"{origin}/.well-known/tdmrep.json", NO_CALLBACK, priority=_PRIORITY, meta=meta
        )
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as exc:  # noqa: BLE001 - after any error, nothing is known to be reserved
            logger.debug(
                "%s is not read: %s",
                request.url,
                detail_of(exc),
                extra={"spider": self._crawler.spider},
            )
            return TdmFile(b"")
        return TdmFile(response.body if response.status == 200 else b"")


def _note(request: Request, file: TdmFile) -> None:
    """Set what ``file`` says, in place of what another site said before a redirect."""
    if file:
        request.meta[TDM_SIGNALS] = file.of(request.url)
    elif TDM_SIGNALS in request.meta:
        del request.meta[TDM_SIGNALS]
