"""Receives responses: their bodies within limits, with the signals that Scrapy sends meanwhile."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import DownloadCancelledError, ResponseDataLossError, StopDownload
from twisted.python.failure import Failure

from crawlproj._scrapy.signals import has_listener
from crawlproj.http.body import DATALOSS, DataLossError, SizeLimits, read_body
from crawlproj.http.head import MalformedResponse, ResponseHead
from crawlproj.http.responses import build_response
from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.http.body import Source
    from crawlproj.http.budget import MemoryBudget, Share
    from crawlproj.http.config import HttpConfig

logger = logging.getLogger(__name__)


class Receiver:
    """Receives the responses of a crawl; the first incomplete one that fails is logged."""

    def __init__(self, crawler: Crawler, config: HttpConfig, budget: MemoryBudget) -> None:
        self._crawler = crawler
        self._signals = crawler.signals
        self._config = config
        self._budget = budget
        self._dataloss_warned = False

    async def receive(
        self, request: Request, source: Source, head: ResponseHead, share: Share
    ) -> Response:
        """Return the response that begins with ``head``, once its body was read from ``source``.

        share: of the memory for large bodies. Raises what Scrapy's handlers raise.
        """
        meta, config = request.meta, self._config
        length = None if request.method == "HEAD" else head.length
        url = request.url.partition("#")[0]
        respond = partial(build_response, url, head, source)
        if has_listener(self._signals, signals.headers_received):
            stop = self._send(
                signals.headers_received,
                request,
                headers=head.headers,
                body_length=length,
                status=head.status,  # Scrapy's handlers do not say
            )
            if stop is not None:
                return respond(b"", stop=stop)
        limits = SizeLimits(
            request,
            meta.get("download_maxsize", config.max_body_bytes),
            meta.get("download_warnsize", config.warn_body_bytes),
        )
        on_chunk = None
        if has_listener(self._signals, signals.bytes_received):

            def on_chunk(chunk: bytes) -> Any:
                return self._send(signals.bytes_received, request, data=chunk)

        if self._budget.full and dict.__contains__(head.headers, b"Content-Encoding"):
            await share.room()  # a small body may decompress to a large one
        try:
            if length:
                limits.check(length, expected=True)
            body, stop = await read_body(source, limits, on_chunk, share)
        except (DownloadCancelledError, MalformedResponse):
            if not head.redirects:
                raise
            return respond(b"", flags=["dataloss"])
        except DataLossError as exc:
            if head.redirects or not meta.get("download_fail_on_dataloss", config.fail_on_dataloss):
                return respond(exc.received, flags=["dataloss"])
            if not self._dataloss_warned:
                self._dataloss_warned = True
                logger.warning(DATALOSS, without_credentials(request.url))
            raise ResponseDataLossError(
                f"Getting {without_credentials(request.url)}: {exc}"
            ) from exc
        # Only the connection's end marks the end of an unframed body, so it may be incomplete.
        # Scrapy flags such a response as "partial", unless a signal handler stopped the download.
        unframed = head.length is None and not head.chunked
        return respond(body, stop=stop, flags=["partial"] if unframed and not stop else None)

    def _send(self, signal: object, request: Request, **kwargs: Any) -> StopDownload | None:
        """Send ``signal``; return the StopDownload that a receiver raised, if one did."""
        results = self._signals.send_catch_log(
            signal, request=request, spider=self._crawler.spider, **kwargs
        )
        for receiver, result in results:
            if isinstance(result, Failure) and isinstance(result.value, StopDownload):
                name = receiver.__qualname__
                logger.debug("Download stopped for %s from signal handler %s", request, name)
                return result.value
        return None
