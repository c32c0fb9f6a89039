"""Reads a response's body: enforces size limits and keeps what arrived if the connection breaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from scrapy.exceptions import DownloadCancelledError

from crawlproj.http.budget import SMALL_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.exceptions import StopDownload
    from twisted.internet.ssl import Certificate

    from crawlproj.http.budget import Share
    from crawlproj.http.guard import IPAddress

logger = logging.getLogger(__name__)

DATALOSS = (
    "Got data loss in %s. Set DOWNLOAD_FAIL_ON_DATALOSS = False to process broken responses. "
    "This message is not repeated"
)


class Source(Protocol):
    """Where a response comes from: a connection, or an archive.

    complete: whether the whole body has arrived.
    """

    certificate: Certificate | None
    peer: IPAddress | None

    @property
    def complete(self) -> bool:
        """See above."""

    async def read_body(self) -> bytes:
        """Return the next part of the body; b"" at its end."""


class DataLossError(Exception):
    """The connection ended before the body did; ``received`` holds what arrived."""

    def __init__(self, received: bytes) -> None:
        super().__init__(
            f"the connection was closed in the middle of the body, after {len(received):,} bytes"
        )
        self.received = received


class SizeLimits:
    """``download_maxsize`` and ``download_warnsize`` of one request, in bytes; 0 means no limit."""

    __slots__ = ("_max_bytes", "_request", "_warn_bytes")

    def __init__(self, request: Request, max_bytes: int, warn_bytes: int) -> None:
        self._request = request
        self._max_bytes = max_bytes
        self._warn_bytes = warn_bytes

    def check(self, size: int, *, expected: bool) -> None:
        """Check ``size``, the Content-Length if ``expected``, else the bytes received so far.

        Warns once above the warn size. Raises DownloadCancelledError above the max size.
        """
        if self._max_bytes and size > self._max_bytes:
            message = self._message(size, "download max size", self._max_bytes, expected=expected)
            logger.warning(message)
            raise DownloadCancelledError(message)
        if self._warn_bytes and size > self._warn_bytes:
            logger.warning(
                self._message(size, "download warn size", self._warn_bytes, expected=expected)
            )
            self._warn_bytes = 0

    def _message(self, size: int, bound: str, limit: int, *, expected: bool) -> str:
        """Return Scrapy's message, which reasons.py and monitors of other projects recognise."""
        verb = "Expected to receive" if expected else "Received"
        found = f"{verb} {size} bytes which is larger than {bound} ({limit})"
        return f"{found} in request {self._request}."


async def read_body(
    source: Source,
    limits: SizeLimits,
    on_chunk: Callable[[bytes], StopDownload | None] | None,
    share: Share,
) -> tuple[bytes, StopDownload | None]:
    """Read the body of the response, or until ``on_chunk`` returns a StopDownload.

    Never holds more than the max size plus one read buffer; a large body waits for its share of the
    memory budget. Raises DataLossError if the connection ends early, MalformedResponse, and
    DownloadCancelledError if the body is too large.
    """
    chunks: list[bytes] = []
    size = 0
    while chunk := await source.read_body():
        chunks.append(chunk)
        size += len(chunk)
        if on_chunk is not None and (stop := on_chunk(chunk)) is not None:
            return b"".join(chunks), stop
        limits.check(size, expected=False)
        if size > SMALL_BYTES:
            share.add(size - share.size)
            await share.room()
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if not source.complete:
        raise DataLossError(body)
    return body, None
