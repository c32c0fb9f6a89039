"""The handler's additions to Scrapy's: the phases of a request, and its connections."""

from __future__ import annotations

import asyncio
import gc
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, signals
from scrapy.exceptions import (
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    UnsupportedURLSchemeError,
)

from crawlproj.errors import ConfigError
from crawlproj.http import DownloadHandler
from crawlproj.http.connection import Protocol
from tests.http.helpers import PHASES, crawler_with, on_reactor, open_handler
from tests.http.mockserver import Proxy, Site, running
from tests.waiting import until_async

if TYPE_CHECKING:
    import trustme


# --- Phases ---------------------------------------------------------------------------------------


@on_reactor
async def test_a_new_connection_has_connect_phases_and_a_reused_one_has_none(site: Site) -> None:
    url = site.url("/slow?s=0.05", "localhost")
    async with open_handler() as handler:
        new, reused = Request(url), Request(url)
        await handler.download_request(new)
        await handler.download_request(reused)
    timings = new.meta["timings"]
    assert list(timings) == PHASES
    assert timings["dns"] > 0.0
    assert timings["connect"] > 0.0
    assert timings["tls"] == 0.0
    assert 0.04 < timings["ttfb"] < 5
    before_headers = sum(timings.values()) - timings["transfer"]
    assert new.meta["download_latency"] == pytest.approx(before_headers, abs=1e-4)
    again = reused.meta["timings"]
    assert (again["dns"], again["connect"], again["tls"]) == (0.0, 0.0, 0.0)
    assert again["ttfb"] > 0.04


@on_reactor
async def test_trusted_certificates_are_not_read_for_sites_and_proxies_without_tls(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: ssl.SSLContext, purpose: object = None) -> None:
        pytest.fail(f"reading them takes a tenth of a second; for {purpose}")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", read)
    proxied = {"proxy": site.url("/")}
    async with open_handler(DOWNLOAD_VERIFY_CERTIFICATES=True) as handler:
        for request in (Request(site.url("/text")), Request("http://a.test/text", meta=proxied)):
            assert (await handler.download_request(request)).status == 200


