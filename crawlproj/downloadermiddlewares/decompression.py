"""Decompresses responses, and says so if they cannot be decompressed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import IgnoreRequest
from scrapy.http import TextResponse
from scrapy.responsetypes import responsetypes

from crawlproj._scrapy.decompression import SizedDecompression
from crawlproj._scrapy.headers import values_of
from crawlproj.content.codings import (
    MAX_CODINGS,
    BadCoding,
    TooLarge,
    codings_of,
    decoded,
    looks_like_text,
)
from crawlproj.frontier.base import State
from crawlproj.http.budget import MemoryBudget

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["BadEncoding", "DecompressionMiddleware"]

logger = logging.getLogger(__name__)

_ENCODING = b"Content-Encoding"


class BadEncoding(IgnoreRequest):
    """The body cannot be decoded as its Content-Encoding says."""

    frontier_outcome = (State.FAILED, "bad-encoding")


class _DecodedTooLarge(IgnoreRequest):
    frontier_outcome = (State.FAILED, "too-large")


class DecompressionMiddleware(SizedDecompression):
    """Scrapy's middleware with its settings and stats, and one rule for bodies that are not so.

    Text that is labelled as compressed is taken as the text that it is; the response gets the flag
    "mislabelled". Any other body that is corrupt, ends too early, or has an unknown coding or more
    than five, raises BadEncoding, unless the status says all there is to say: then the body of a
    response that is not 2xx is left out, with the flag "bad-encoding".

    A compressed body that ends too early is kept, with the flag "dataloss", if
    DOWNLOAD_FAIL_ON_DATALOSS is off, or ``meta["download_fail_on_dataloss"]`` is false.
    """

    def __init__(self, *, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        self._budget = MemoryBudget.of(crawler)
        self._fails_on_dataloss = crawler.settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")

    def process_response(  # type: ignore[override]  # Scrapy deprecates its spider argument
        self, request: Request, response: Response
    ) -> Response:
        """Return ``response``, or a copy with the decoded body.

        Raises BadEncoding, and an IgnoreRequest that ends as failed("too-large").
        """
        headers = values_of(response.headers, _ENCODING)
        if not headers or request.method == "HEAD":
            return response
        max_bytes = request.meta.get("download_maxsize", self.max_bytes)
        try:
            body, flag = self._decoded(request, response, codings_of(headers), max_bytes)
        except TooLarge as exc:
            message = (
                f"{response} has more than {max_bytes:,} bytes (DOWNLOAD_MAXSIZE) decompressed"
            )
            logger.warning(message)
            raise _DecodedTooLarge(message) from exc
        self._budget.hold(request, len(body))
        warn_bytes = request.meta.get("download_warnsize", self.warn_bytes)
        if len(response.body) < warn_bytes <= len(body):
            logger.warning(
                "%s has %d bytes decompressed, more than DOWNLOAD_WARNSIZE (%d)",
                response,
                len(body),
                warn_bytes,
            )
        if self.stats is not None:
            self.stats.inc_value("httpcompression/response_bytes", len(body))
            self.stats.inc_value("httpcompression/response_count")
        del response.headers[_ENCODING]
        kind = responsetypes.from_args(headers=response.headers, url=response.url, body=body)
        changes: dict[str, Any] = {"encoding": None} if issubclass(kind, TextResponse) else {}
        flags = [*response.flags, flag] if flag else response.flags
        return response.replace(cls=kind, body=body, flags=flags, **changes)

    def _decoded(
        self, request: Request, response: Response, codings: list[bytes], max_bytes: int
    ) -> tuple[bytes, str]:
        """Return the body, and a flag if there is something to say about it."""
        body = response.body
        try:
            if len(codings) > MAX_CODINGS:
                raise BadCoding(f"it has {len(codings)} codings, more than {MAX_CODINGS}")
            for coding in reversed(codings):
                body = decoded(body, coding, max_bytes)
        except BadCoding as exc:
            if looks_like_text(body):
                return body, "mislabelled"
            if not 200 <= response.status < 300:
                return b"", "bad-encoding"
            fails = request.meta.get("download_fail_on_dataloss", self._fails_on_dataloss)
            if exc.body and not fails:
                return exc.body, "dataloss"
            labels = b", ".join(codings).decode("latin-1")
            raise BadEncoding(f"the body cannot be decoded as {labels!r:.80}: {exc}") from exc
        return body, ""
