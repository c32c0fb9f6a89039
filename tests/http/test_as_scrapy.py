"""Our handler does the same as Scrapy's: requests and responses, tested with both."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, JsonResponse, TextResponse

from tests.http.helpers import HTTP11, OURS, fetch, on_reactor, sent

if TYPE_CHECKING:
    from tests.http.mockserver import Site

pytestmark = pytest.mark.parametrize("path", [OURS, HTTP11], ids=["ours", "http11"])


@on_reactor
async def test_a_response_has_its_body_url_address_and_protocol(path: str, site: Site) -> None:
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
async def test_only_the_requests_own_headers_are_sent(path: str, site: Site) -> None:
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
async def test_header_bytes_are_sent_unchanged_but_on_one_line(path: str, site: Site) -> None:
    headers = {"X-Raw": b"caf\xe9", "X-Split": b"a\r\nX-Injected: b"}
    lines = sent(await fetch(path, Request(site.url("/echo"), headers=headers)))
    assert "X-Raw: caf\xe9" in lines
    assert "X-Split: a X-Injected: b" in lines


@on_reactor
async def test_the_requests_own_host_header_is_sent(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/echo"), headers={"Host": "other.example"}))
    assert [line for line in sent(response) if line.startswith("Host")] == ["Host: other.example"]


@on_reactor
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
async def test_a_body_is_sent_unchanged(path: str, site: Site, method: str) -> None:
    body = bytes(range(256)) * 500
    response = await fetch(path, Request(site.url("/echo"), method=method, body=body))
    assert json.loads(response.body)["body"].encode("latin-1") == body
    assert f"Content-Length: {len(body)}" in sent(response)
    assert not any(line.startswith("Content-Type") for line in sent(response))


@on_reactor
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_post_and_put_without_a_body_send_content_length_0(
    path: str, site: Site, method: str
) -> None:
    response = await fetch(path, Request(site.url("/echo"), method=method))
    assert sent(response)[0] == f"{method} /echo HTTP/1.1"
    assert "Content-Length: 0" in sent(response)


@on_reactor
async def test_a_verbatim_url_is_sent_unchanged(path: str, site: Site) -> None:
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
async def test_every_status_is_returned_and_no_redirect_is_followed(
    path: str, site: Site, code: int
) -> None:
    response = await fetch(path, Request(site.url(f"/status?code={code}")))
    assert (response.status, response.body) == (code, b"")
    assert response.headers["Location"] == b"/text"


@on_reactor
async def test_an_interim_response_is_skipped(path: str, site: Site) -> None:
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
async def test_a_compressed_body_is_not_decoded(path: str, site: Site) -> None:
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
async def test_the_response_class_is_the_one_scrapy_chooses(
    path: str, site: Site, target: str, expected: type
) -> None:
    assert type(await fetch(path, Request(site.url(target)))) is expected


@on_reactor
async def test_a_chunked_body_is_joined(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/chunked")))
    assert (response.body, response.flags) == (b"abcdef", [])


@on_reactor
async def test_a_body_ended_only_by_closing_the_connection_is_flagged_partial(
    path: str, site: Site
) -> None:
    response = await fetch(path, Request(site.url("/unframed")))
    assert (response.body, response.flags) == (b"until the end", ["partial"])


@on_reactor
async def test_an_http_1_0_response_is_read(path: str, site: Site) -> None:
    response = await fetch(path, Request(site.url("/http10")))
    assert (response.body, response.protocol) == (b"old", "HTTP/1.0")