@on_reactor
async def test_a_busy_event_loop_does_not_count_as_the_sites_latency(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Protocol.data_received

    def receive_and_be_busy(protocol: Protocol, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.5)  # before whoever waits goes on
        receive(protocol, data)

    monkeypatch.setattr(Protocol, "data_received", receive_and_be_busy)
    request = Request(site.url("/text"))
    async with open_handler() as handler:
        await handler.download_request(request)
    timings = request.meta["timings"]
    assert timings["ttfb"] < timings["transfer"]
    assert timings["transfer"] >= 0.5


@on_reactor
async def test_tls_is_a_separate_phase_directly_and_through_a_tunnel(
    tls_site: Site, proxy: Proxy
) -> None:
    direct = Request(tls_site.url("/text"))
    tunnelled = Request(tls_site.url("/text"), meta={"proxy": proxy.url("")})
    async with open_handler(DOWNLOAD_VERIFY_CERTIFICATES=False) as handler:
        for request in (direct, tunnelled):
            await handler.download_request(request)
            assert request.meta["timings"]["tls"] > 0.0
            assert request.meta["timings"]["connect"] > 0.0


@on_reactor
async def test_waiting_for_a_connection_counts_as_queued(site: Site) -> None:
    requests = [Request(site.url("/slow?s=0.1")) for _ in range(2)]
    async with open_handler(CONCURRENT_REQUESTS=1) as handler:
        await asyncio.gather(*(handler.download_request(request) for request in requests))
    first_s, second_s = sorted(request.meta["timings"]["queued"] for request in requests)
    assert second_s - first_s > 0.09


@on_reactor
async def test_a_failed_request_records_the_phases_it_reached(site: Site) -> None:
    silent = Request(site.url("/silent"), meta={"download_timeout": 0.1})
    stuck = Request(site.url("/stuck"), meta={"download_timeout": 0.1})
    unknown = Request("http://no-such-host.invalid/")
    async with open_handler() as handler:
        for request in (silent, stuck, unknown):
            with pytest.raises(Exception, match="Getting"):
                await handler.download_request(request)
    assert silent.meta["timings"]["ttfb"] == pytest.approx(0.1, abs=0.08)
    assert silent.meta["timings"]["transfer"] == 0.0
    assert "download_latency" not in silent.meta
    assert stuck.meta["timings"]["transfer"] > 0.05
    assert unknown.meta["timings"]["dns"] > 0.0
    assert unknown.meta["timings"]["ttfb"] == 0.0


@on_reactor
async def test_a_request_that_found_its_connection_closed_and_no_other_was_not_answered() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    again = Request(url)
    async with open_handler() as handler:
        await handler.download_request(Request(url))
        with pytest.raises(DownloadConnectionRefusedError):
            await handler.download_request(again)
    assert again.meta["timings"]["ttfb"] == 0.0


@on_reactor
async def test_a_tls_site_is_reached_through_a_tls_proxy(
    authority: trustme.CA, tls_site: Site
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    tls_proxy = Proxy(tls=context)
    request = Request(tls_site.url("/text"))
    with running(tls_proxy):
        request.meta["proxy"] = tls_proxy.url("")
        async with open_handler(DOWNLOAD_VERIFY_CERTIFICATES=False) as handler:
            assert (await handler.download_request(request)).body == b"Works"
    assert tls_proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{tls_site.port} ")


# --- Connections ----------------------------------------------------------------------------------


@on_reactor
async def test_open_connections_never_exceed_concurrent_requests(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    servers = [Site(), Site(), Site(context)]
    with running(*servers):
        crawler = crawler_with(CONCURRENT_REQUESTS=3, DOWNLOAD_VERIFY_CERTIFICATES=False)
        plain, tls = (DownloadHandler.from_crawler(crawler) for _ in range(2))
        assert plain is tls, "both schemes share one pool"
        for server in servers:  # each leaves idle connections, which must make room for the next
            url = server.url("/slow?s=0.02")
            await asyncio.gather(*(plain.download_request(Request(url)) for _ in range(6)))
            assert server.max_open == 3
            assert plain._connector is not None
            assert plain._connector.open_connections() <= 3
        await until_async(lambda: sum(server.open_now for server in servers) == 3)
        await plain.close()
        await until_async(lambda: sum(server.open_now for server in servers) == 0)


@on_reactor
async def test_only_idempotent_requests_are_sent_again_after_a_stale_connection(
    site: Site,
) -> None:
    async with open_handler() as handler:
        await handler.download_request(Request(site.url("/stale")))
        site.requests.clear()
        await handler.download_request(Request(site.url("/stale")))
        assert site.requests == ["GET /stale", "GET /stale"]
        with pytest.raises(DownloadFailedError):
            await handler.download_request(Request(site.url("/stale"), method="POST", body=b"x"))
        assert site.requests[2:] == ["POST /stale"]


@on_reactor
async def test_a_request_is_not_sent_again_if_a_new_connection_breaks(site: Site) -> None:
    async with open_handler() as handler:
        site.requests.clear()
        with pytest.raises(DownloadFailedError):
            await handler.download_request(Request(site.url("/drop")))
    assert site.requests == ["GET /drop"]


@on_reactor
async def test_a_body_is_not_received_faster_than_it_is_read(site: Site) -> None:
    heard: list[int] = []

    def on_bytes(data: bytes) -> None:
        heard.append(len(data))

    async with open_handler() as handler:
        handler._crawler.signals.connect(on_bytes, signals.bytes_received)
        response = await handler.download_request(Request(site.url("/big?n=20000000")))
    assert sum(heard) == len(response.body) == 20_000_000
    assert max(heard) <= 1_000_000


@on_reactor
async def test_large_bodies_share_the_memory_budget_and_all_arrive(site: Site) -> None:
    requests = [Request(site.url("/big?n=3000000")) for _ in range(8)]
    held: list[int] = []
    async with open_handler(MEMORY_BUDGET=4_000_000, DOWNLOAD_TIMEOUT=30) as handler:

        def on_bytes() -> None:
            held.append(handler._budget.used)

        handler._crawler.signals.connect(on_bytes, signals.bytes_received)

        async def size(request: Request) -> int:
            return len((await handler.download_request(request)).body)

        downloads = [asyncio.ensure_future(size(requests.pop())) for _ in range(8)]
        assert await asyncio.gather(*downloads) == [3_000_000] * 8
        del downloads
        assert max(held) < 4_000_000 + 3_000_000 + 8 * 300_000
        gc.collect()
        assert handler._budget.used == 0


@on_reactor
async def test_different_bind_addresses_do_not_share_connections(site: Site) -> None:
    async with open_handler() as handler:
        before = site.connections
        for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2", None):
            request = Request(site.url("/text"), meta={"bindaddress": address})
            await handler.download_request(request)
    assert site.connections - before == 3


@on_reactor
async def test_plain_requests_to_many_hosts_share_the_proxys_connection(proxy: Proxy) -> None:
    async with open_handler() as handler:
        for host in ("a", "b", "c"):
            request = Request(f"http://{host}.example/", meta={"proxy": proxy.url("")})
            await handler.download_request(request)
    assert proxy.connections == 1


@on_reactor
async def test_the_error_for_a_wrong_bind_address_names_the_meta_key(site: Site) -> None:
    async with open_handler() as handler:
        with pytest.raises(ConfigError, match='meta\\["bindaddress"\\]'):
            await handler.download_request(Request(site.url("/"), meta={"bindaddress": 7}))


@on_reactor
async def test_a_proxy_that_is_not_http_is_refused_and_its_scheme_named(site: Site) -> None:
    request = Request(site.url("/"), meta={"proxy": "socks5://127.0.0.1:1"})
    async with open_handler() as handler:
        with pytest.raises(UnsupportedURLSchemeError, match="socks5"):
            await handler.download_request(request)


@on_reactor
async def test_errors_omit_credentials(site: Site) -> None:
    url = site.url("/silent").replace("://", "://user:secret@")
    async with open_handler() as handler:
        with pytest.raises(DownloadTimeoutError) as caught:
            await handler.download_request(Request(url, meta={"download_timeout": 0.05}))
    assert "secret" not in str(caught.value)


@on_reactor
async def test_no_signal_is_sent_without_a_listener(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_handler() as handler:

        def never(*args: Any, **kwargs: Any) -> None:
            raise AssertionError("a signal was sent")

        monkeypatch.setattr(handler._crawler.signals, "send_catch_log", never)
        assert (await handler.download_request(Request(site.url("/text")))).body == b"Works"


@on_reactor
async def test_the_error_for_a_refused_connection_names_the_address(site: Site) -> None:
    async with open_handler() as handler:
        with pytest.raises(DownloadConnectionRefusedError, match=r"127\.0\.0\.1:1\b"):
            await handler.download_request(Request("http://127.0.0.1:1/"))


def test_a_wrong_setting_is_an_error_when_the_handler_is_built() -> None:
    with pytest.raises(ConfigError, match="GUARD_ALLOW"):
        DownloadHandler.from_crawler(crawler_with(GUARD_ALLOW=["loopback"]))
