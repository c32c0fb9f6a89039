"""Asks sites for a page only if it changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.http.archiving import STORED_AT
from crawlproj.scheduling.checks import CHECK, NotModified, check_of
from crawlproj.signals import not_modified

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["ConditionalMiddleware"]

_HEADERS = {"etag": b"If-None-Match", "last_modified": b"If-Modified-Since"}
_NOT_MODIFIED = 304
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COMPRESSED = re.compile(r"""((?:W/)?"[^"]+)-(?:gzip|br|zstd)\"""")
"""Apache's tags of answers that mod_deflate or mod_brotli compresses as they leave. It compares
requests with the tag of the file, which has no such end, so it would never answer 304.
"""


class ConditionalMiddleware:
    """Sends the validators of a page that is checked; the answer 304 ends it as NotModified.

    Where a redirect leads is another page, which gets none of them. Most checks end with a 304. It
    is reported by the signal ``not_modified`` instead of the errback, because the way through the
    scraper takes longer than all other work on such an answer.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ConditionalMiddleware:
        """Build the middleware."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Make the request of a check conditional (RFC 9110 §13).

        A tag of compressed content is sent with that of the content itself.
        """
        if CHECK not in request.meta:
            return
        check = check_of(request)
        request.meta[STORED_AT] = getattr(check, "fetched_at", 0.0)
        for name, header in _HEADERS.items():
            value = getattr(check, name, "")
            if value and isinstance(value, str) and not _CONTROL.search(value):
                if compressed := _COMPRESSED.fullmatch(value):
                    value = f'{value}, {compressed[1]}"'
                request.headers[header] = value.encode("latin-1", "ignore")
            else:
                request.headers.pop(header, None)

    def process_response(self, request: Request, response: Response) -> Response:
        """Return ``response``. Raises NotModified if it says that the page is as it was."""
        if response.status == _NOT_MODIFIED and check_of(request) is not None:
            request.errback = None
            self._crawler.signals.send_catch_log(not_modified, request=request)
            raise NotModified("the server says that it has not changed")
        return response
