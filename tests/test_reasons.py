"""The state and reason of a request for each exception it may end with."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from OpenSSL import SSL
from scrapy import Request, Spider
from scrapy import exceptions as scrapy_errors
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils._download_handlers import get_maxsize_msg
from scrapy.utils.test import get_crawler
from service_identity.exceptions import VerificationError
from twisted.internet import defer
from twisted.internet import error as twisted_errors
from twisted.python import failure
from twisted.web import client

from crawlproj.downloadermiddlewares.robots import RobotsUnreachable
from crawlproj.errors import AddressRefused
from crawlproj.frontier.base import State
from crawlproj.http.head import MalformedResponse
from crawlproj.reasons import detail_of, drop_reason, error_of, outcome_of, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

# Twisted has no annotations for these.
twisted_error: Any = twisted_errors
Failure: Any = failure.Failure
ResponseFailed: Any = client.ResponseFailed

REQUEST = Request("http://a.test/big")


def caused(exc: Exception, cause: BaseException) -> Exception:
    exc.__cause__ = cause
    return exc


NO_CONNECTION = frozenset({"ImpersonateError", "InvalidSchema", "InvalidURL", "TooManyRedirects"})


def of_another_library(name: str) -> Exception:
    """Return an exception as requests and curl_cffi have them: of the kinds of OSError."""
    base = type("RequestException", (OSError,), {})
    kinds = () if name in NO_CONNECTION else (type("ConnectionError", (base,), {}),)
    error = type(name, kinds or (base,), {})
    return caused(type(f"Precise{name}", (error,), {})("from a handler of the project's"), error())


def handling(exc: Exception, error: BaseException) -> Exception:
    exc.__context__ = error
    return exc


FAILED = [
    (scrapy_errors.DownloadTimeoutError(), "timeout"),
    (TimeoutError(), "timeout"),
    (twisted_error.TimeoutError(), "timeout"),
    (defer.TimeoutError(), "timeout"),
    (twisted_error.TCPTimedOutError(), "timeout"),
    (scrapy_errors.CannotResolveHostError("cannot resolve a.test"), "dns"),
    (twisted_error.DNSLookupError(), "dns"),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns"),
    (of_another_library("DNSError"), "dns"),
    (of_another_library("Timeout"), "timeout"),
    (of_another_library("SSLError"), "tls"),
    (of_another_library("ProxyError"), "connection-lost"),
    (of_another_library("InvalidSchema"), "scheme"),
    (of_another_library("TooManyRedirects"), "too-many-redirects"),
    (of_another_library("InvalidURL"), "exception-preciseinvalidurl"),
    (of_another_library("ImpersonateError"), "exception-preciseimpersonateerror"),
    (caused(scrapy_errors.DownloadFailedError(), of_another_library("SSLError")), "tls"),
    (scrapy_errors.DownloadConnectionRefusedError(), "connection-refused"),
    (twisted_error.ConnectionRefusedError(), "connection-refused"),
    (ConnectionRefusedError(), "connection-refused"),
    (scrapy_errors.DownloadFailedError("server disconnected"), "connection-lost"),
    (ConnectionResetError(), "connection-lost"),
    (twisted_error.ConnectionLost(), "connection-lost"),
    (twisted_error.ConnectionDone(), "connection-lost"),
    (ResponseFailed([Failure(twisted_error.ConnectionLost())]), "connection-lost"),
    (ssl.SSLCertVerificationError("self-signed"), "tls"),
    (ResponseFailed([Failure(VerificationError(errors=[]))]), "tls"),
    (caused(scrapy_errors.DownloadConnectionRefusedError(), ssl.SSLError("handshake")), "tls"),
    (
        caused(
            scrapy_errors.DownloadConnectionRefusedError(),
            handling(OSError("as httpx reports it"), ssl.SSLError("handshake")),
        ),
        "tls",
    ),
    (
        caused(scrapy_errors.DownloadConnectionRefusedError(), ConnectionRefusedError()),
        "connection-refused",
    ),
    (caused(scrapy_errors.DownloadFailedError(), ssl.SSLError("handshake")), "tls"),
    (ResponseFailed([Failure(SSL.Error("no protocols"))]), "tls"),
    (
        caused(
            scrapy_errors.DownloadFailedError(), ResponseFailed([Failure(SSL.Error("handshake"))])
        ),
        "tls",
    ),
    (scrapy_errors.ResponseDataLossError(), "data-loss"),
    (MalformedResponse("the status line is '?'"), "malformed-response"),
    (
        scrapy_errors.DownloadCancelledError(get_maxsize_msg(9, 8, REQUEST, expected=True)),
        "too-large",
    ),
    (
        scrapy_errors.DownloadCancelledError(get_maxsize_msg(9, 8, REQUEST, expected=False)),
        "too-large",
    ),
    (scrapy_errors.DownloadCancelledError("the crawl is being stopped"), "cancelled"),
    (asyncio.CancelledError(), "cancelled"),
    (scrapy_errors.StopDownload(), "stopped"),
    (scrapy_errors.UnsupportedURLSchemeError("gopher"), "scheme"),
    (scrapy_errors.NotSupported("Unsupported URL scheme 'ftp': no handler"), "scheme"),
    (scrapy_errors.NotSupported("Response content isn't text"), "exception-notsupported"),
    (AddressRefused("127.0.0.1 is loopback"), "guard"),
    (HttpError(Response("http://a.test/", status=404)), "http-404"),
    (HttpError(Response("http://a.test/", status=503)), "http-503"),
    (RobotsUnreachable("HTTP status 503"), "robots-unreachable"),
    (OSError("somebody's own"), "exception-oserror"),
    (OSError(errno.EPIPE, "Broken pipe"), "connection-lost"),
    (ValueError("anything else"), "exception-valueerror"),
]
SKIPPED = [
    (scrapy_errors.IgnoreRequest("Forbidden by robots.txt"), "robots"),
    (scrapy_errors.IgnoreRequest("Ignored request not in cache: <GET …>"), "not-in-cache"),
    (scrapy_errors.IgnoreRequest("somebody's own"), "ignored"),
]


def named(value: object) -> str:
    return value if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize(("exc", "slug"), FAILED, ids=named)
def test_a_failure_is_failed_with_its_reason(exc: BaseException, slug: str) -> None:
    assert outcome_of(exc) == (State.FAILED, slug)
    assert reason_of(exc) == slug


@pytest.mark.parametrize(("exc", "slug"), SKIPPED, ids=named)
def test_a_decision_not_to_fetch_is_skipped_with_its_reason(exc: BaseException, slug: str) -> None:
    assert outcome_of(exc) == (State.SKIPPED, slug)


def raised_by(call: Callable[[], object]) -> BaseException:
    with pytest.raises(scrapy_errors.IgnoreRequest) as caught:
        call()
    return caught.value


def test_a_request_that_scrapys_offsite_middleware_filters_is_skipped_as_offsite() -> None:
    class Local(Spider):
        name = "local"
        allowed_domains = ("a.test",)

    crawler = get_crawler(Local)
    crawler.spider = crawler._create_spider()
    middleware = OffsiteMiddleware.from_crawler(crawler)
    middleware.spider_opened(crawler.spider)
    exc = raised_by(lambda: middleware.process_request(Request("http://b.test/")))
    assert outcome_of(exc) == (State.SKIPPED, "offsite")


def test_a_request_that_scrapys_redirect_middleware_gives_up_has_too_many_redirects() -> None:
    crawler = get_crawler(settings_dict={"REDIRECT_MAX_TIMES": 0})
    crawler.spider = crawler._create_spider("test")
    middleware = RedirectMiddleware.from_crawler(crawler)
    request = Request("http://a.test/")
    response = Response(request.url, status=302, headers={"Location": "/elsewhere"})
    exc = raised_by(lambda: middleware.process_response(request, response))
    assert outcome_of(exc) == (State.FAILED, "too-many-redirects")


def test_an_exception_can_define_its_own_outcome() -> None:
    class Embargoed(scrapy_errors.IgnoreRequest):
        frontier_outcome = (State.SKIPPED, "embargo")

    assert outcome_of(Embargoed()) == (State.SKIPPED, "embargo")


def test_a_cycle_of_causes_does_not_loop_forever() -> None:
    exc = scrapy_errors.DownloadFailedError()
    exc.__cause__ = exc
    assert reason_of(exc) == "connection-lost"


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ("Getting http://user:secret@a.test/x: lost", "Getting http://***@a.test/x: lost"),
        ("proxy http://us@er:se@cret@a.test:80", "proxy http://***@a.test:80"),
        ("http://a.test/?mail=me@b.test", "http://a.test/?mail=me@b.test"),
        ("http://a.test?mail=me@b.test", "http://a.test?mail=me@b.test"),
        ("", "ValueError"),
        ("x" * 600, "x" * 500),
    ],
)
def test_the_detail_is_the_truncated_message_without_credentials(message: str, detail: str) -> None:
    assert detail_of(ValueError(message)) == detail


@pytest.mark.parametrize(
    ("status", "headers", "detail"),
    [
        (404, {"Link": "</>"}, "HTTP status 404"),
        (402, {"crawler-price": "USD 0.01"}, "HTTP status 402; Crawler-Price: USD 0.01"),
        (451, {"Link": '</x>; rel="blocked-by"'}, 'HTTP status 451; Link: </x>; rel="blocked-by"'),
        (451, {}, "HTTP status 451"),
    ],
)
def test_the_detail_of_a_status_is_the_status_and_its_explanation(
    status: int, headers: dict[str, str], detail: str
) -> None:
    error = HttpError(Response("http://a.test/", status=status, headers=headers))
    assert detail_of(error) == detail
    assert outcome_of(error) == (State.FAILED, f"http-{status}")


def test_error_of_returns_the_exception_in_a_failure() -> None:
    exc = ValueError()
    assert error_of(Failure(exc)) is exc


class TheirDrop(scrapy_errors.DropItem):
    """Of another project, in which ``reason`` may be anything."""

    def __init__(self, message: str, reason: object) -> None:
        super().__init__(message)
        self.reason = reason


@pytest.mark.parametrize(
    ("dropped", "reason"),
    [
        (scrapy_errors.DropItem("duplicate: http://a.test/1"), "duplicate"),
        (TheirDrop("no price: 1", "price"), "price"),
        (TheirDrop("no price: 1", ["price", "title"]), "['price', 'title']"),
        (TheirDrop("no price: 1", ValueError("price")), "price"),
        (TheirDrop("no price: 1", 3), "3"),
        (TheirDrop("no price: 1", None), "no price"),
        (TheirDrop("", None), "TheirDrop"),
    ],
)
def test_the_reason_of_a_dropped_item_is_text(dropped: scrapy_errors.DropItem, reason: str) -> None:
    assert drop_reason(dropped) == reason


def test_an_error_of_a_file_is_none_of_the_site() -> None:
    closed = PermissionError(errno.EACCES, "Permission denied", "/cache/a")
    assert reason_of(closed) == "exception-permissionerror"
    assert reason_of(OSError(errno.ENOSPC, "No space left on device")) == "disk-failed"
    assert reason_of(OSError(errno.ECONNRESET, "Connection reset by peer")) == "connection-lost"
