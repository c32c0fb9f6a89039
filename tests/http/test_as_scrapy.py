"""What Scrapy's own HTTP handler does, ours does: every test here runs over both.

The tests of what differs on purpose are at the end, each with its reason.
"""

from __future__ import annotations

import json
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, signals
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.http import HtmlResponse, JsonResponse, TextResponse
from twisted.web.iweb import UNKNOWN_LENGTH

from tests.http.helpers import HTTP11, OURS, on_reactor, open_handler

if TYPE_CHECKING:
    from tests.http.mockserver import Proxy, Site

pytestmark = pytest.mark.parametrize("path", [OURS, HTTP11], ids=["ours", "http11"])


async def fetch(path: str, request: Request, **settings: Any) -> Any:
    async with open_handler(path, **settings) as handler:
        return await handler.download_request(request)


def sent(response: Any) -> list[str]:
    """Return the request's lines as the site received them."""
    head: str = json.loads(response.body)["head"]
    return head.rstrip("\r\n").split("\r\n")


@on_reactor
async def test_a_page_arrives_whole_with_where_it_came_from(path: str, site: Site) -> None:
    request = Request(site.url("/text#part"))
    response = await fetch(path, request)
    assert (response.status, response.body) == (200, b"Works")
    assert response.url == site.url("/text")
    assert response.ip_address == ip_address("127.0.0.1")
    assert response.protocol == "HTTP/1.1"
    assert response.certificate is None
    assert response.flags == []
    assert type(response) is TextResponse
    assert 0 < request.meta["download_latency"] < 5


@on_reactor
async def test_only_what_the_request_says_is_sent(path: str, site: Site) -> None:
    headers = {"X-Many": ["one", "two"], "Accept": "text/html", "Cookie": "a=b; c=d"}
    response = await fetch(path, Request(site.url("/echo?q=%7Ea&b=1+2"), headers=headers))
    assert sent(response)[0] == "GET /echo?q=%7Ea&b=1+2 HTTP/1.1"
    assert sorted(sent(response)[1:]) == [
        "Accept: text/html",
        "Cookie: a=b; c=d",
        f"Host: 127.0.0.1:{site.port}",
        "X-Many: one",
        "X-Many: two",
    ]


@on_reactor
async def test_header_bytes_are_sent_as_they_are_but_on_one_line(path: str, site: Site) -> None:
    headers = {"X-Raw": b"caf\xe9", "X-Split": b"a\r\nX-Injected: b"}
    lines = sent(await fetch(path, Request(site.url("/echo"), headers=headers)))
    assert "X-Raw: caf\xe9" in lines
    assert "X-Split: a X-Injected: b" in lines


