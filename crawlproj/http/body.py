"""Reading a response's body: limits, signals, and what is left of it when the connection breaks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import aiohttp
from scrapy.exceptions import DownloadCancelledError
from scrapy.utils._download_handlers import get_maxsize_msg, get_warnsize_msg

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.streams import StreamReader
    from scrapy import Request
    from scrapy.exceptions import StopDownload

logger = logging.getLogger(__name__)


class DataLossError(Exception):
    """The connection ended before the body did. ``received`` is what came before."""

    def __init__(self, received: bytes, cause: Exception) -> None:
        super().__init__(str(cause))
        self.received = received


class SizeLimits:
    """``download_maxsize`` and ``download_warnsize`` of one request, in bytes; 0 is no limit."""

    __slots__ = ("_maximum", "_request", "_warn_at")

    def __init__(self, request: Request, maximum: int, warn_at: int) -> None:
        self._request = request
        self._maximum = maximum
        self._warn_at = warn_at

    def check(self, size: int, *, expected: bool) -> None:
        """Judge ``size``: announced by Content-Length if ``expected``, else received so far.

        Warns once above the warn size. Raises DownloadCancelledError above the maximum.
        """
        if self._maximum and size > self._maximum:
            message = get_maxsize_msg(size, self._maximum, self._request, expected=expected)
            logger.warning(message)
            raise DownloadCancelledError(message)
        if self._warn_at and size > self._warn_at:
            logger.warning(get_warnsize_msg(size, self._warn_at, self._request, expected=expected))
            self._warn_at = 0


async def read_body(
    stream: StreamReader,
    limits: SizeLimits,
    on_chunk: Callable[[bytes], StopDownload | None] | None,
) -> tuple[bytes, StopDownload | None]:
    """Read ``stream`` to its end, or until ``on_chunk`` wants to stop.

    Never holds more than the maximum size and one read buffer. Raises DataLossError when the
    connection ends early and DownloadCancelledError when the body is too large.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := await stream.readany():
            chunks.append(chunk)
            size += len(chunk)
            if on_chunk is not None and (stop := on_chunk(chunk)) is not None:
                return b"".join(chunks), stop
            limits.check(size, expected=False)
    except aiohttp.ClientPayloadError as exc:
        # StreamReader raises before it hands out what arrived just before the end.
        chunks.append(stream._read_nowait(-1))
        raise DataLossError(b"".join(chunks), exc) from exc
    return chunks[0] if len(chunks) == 1 else b"".join(chunks), None
