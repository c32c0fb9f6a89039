"""The guard in the handler: a refused address is never connected to, and never retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware

from crawlproj.errors import AddressRefused
from tests.http.helpers import PHASES, crawler_with, on_reactor, open_handler

if TYPE_CHECKING:
    from tests.http.mockserver import Proxy, Site


@on_reactor
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_address_is_never_connected_to(site: Site, host: str, scheme: str) -> None:
    before = site.connections
    request = Request(f"{scheme}://{host}:{site.port}/text")
    async with open_handler(GUARD_ALLOW=[]) as handler:
        with pytest.raises(AddressRefused, match="loopback") as caught:
            await handler.download_request(request)
    assert site.connections == before
    assert not isinstance(caught.value, OSError)
    retry = RetryMiddleware(crawler_with().settings)
    assert retry.process_exception(request, caught.value) is None
    assert list(request.meta["timings"]) == PHASES


@on_reactor
async def test_a_proxy_at_a_refused_address_is_not_connected_to(proxy: Proxy) -> None:
    request = Request("http://site.example/", meta={"proxy": proxy.url("")})
    async with open_handler(GUARD_ALLOW=[]) as handler:
        with pytest.raises(AddressRefused):
            await handler.download_request(request)
    assert proxy.connections == 0


@on_reactor
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/meta-data",
        "https://10.0.0.1/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "https://METADATA.goog./",
        "http://instance-data/latest/",
    ],
)
async def test_a_refused_address_in_the_url_is_refused_through_an_allowed_proxy_too(
    proxy: Proxy, url: str
) -> None:
    async with open_handler() as handler:
        with pytest.raises(AddressRefused):
            await handler.download_request(Request(url, meta={"proxy": proxy.url("")}))
    assert proxy.connections == 0


@on_reactor
async def test_the_guard_can_be_turned_off(site: Site) -> None:
    async with open_handler(GUARD_ALLOW=[], GUARD_ENABLED=False) as handler:
        assert (await handler.download_request(Request(site.url("/text")))).body == b"Works"