@on_reactor
async def test_a_host_header_of_the_request_is_the_one_sent(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/echo"), headers={"Host": "other.example"}))
    assert [line for line in sent(response) if line.startswith("Host")] == ["Host: other.example"]


@on_reactor
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
async def test_a_body_is_sent_exactly(path: str, site: Site, method: str) -> None:
    body = bytes(range(256)) * 500
    response = await fetch(path, Request(site.url("/echo"), method=method, body=body))
    assert json.loads(response.body)["body"].encode("latin-1") == body
    assert f"Content-Length: {len(body)}" in sent(response)
    assert not any(line.startswith("Content-Type") for line in sent(response))


@on_reactor
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_absent_body_is_announced_where_one_is_expected(
    path: str, site: Site, method: str
) -> None:
    response = await fetch(path, Request(site.url("/echo"), method=method))
    assert sent(response)[0] == f"{method} /echo HTTP/1.1"
    assert "Content-Length: 0" in sent(response)


@on_reactor
async def test_a_verbatim_url_is_sent_as_it_is(path: str, site: Site) -> None:
    url = site.url("/echo?q=a'b|c^d")
    response = await fetch(path, Request(url, meta={"verbatim_url": True}))
    assert sent(response)[0] == "GET /echo?q=a'b|c^d HTTP/1.1"


@on_reactor
async def test_a_head_response_has_no_body(path: str, site: Site) -> None:
    response = await fetch(
        path, Request(site.url("/big?n=5000"), method="HEAD"), DOWNLOAD_MAXSIZE=100
    )
    assert (response.status, response.body) == (200, b"")
    assert response.headers["Content-Length"] == b"5000"
    assert response.ip_address == ip_address("127.0.0.1")


@on_reactor
@pytest.mark.parametrize("code", [200, 204, 301, 304, 404, 500, 999])
async def test_every_status_is_a_response_and_no_redirect_is_followed(
    path: str, site: Site, code: int
) -> None:
    response = await fetch(path, Request(site.url(f"/status?code={code}")))
    assert (response.status, response.body) == (code, b"")
    assert response.headers["Location"] == b"/text"


@on_reactor
async def test_an_interim_response_is_passed_over(path: str, site: Site) -> None:
    assert (await fetch(path, Request(site.url("/informed")))).body == b"after 103"


@on_reactor
async def test_repeated_and_raw_response_headers_are_kept(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/headers")))
    assert response.headers.getlist("Set-Cookie") == [b"a=1", b"b=2"]
    assert response.headers["X-Raw"] == b"caf\xe9"
    assert response.headers["X-Empty"] == b""
    assert response.headers["Content-Length"] == b"2"
    assert isinstance(response, HtmlResponse)


@on_reactor
async def test_nothing_is_decoded(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/gzip")))
    assert response.body.startswith(b"\x1f\x8b")
    assert response.headers["Content-Encoding"] == b"gzip"


@on_reactor
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/typed?as=application/json", JsonResponse),
        ("/typed?as=text/HTML;%20charset=utf-8", HtmlResponse),
        ("/typed?as=application/octet-stream", HtmlResponse),
        ("/untyped", HtmlResponse),
    ],
)
async def test_the_response_class_is_scrapys_choice(
    path: str, site: Site, target: str, expected: type
) -> None:
    assert type(await fetch(path, Request(site.url(target)))) is expected


@on_reactor
async def test_a_chunked_body_is_joined(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/chunked")))
    assert (response.body, response.flags) == (b"abcdef", [])


@on_reactor
async def test_a_body_that_only_the_connections_end_ended_is_flagged_partial(
    path: str, site: Site
) -> None:
    response = await fetch(path, Request(site.url("/unframed")))
    assert (response.body, response.flags) == (b"until the end", ["partial"])


@on_reactor
async def test_http_1_0_is_understood(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/http10")))
    assert (response.body, response.protocol) == (b"old", "HTTP/1.0")


@on_reactor
@pytest.mark.parametrize("target", ["/short", "/chunked-cut"])
async def test_a_cut_body_is_data_loss(path: str, site: Site, target: str) -> None:
    with pytest.raises(ResponseDataLossError):
        await fetch(path, Request(site.url(target)))


@on_reactor
@pytest.mark.parametrize(
    ("target", "body"), [("/short", b"partial data"), ("/chunked-cut", b"abcdefabc")]
)
@pytest.mark.parametrize("by", ["meta", "setting"])
async def test_a_cut_body_is_kept_and_flagged_when_asked(
    path: str, site: Site, target: str, body: bytes, by: str
) -> None:
    meta = {"download_fail_on_dataloss": False} if by == "meta" else {}
    request = Request(site.url(target), meta=meta)
    response = await fetch(path, request, DOWNLOAD_FAIL_ON_DATALOSS=by == "meta")
    assert (response.body, response.flags) == (body, ["dataloss"])


@on_reactor
@pytest.mark.parametrize("target", ["/big?n=5000", "/chunked-big"])
@pytest.mark.parametrize("by", ["meta", "setting"])
async def test_a_body_over_maxsize_is_cancelled(
    path: str, site: Site, target: str, by: str
) -> None:
    meta = {"download_maxsize": 4096} if by == "meta" else {}
    settings = {} if by == "meta" else {"DOWNLOAD_MAXSIZE": 4096}
    with pytest.raises(DownloadCancelledError):
        await fetch(path, Request(site.url(target), meta=meta), **settings)


@on_reactor
@pytest.mark.parametrize(
    ("target", "words"),
    [("/big?n=5000", "Expected to receive 5000 bytes"), ("/chunked-big", "Received ")],
)
async def test_a_body_over_warnsize_is_logged_once_and_kept(
    path: str, site: Site, target: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    await fetch(path, Request(site.url(target), meta={"download_warnsize": 4096}))
    warnings = [record.message for record in caplog.records if "warn size" in record.message]
    assert len(warnings) == 1
    assert warnings[0].startswith(words)


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
async def test_a_refused_connection_is_reported_as_such(path: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(DownloadConnectionRefusedError):
            await fetch(path, Request(url))


@on_reactor
async def test_a_name_that_does_not_resolve_is_reported_as_such(path: str) -> None:
    with pytest.raises(CannotResolveHostError):
        await fetch(path, Request("http://no-such-host.invalid/"))


@on_reactor
@pytest.mark.parametrize("target", ["/drop", "/garbage", "/half-a-head"])
async def test_a_broken_exchange_is_a_failed_download(path: str, site: Site, target: str) -> None:
    with pytest.raises(DownloadFailedError):
        await fetch(path, Request(site.url(target)))


@on_reactor
async def test_a_kept_connection_closed_just_as_it_is_reused_is_no_failure(
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
async def test_stop_download_stops(path: str, site: Site, signal: str, fail: bool) -> None:
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
async def test_listeners_that_do_not_stop_change_nothing(path: str, site: Site) -> None:
    received: list[bytes] = []

    def on_bytes(data: bytes) -> None:
        received.append(data)

    async with open_handler(path) as handler:
        handler._crawler.signals.connect(on_bytes, signals.bytes_received)
        response = await handler.download_request(Request(site.url("/big?n=300000")))
    assert b"".join(received) == response.body == b"x" * 300_000


@on_reactor
@pytest.mark.parametrize("by", ["meta", "setting", "pair"])
async def test_a_bind_address_is_where_the_connection_comes_from(
    path: str, site: Site, by: str
) -> None:
    value: Any = ("127.0.0.1", 0) if by == "pair" else "127.0.0.1"
    meta = {"bindaddress": value} if by != "setting" else {}
    settings = {"DOWNLOAD_BIND_ADDRESS": value} if by == "setting" else {}
    response = await fetch(path, Request(site.url("/text"), meta=meta), **settings)
    assert response.body == b"Works"


@on_reactor
async def test_a_bind_address_of_another_machine_fails(path: str, site: Site) -> None:
    with pytest.raises(Exception, match=r"(?i)bind|assign|listen"):
        await fetch(path, Request(site.url("/text"), meta={"bindaddress": "192.0.2.1"}))


@on_reactor
async def test_a_tls_site_is_verified_and_its_certificate_is_on_the_response(
    path: str, tls_site: Site, trusted: None
) -> None:
    request = Request(tls_site.url("/text", "localhost"))
    response = await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=True)
    assert response.body == b"Works"
    assert response.ip_address == ip_address("127.0.0.1")
    assert b"trustme" in response.certificate.getIssuer()["organizationName"]


@on_reactor
async def test_an_untrusted_certificate_fails_the_download(path: str, tls_site: Site) -> None:
    with pytest.raises(DownloadFailedError):
        await fetch(
            path, Request(tls_site.url("/text", "localhost")), DOWNLOAD_VERIFY_CERTIFICATES=True
        )


@on_reactor
async def test_an_untrusted_certificate_will_do_when_not_verified(
    path: str, tls_site: Site
) -> None:
    response = await fetch(path, Request(tls_site.url("/text")), DOWNLOAD_VERIFY_CERTIFICATES=False)
    assert response.body == b"Works"


@on_reactor
async def test_tls_versions_without_overlap_fail_the_download(path: str, tls_site: Site) -> None:
    with pytest.raises(DownloadFailedError):
        await fetch(
            path,
            Request(tls_site.url("/text")),
            DOWNLOAD_VERIFY_CERTIFICATES=False,
            DOWNLOADER_CLIENT_TLS_CIPHERS="ECDHE-ECDSA-AES256-SHA",
            DOWNLOAD_TLS_MAX_VERSION="TLSv1.2",
        )


@on_reactor
async def test_a_plain_request_goes_through_the_proxy_in_absolute_form(
    path: str, proxy: Proxy
) -> None:
    request = Request("http://site.example/a?b", meta={"proxy": proxy.url("")})
    request.headers["Proxy-Authorization"] = b"Basic dTpw"
    lines = sent(await fetch(path, request))
    assert lines[0] == "GET http://site.example/a?b HTTP/1.1"
    assert "Host: site.example" in lines
    assert "Proxy-Authorization: Basic dTpw" in lines


@on_reactor
async def test_a_proxy_may_be_named_without_a_scheme(path: str, proxy: Proxy) -> None:
    request = Request("http://site.example/", meta={"proxy": f"127.0.0.1:{proxy.port}"})
    assert sent(await fetch(path, request))[0] == "GET http://site.example/ HTTP/1.1"


@on_reactor
async def test_a_proxy_that_wants_credentials_answers_for_a_plain_request(
    path: str, strict_proxy: Proxy
) -> None:
    request = Request("http://site.example/", meta={"proxy": strict_proxy.url("")})
    assert (await fetch(path, request)).status == 407


@on_reactor
async def test_a_tls_request_is_tunnelled_and_the_site_sees_no_proxy_credentials(
    path: str, tls_site: Site, strict_proxy: Proxy
) -> None:
    request = Request(tls_site.url("/echo", "localhost"), meta={"proxy": strict_proxy.url("")})
    request.headers["Proxy-Authorization"] = b"Basic dXNlcjpzZWNyZXQ="
    response = await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=False)
    place = f"localhost:{tls_site.port}"
    assert sorted(strict_proxy.heads[0].split("\r\n")) == [
        "",
        "",
        f"CONNECT {place} HTTP/1.1",
        f"Host: {place}",
        "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=",
    ]
    assert sent(response) == ["GET /echo HTTP/1.1", f"Host: {place}"]
    assert response.certificate is not None


@on_reactor
async def test_a_tunnel_verifies_the_sites_name(
    path: str, tls_site: Site, proxy: Proxy, trusted: None
) -> None:
    request = Request(tls_site.url("/text", "localhost"), meta={"proxy": proxy.url("")})
    response = await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=True)
    assert response.body == b"Works"


# --- Differences on purpose -----------------------------------------------------------------------


@on_reactor
async def test_a_denied_tunnel_has_the_documented_type_where_http11_has_its_own(
    path: str, tls_site: Site, strict_proxy: Proxy
) -> None:
    # HTTP11 raises a class of its own module; "download failed" is the type Scrapy documents.
    request = Request(tls_site.url("/echo", "localhost"), meta={"proxy": strict_proxy.url("")})
    with pytest.raises(Exception, match="407") as caught:
        await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=False)
    assert type(caught.value) is (DownloadFailedError if path == OURS else TunnelError)


@on_reactor
async def test_headers_about_the_connection_are_kept_where_http11_hides_them(
    path: str, site: Site
) -> None:
    # Twisted takes them out of the response; they are what the site sent, so ours stay.
    response = await fetch(path, Request(site.url("/headers")))
    assert response.headers.get("Keep-Alive") == (b"timeout=5" if path == OURS else None)
    chunked = await fetch(path, Request(site.url("/chunked")))
    assert chunked.headers.get("Transfer-Encoding") == (b"chunked" if path == OURS else None)


@on_reactor
async def test_an_unknown_body_length_is_none_where_http11_passes_a_twisted_constant(
    path: str, site: Site
) -> None:
    # None is what Scrapy's newer handlers pass.
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
    # As curl does; HTTP11 takes "user:p%40ss@127.0.0.1" for a host name.
    request = Request(site.url("/echo").replace("://", "://user:p%40ss@"))
    if path == OURS:
        assert "Authorization: Basic dXNlcjpwQHNz" in sent(await fetch(path, request))
    else:
        with pytest.raises(ValueError, match="invalid hostname"):
            await fetch(path, request)
