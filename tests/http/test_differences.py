"""The intended differences from Scrapy's own HTTP handler, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy import Request, signals
from twisted.web.iweb import UNKNOWN_LENGTH

from tests.http.helpers import HTTP11, OURS, fetch, on_reactor, open_handler, sent

if TYPE_CHECKING:
    from tests.http.mockserver import Site

pytestmark = pytest.mark.parametrize("path", [OURS, HTTP11], ids=["ours", "http11"])


@on_reactor
async def test_connection_headers_are_kept_where_http11_removes_them(path: str, site: Site) -> None:
    # The site sent them, so we keep them; Twisted removes them from the response.
    response = await fetch(path, Request(site.url("/headers")))
    assert response.headers.get("Keep-Alive") == (b"timeout=5" if path == OURS else None)
    chunked = await fetch(path, Request(site.url("/chunked")))
    assert chunked.headers.get("Transfer-Encoding") == (b"chunked" if path == OURS else None)


@on_reactor
async def test_an_unknown_body_length_is_none_where_http11_passes_a_twisted_constant(
    path: str, site: Site
) -> None:
    # Scrapy's newer handlers pass None, too.
    lengths: list[object] = []

    def on_headers(body_length: object) -> None:
        lengths.append(body_length)

    async with open_handler(path) as handler:
        handler._crawler.signals.connect(on_headers, signals.headers_received)
        await handler.download_request(Request(site.url("/chunked")))
    assert lengths == [None if path == OURS else UNKNOWN_LENGTH]


@on_reactor
async def test_url_credentials_are_sent_as_basic_auth_where_http11_raises(
    path: str, site: Site
) -> None:
    # curl sends them, too; HTTP11 takes "user:p%40ss@127.0.0.1" for a host name.
    request = Request(site.url("/echo").replace("://", "://user:p%40ss@"))
    if path == OURS:
        assert "Authorization: Basic dXNlcjpwQHNz" in sent(await fetch(path, request))
    else:
        with pytest.raises(ValueError, match="invalid hostname"):
            await fetch(path, request)
