"""Requests that middlewares make of their own on the way of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

# Keys of a request's meta about its way: the spider's choice, and the notes of HttpProxyMiddleware.
_ROUTE = ("proxy", "_auth_proxy", "bindaddress")
_PROXY_CREDENTIALS = b"Proxy-Authorization"
_META = {"dont_redirect": True, "dont_cache": True, "handle_httpstatus_all": True}


def on_the_way_of(page: Request, url: str, priority: int, meta: Mapping[str, Any]) -> Request:
    """Return a request for ``url`` by the route of ``page``, for ``engine.download_async``.

    Its answer comes as the server gives it, whatever the status: no redirect, nothing from a cache.
    """
    route = {key: page.meta[key] for key in _ROUTE if key in page.meta}
    request = Request(url, callback=NO_CALLBACK, priority=priority, meta={**_META, **meta, **route})
    if (credentials := page.headers.get(_PROXY_CREDENTIALS)) is not None:
        request.headers[_PROXY_CREDENTIALS] = credentials
    return request


def route_of(request: Request) -> str:
    """Return what names the proxy of ``request``, or its session there; "" without a proxy."""
    proxy = request.meta.get("proxy")
    if not proxy:
        return ""
    credentials = request.headers.get(_PROXY_CREDENTIALS) or b""
    return f"{proxy} {credentials.decode('latin-1')}"
