"""Our handler does the same as Scrapy's: limits, failures and signals, tested with both."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)

from tests.http.helpers import HTTP11, OURS, fetch, on_reactor, open_handler

if TYPE_CHECKING:
    from tests.http.mockserver import Site

pytestmark = pytest.mark.parametrize("path", [OURS, HTTP11], ids=["ours", "http11"])


@on_reactor
@pytest.mark.parametrize("target", ["/short", "/chunked-cut"])
async def test_a_truncated_body_raises_data_loss(path: str, site: Site, target: str) -> None:
    with pytest.raises(ResponseDataLossError):
        await fetch(path, Request(site.url(target)))


@on_reactor
@pytest.mark.parametrize(
    ("target", "body"), [("/short", b"partial data"), ("/chunked-cut", b"abcdefabc")]
)
@pytest.mark.parametrize("by", ["meta", "setting"])
async def test_a_truncated_body_is_kept_and_flagged_if_dataloss_is_allowed(
    path: str, site: Site, target: str, body: bytes, by: str
) -> None:
    meta = {"download_fail_on_dataloss": False} if by == "meta" else {}
    request = Request(site.url(target), meta=meta)
    response = await fetch(path, request, DOWNLOAD_FAIL_ON_DATALOSS=by == "meta")
    assert (response.body, response.flags) == (body, ["dataloss"])


@on_reactor
@pytest.mark.parametrize("target", ["/big?n=5000", "/chunked-big"])
@pytest.mark.parametrize("by", ["meta", "setting"])
async def test_a_body_over_maxsize_cancels_the_download(
    path: str, site: Site, target: str, by: str, caplog: pytest.LogCaptureFixture
) -> None:
    meta = {"download_maxsize": 4096} if by == "meta" else {}
    settings = {} if by == "meta" else {"DOWNLOAD_MAXSIZE": 4096}
    with pytest.raises(DownloadCancelledError):
        await fetch(path, Request(site.url(target), meta=meta), **settings)
    assert " bytes which is larger than download max size (4096) in request <GET " in caplog.text


@on_reactor
@pytest.mark.parametrize(
    ("target", "words"),
    [("/big?n=5000", "Expected to receive 5000 bytes"), ("/chunked-big", "Received ")],
)
async def test_a_body_over_warnsize_is_kept_and_logs_one_warning(
    path: str, site: Site, target: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    await fetch(path, Request(site.url(target), meta={"download_warnsize": 4096}))
    warnings = [record.message for record in caplog.records if "warn size" in record.message]
    (warning,) = warnings
    assert warning.startswith(words)
    assert " bytes which is larger than download warn size (4096) in request <GET " in warning


@on_reactor
async def test_a_body_of_exactly_maxsize_is_kept(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/big?n=5000")), DOWNLOAD_MAXSIZE=5000)
    assert len(response.body) == 5000


@on_reactor
@pytest.mark.parametrize("target", ["/silent", "/stuck"])
async def test_a_download_that_takes_too_long_times_out(path: str, site: Site, target: str) -> None:
    with pytest.raises(DownloadTimeoutError, match=r"took longer than 0\.2 seconds"):
        await fetch(path, Request(site.url(target), meta={"download_timeout": 0.2}))


@on_reactor
async def test_a_refused_connection_raises_connection_refused(path: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(DownloadConnectionRefusedError):
            await fetch(path, Request(url))


@on_reactor
async def test_a_name_that_does_not_resolve_raises_cannot_resolve_host(path: str) -> None:
    with pytest.raises(CannotResolveHostError):
        await fetch(path, Request("http://no-such-host.invalid/"))


@on_reactor
@pytest.mark.parametrize("target", ["/drop", "/garbage", "/half-a-head"])
async def test_a_broken_exchange_raises_download_failed(path: str, site: Site, target: str) -> None:
    with pytest.raises(DownloadFailedError):
        await fetch(path, Request(site.url(target)))


@on_reactor
async def test_a_kept_connection_that_closes_on_reuse_does_not_fail_the_request(
    path: str, site: Site
) -> None:
    async with open_handler(path) as handler:
        for _ in range(3):
            response = await handler.download_request(Request(site.url("/stale")))
            assert response.body == b"Works"


@on_reactor
async def test_connections_are_kept_and_reused(path: str, site: Site) -> None:
    async with open_handler(path) as handler:
        before = site.connections
        for _ in range(5):
            await handler.download_request(Request(site.url("/text")))
        assert site.connections - before == 1


@on_reactor
@pytest.mark.parametrize("fail", [True, False])
@pytest.mark.parametrize("signal", ["headers_received", "bytes_received"])
async def test_stop_download_ends_the_download(
    path: str, site: Site, signal: str, fail: bool
) -> None:
    heard: list[dict[str, Any]] = []

    def stop(**kwargs: Any) -> None:
        heard.append(kwargs)
        raise StopDownload(fail=fail)

    request = Request(site.url("/stuck"))
    async with open_handler(path) as handler:
        handler._crawler.signals.connect(stop, getattr(signals, signal))
        if fail:
            with pytest.raises(StopDownload) as caught:
                await handler.download_request(request)
            response = caught.value.response
        else:
            response = await handler.download_request(request)
    assert response is not None
    assert response.flags == ["download_stopped"]
    assert response.body == (b"some" if signal == "bytes_received" else b"")
    assert heard[0]["request"] is request
    if signal == "headers_received":
        assert heard[0]["body_length"] == 99
        assert heard[0]["headers"]["Content-Length"] == b"99"
    else:
        assert heard[0]["data"] == b"some"


@on_reactor
async def test_a_bytes_received_listener_that_does_not_stop_sees_the_whole_body(
    path: str, site: Site
) -> None:
    received: list[bytes] = []

    def on_bytes(data: bytes) -> None:
        received.append(data)

    async with open_handler(path) as handler:
        handler._crawler.signals.connect(on_bytes, signals.bytes_received)
        response = await handler.download_request(Request(site.url("/big?n=300000")))
    assert b"".join(received) == response.body == b"x" * 300_000
