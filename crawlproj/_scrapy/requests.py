"""Makes requests for URLs that need no escaping."""

from __future__ import annotations

from typing import Any

from scrapy import Request


class _Normalized(Request):
    """A Request whose URL is not searched for characters to escape."""

    __slots__ = ()

    def _set_url(self, url: str) -> None:
        if "://" in url:
            self._url = url
        else:  # such as a data: URL, or what a damaged file has
            super()._set_url(url)


def request_for(url: str, **arguments: Any) -> Request:
    """Return what ``Request(url, **arguments)`` returns for a URL that Scrapy does not change.

    Scrapy escapes what a URL must not contain. One in normal form, or that of an earlier Request,
    has nothing of that, and finding out takes longer than all else that makes a Request.
    """
    request: Request = _Normalized(url, **arguments)
    request.__class__ = Request
    return request
