from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
)

from crawlproj.http.failures import translated
from crawlproj.http.head import MalformedResponse
from crawlproj.masking import without_credentials
from tests.http.helpers import OURS, fetch, on_reactor
from tests.http.mockserver import Reader, Server, Writer, running

if TYPE_CHECKING:
    from tests.http.mockserver import Site

URL = "https://user:secret@a.test/x"


class Key:
    host, port, ssl, is_ssl = "a.test", 443, True, True


KEY = cast("Any", Key())
WRONG_VERSION = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
WRONG_VERSION.reason = "WRONG_VERSION_NUMBER"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name not known")),
            CannotResolveHostError,
            "cannot resolve a.test: Name not known",
        ),
        (
            aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "Connection refused")),
            DownloadConnectionRefusedError,
            "cannot connect to a.test:443: Connection refused",
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, WRONG_VERSION),
            DownloadFailedError,
            "cannot agree on TLS with a.test:443: wrong version number",
        ),
        (
            aiohttp.ClientOSError(104, "Connection reset by peer"),
            DownloadFailedError,
            "Connection reset by peer",
        ),
        (
            MalformedResponse("the status line is '?'"),
            MalformedResponse,
            "the response is malformed: the status line is '?'",
        ),
        (OSError(), DownloadFailedError, "no reason was given"),
    ],
)
def test_a_failure_says_what_is_wrong_without_numbers_and_names_of_code(
    error: Exception, kind: type[Exception], words: str
) -> None:
    found = translated(error, URL)
    assert type(found) is kind
    assert str(found) == f"Getting {without_credentials(URL)}: {words}"


class NoProxy(Server):
    """Answers CONNECT with what is not HTTP."""

    async def converse(self, reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"what?\r\n\r\n")


@on_reactor
async def test_a_proxy_that_answers_nonsense_is_told_without_a_drawing_of_it(
    tls_site: Site,
) -> None:
    proxy = NoProxy()
    with running(proxy):
        request = Request(tls_site.url("/text"), meta={"proxy": proxy.url("")})
        with pytest.raises(DownloadFailedError) as caught:
            await fetch(OURS, request)
    assert str(caught.value).endswith(": the proxy's answer to CONNECT is malformed")


@on_reactor
async def test_a_certificate_that_is_not_accepted_is_told_by_its_fault(tls_site: Site) -> None:
    with pytest.raises(DownloadFailedError) as caught:
        await fetch(OURS, Request(tls_site.url("/text")), DOWNLOAD_VERIFY_CERTIFICATES=True)
    detail = str(caught.value)
    assert "the certificate of 127.0.0.1:" in detail
    assert "_ssl.c" not in detail
