"""Counts what Scrapy's DownloaderStats counts, without putting together the bytes to measure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.stats import DownloaderStats, get_status_size
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.request import request_httprepr

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrapy import Request
    from scrapy.http import Headers, Response


def count_request(middleware: DownloaderStats, request: Request) -> None:
    """Do what process_request of ``middleware`` does."""
    stats = middleware.stats
    stats.inc_value("downloader/request_count")
    stats.inc_value(f"downloader/request_method_count/{request.method}")
    stats.inc_value("downloader/request_bytes", request_size(request))


def count_response(middleware: DownloaderStats, request: Request, response: Response) -> Response:  # noqa: ARG001 - its interface
    """Do what process_response of ``middleware`` does."""
    stats = middleware.stats
    stats.inc_value("downloader/response_count")
    stats.inc_value(f"downloader/response_status_count/{response.status}")
    stats.inc_value("downloader/response_bytes", response_size(response))
    return response


QUICKER: dict[Callable[..., Any], Callable[..., Any]] = {
    DownloaderStats.process_request: count_request,
    DownloaderStats.process_response: count_response,
}
"""The function to call instead of a method of Scrapy's, with the same arguments."""


def request_size(request: Request) -> int:
    """Return the length of ``request_httprepr(request)``."""
    parsed = urlparse_cached(request)
    path = parsed.path or "/"
    if path.startswith("//") or not request.url.isascii():
        return len(request_httprepr(request))
    size = len(f"{request.method} {path} HTTP/1.1\r\nHost: {parsed.hostname or ''}\r\n\r\n")
    for part in (parsed.params, parsed.query):
        if part:
            size += 1 + len(part)
    if request.headers:
        size += _fields_size(request.headers, 2) or 2
    return size + len(request.body)


def response_size(response: Response) -> int:
    """Return the size that DownloaderStats counts."""
    headers = response.headers
    line_ends = 2 * (len(headers) - 1)  # one for each name, whatever the number of its values
    size = len(response.body) + _fields_size(headers, 0) + line_ends
    return size + _status_size(response.status) + 4


def _fields_size(headers: Headers, line_end: int) -> int:
    """Return the bytes of ``headers``, with a colon, a space and ``line_end`` for each value."""
    size, more = 0, 2 + line_end
    for name, values in dict.items(headers):
        for value in values:
            size += len(name) + len(value) + more
    return size


_status_size = cache(get_status_size)
