from __future__ import annotations

import errno
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
    DownloadTimeoutError,
)

from crawlproj.http.failures import translated, trouble_of
from crawlproj.http.head import MalformedResponse
from crawlproj.limits.network import Trouble
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
            aiohttp.InvalidUrlClientError("1.2.3.4.5", "is not a canonical IPv4 address"),
            CannotResolveHostError,
            "cannot resolve 1.2.3.4.5: it is not a canonical IPv4 address",
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
async def test_a_proxy_that_answers_nonsense_is_reported_without_a_drawing_of_it(
    tls_site: Site,
) -> None:
    proxy = NoProxy()
    with running(proxy):
        request = Request(tls_site.url("/text"), meta={"proxy": proxy.url("")})
        with pytest.raises(DownloadFailedError) as caught:
            await fetch(OURS, request)
    assert str(caught.value).endswith(": the proxy's answer to CONNECT is malformed")


@on_reactor
async def test_a_certificate_that_is_not_accepted_is_reported_by_its_fault(tls_site: Site) -> None:
    with pytest.raises(DownloadFailedError) as caught:
        await fetch(OURS, Request(tls_site.url("/text")), DOWNLOAD_VERIFY_CERTIFICATES=True)
    detail = str(caught.value)
    assert "the certificate of 127.0.0.1:" in detail
    assert "_ssl.c" not in detail


def failure(error: OSError, *, connecting: bool = True) -> Exception:
    """The error that a download raises because of ``error``."""
    if isinstance(error, socket.gaierror):
        low: Exception = aiohttp.ClientConnectorDNSError(KEY, error)
    else:
        low = aiohttp.ClientConnectorError(KEY, error) if connecting else error
    made = translated(low, URL)
    made.__cause__ = low
    return made


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "try again"), Trouble.NAMES),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), None),
        (OSError(errno.EMFILE, "too many open files"), Trouble.FILES),
        (OSError(errno.ENETUNREACH, "unreachable"), Trouble.ROUTES),
        (OSError(errno.EHOSTUNREACH, "no route to host"), Trouble.SILENCE),
        (OSError("Multiple exceptions: …"), Trouble.SILENCE),
        (OSError(errno.ECONNREFUSED, "refused"), None),
        (OSError(errno.ECONNRESET, "reset"), None),
        (WRONG_VERSION, None),
    ],
)
def test_only_what_may_be_our_own_fault_is_trouble(error: OSError, trouble: Trouble | None) -> None:
    assert trouble_of(failure(error)) is trouble


def test_a_broken_connection_is_no_trouble_and_a_silent_one_is() -> None:
    assert trouble_of(failure(ConnectionResetError(), connecting=False)) is None
    assert trouble_of(DownloadFailedError("the server disconnected")) is None
    assert trouble_of(DownloadTimeoutError("took longer than 3 s")) is Trouble.SILENCE
    assert trouble_of(failure(OSError(errno.ENETUNREACH, "x"), connecting=False)) is Trouble.ROUTES
