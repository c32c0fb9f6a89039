"""Our handler does the same as Scrapy's: bind addresses, TLS and proxies, tested with both."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadFailedError
from scrapy.utils.misc import load_object

from tests.http.helpers import HTTP11, OURS, fetch, on_reactor, sent

if TYPE_CHECKING:
    from tests.http.mockserver import Proxy, Site

pytestmark = pytest.mark.parametrize("path", [OURS, HTTP11], ids=["ours", "http11"])


@on_reactor
@pytest.mark.parametrize("by", ["meta", "setting", "pair"])
async def test_a_connection_comes_from_its_bind_address(path: str, site: Site, by: str) -> None:
    value: Any = ("127.0.0.2", 0) if by == "pair" else "127.0.0.2"
    meta = {"bindaddress": value} if by != "setting" else {}
    settings = {"DOWNLOAD_BIND_ADDRESS": value} if by == "setting" else {}
    await fetch(path, Request(site.url("/text"), meta=meta), **settings)
    assert site.peer == "127.0.0.2"


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
async def test_verbose_tls_logging_names_the_host_protocol_and_cipher(
    path: str, tls_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    request = Request(tls_site.url("/text", "localhost"))
    await fetch(
        path,
        request,
        DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING=True,
        DOWNLOAD_VERIFY_CERTIFICATES=False,
    )
    assert "SSL connection to localhost using protocol TLSv1.3, cipher TLS_" in caplog.text


@on_reactor
async def test_an_untrusted_certificate_fails_the_download(path: str, tls_site: Site) -> None:
    with pytest.raises(DownloadFailedError):
        await fetch(
            path, Request(tls_site.url("/text", "localhost")), DOWNLOAD_VERIFY_CERTIFICATES=True
        )


@on_reactor
async def test_an_untrusted_certificate_is_accepted_if_verification_is_off(
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
async def test_a_plain_request_gets_the_407_of_a_proxy_that_wants_credentials(
    path: str, strict_proxy: Proxy
) -> None:
    request = Request("http://site.example/", meta={"proxy": strict_proxy.url("")})
    assert (await fetch(path, request)).status == 407


@on_reactor
async def test_a_refused_tunnel_raises_the_type_that_middlewares_for_proxies_catch(
    path: str, tls_site: Site, strict_proxy: Proxy
) -> None:
    # Not imported above, because that looks at all modules there are: a second in each collection.
    tunnel_error = load_object(f"{HTTP11.rpartition('.')[0]}.TunnelError")
    request = Request(tls_site.url("/echo", "localhost"), meta={"proxy": strict_proxy.url("")})
    with pytest.raises(tunnel_error, match="407") as caught:
        await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=False)
    assert path == HTTP11 or isinstance(caught.value, DownloadFailedError)


@on_reactor
async def test_a_tunnelled_request_sends_no_proxy_credentials_to_the_site(
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
async def test_a_site_is_verified_through_a_tunnel(
    path: str, tls_site: Site, proxy: Proxy, trusted: None
) -> None:
    request = Request(tls_site.url("/text", "localhost"), meta={"proxy": proxy.url("")})
    response = await fetch(path, request, DOWNLOAD_VERIFY_CERTIFICATES=True)
    assert response.body == b"Works"
