"""Adds the headers that every request has, as Scrapy does, but encodes each of them once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.defaultheaders import DefaultHeadersMiddleware
from scrapy.downloadermiddlewares.httpcompression import (
    ACCEPTED_ENCODINGS,
    HttpCompressionMiddleware,
)
from scrapy.downloadermiddlewares.useragent import UserAgentMiddleware
from scrapy.http import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request

_ACCEPTED = b", ".join(ACCEPTED_ENCODINGS)


def add_default_headers(middleware: DefaultHeadersMiddleware, request: Request) -> None:
    """Do what process_request of ``middleware`` does."""
    for name, value in middleware._headers:
        set_default(request.headers, name, value)


def add_user_agent(middleware: UserAgentMiddleware, request: Request) -> None:
    """Do what process_request of ``middleware`` does."""
    if middleware.user_agent:
        set_default(request.headers, b"User-Agent", middleware.user_agent)


def add_accepted_encodings(middleware: HttpCompressionMiddleware, request: Request) -> None:  # noqa: ARG001 - its interface
    """Do what process_request of ``middleware`` does."""
    set_default(request.headers, "Accept-Encoding", _ACCEPTED)


def set_default(headers: Headers, name: str | bytes, value: Any) -> None:
    """Do what ``headers.setdefault(name, value)`` does."""
    if type(value) is str or type(value) is bytes:
        key, encoded = _encoded(name, value, headers.encoding)
        dict.setdefault(headers, key, [encoded])
    else:
        headers.setdefault(name, value)


@lru_cache(maxsize=128)
def _encoded(name: str | bytes, value: str | bytes, encoding: str) -> tuple[bytes, bytes]:
    headers = Headers(encoding=encoding)
    return headers.normkey(name), headers.normvalue(value)[0]


QUICKER: dict[Callable[..., Any], Callable[..., Any]] = {
    DefaultHeadersMiddleware.process_request: add_default_headers,
    UserAgentMiddleware.process_request: add_user_agent,
    HttpCompressionMiddleware.process_request: add_accepted_encodings,
}
"""The function to call instead of a method of Scrapy's, with the same arguments."""
