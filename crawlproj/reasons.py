"""Short, stable names (slugs) for the reasons why a URL failed or was skipped.

An exception class can define its own outcome in an attribute ``frontier_outcome``: (State, slug).
The tables below hold the outcomes of other libraries' exceptions.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import time
from typing import TYPE_CHECKING

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    DropItem,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    StopDownload,
    UnsupportedURLSchemeError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from service_identity.exceptions import VerificationError
from twisted.internet import defer
from twisted.internet import error as twisted_error
from twisted.web.client import ResponseFailed

from crawlproj.errors import AddressRefused
from crawlproj.frontier.base import State

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.frontier.base import Totals

__all__ = [
    "FAILED_CRAWLS",
    "detail_of",
    "drop_reason",
    "error_of",
    "is_disk_failure",
    "nothing_reached",
    "outcome_of",
    "reason_of",
    "time_of",
]

_PARTS = ("disk", "feed", "files", "frontier", "parquet", "start-urls", "store", "warc")

FAILED_CRAWLS = frozenset(
    {
        "login-failed",
        "network-away",
        *(f"{part}-{how}" for part in _PARTS for how in ("unusable", "failed")),
    }
)
"""The finish reasons of crawls that could not do their work."""

# A full disk, or one that the system has made read-only, fails whatever comes next as well.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

# The reasons of URLs whose sites could not be reached, or could not say what may be fetched.
_NOT_REACHED = frozenset(
    {
        *("connection-lost", "connection-refused", "dns", "guard", "robots-unreachable"),
        *("site-away", "timeout", "tls"),
    }
)

# Cases that Scrapy distinguishes only by the message: type, beginning of the message, outcome.
_BY_MESSAGE: tuple[tuple[type[Exception], str, State, str], ...] = (
    (IgnoreRequest, "Filtered offsite request", State.SKIPPED, "offsite"),
    (IgnoreRequest, "Forbidden by robots.txt", State.SKIPPED, "robots"),
    (IgnoreRequest, "Ignored request not in cache", State.SKIPPED, "not-in-cache"),
    (IgnoreRequest, "Ignored response", State.FAILED, "too-large"),  # when decompressed
    (IgnoreRequest, "max redirections reached", State.FAILED, "too-many-redirects"),
    (DownloadCancelledError, "Expected to receive", State.FAILED, "too-large"),
    (DownloadCancelledError, "Received", State.FAILED, "too-large"),
    (NotSupported, "Unsupported URL scheme", State.FAILED, "scheme"),
)

# The first match counts. Scrapy's HTTP11 handler and third-party middlewares raise Twisted's types.
_BY_TYPE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], State, str], ...] = (
    (IgnoreRequest, State.SKIPPED, "ignored"),
    (AddressRefused, State.FAILED, "guard"),
    (
        (
            DownloadTimeoutError,
            TimeoutError,
            defer.TimeoutError,
            twisted_error.TimeoutError,
            twisted_error.TCPTimedOutError,
        ),
        State.FAILED,
        "timeout",
    ),
    (
        (CannotResolveHostError, twisted_error.DNSLookupError, socket.gaierror),
        State.FAILED,
        "dns",
    ),
    (
        (
            DownloadConnectionRefusedError,
            ConnectionRefusedError,
            twisted_error.ConnectionRefusedError,
        ),
        State.FAILED,
        "connection-refused",
    ),
    (ResponseDataLossError, State.FAILED, "data-loss"),
    (
        (DownloadCancelledError, asyncio.CancelledError, defer.CancelledError),
        State.FAILED,
        "cancelled",
    ),
    (StopDownload, State.FAILED, "stopped"),
    (UnsupportedURLSchemeError, State.FAILED, "scheme"),
    (
        (
            DownloadFailedError,
            ResponseFailed,
            twisted_error.ConnectError,
            twisted_error.ConnectionLost,
            twisted_error.ConnectionDone,
        ),
        State.FAILED,
        "connection-lost",
    ),
)
# Other HTTP libraries, behind handlers of the project's, agree on these names, and make OSErrors of
# them all. But a certificate, or a name that does not exist, says nothing of how busy a site is.
_BY_NAME = {
    "SSLError": "tls",
    "DNSError": "dns",
    "Timeout": "timeout",
    "InvalidSchema": "scheme",
    "ContentDecodingError": "bad-encoding",
    "TooManyRedirects": "too-many-redirects",
}
# Those of a connection. A wrong URL or option becomes an OSError of theirs as well.
_CONNECTIONS = frozenset(
    {
        *("ChunkedEncodingError", "ClientConnectionError", "ConnectionError", "HTTPError"),
        *("ProxyError", "URLError"),
    }
)
# Handlers that translate exceptions make these of several kinds: Scrapy's own for httpx and aiohttp
# report a certificate that is not accepted as a connection that was refused.
_WRAPPERS = (DownloadConnectionRefusedError, DownloadFailedError, ResponseFailed)
_MAX_CAUSES = 10  # a chain of causes may have a cycle
_CREDENTIALS = re.compile(r"//[^/?#\s]*@")
_URL = re.compile(r"\w+://\S+")
_DETAIL_LENGTH = 500
# The price of a page that costs something; who demands that a page be blocked (RFC 7725).
_EXPLAINED = {402: "Crawler-Price", 451: "Link"}
_DROP_REASON_LENGTH = 60


def error_of(failure: Failure) -> BaseException:
    """Return the exception in ``failure``."""
    error = failure.value
    assert error is not None  # noqa: S101 - Optional only in Twisted's annotation
    return error


def outcome_of(exc: BaseException) -> tuple[State, str]:
    """Return the state (FAILED or SKIPPED) and the reason of a request that ended with ``exc``.

    SKIPPED means a decision not to fetch: any IgnoreRequest that does not report a failure.
    """
    own: tuple[State, str] | None = getattr(exc, "frontier_outcome", None)
    if own is not None:
        return own
    if isinstance(exc, HttpError):
        return State.FAILED, f"http-{exc.response.status}"
    message = str(exc)
    for kind, beginning, state, slug in _BY_MESSAGE:
        if isinstance(exc, kind) and message.startswith(beginning):
            return state, slug
    if named := _named_cause(exc):
        return State.FAILED, named
    if is_disk_failure(exc):
        return State.FAILED, "disk-failed"
    if not _names_a_file(exc):
        for kinds, state, slug in _BY_TYPE:
            if isinstance(exc, kinds):
                return state, slug
        if _is_of_a_connection(exc):
            return State.FAILED, "connection-lost"
    return State.FAILED, f"exception-{type(exc).__name__.lower()}"


def is_disk_failure(exc: BaseException | None) -> bool:
    """Whether a disk of this machine is full or read-only, so that no page can be blamed."""
    return isinstance(exc, OSError) and exc.errno in _DISK


def _names_a_file(exc: BaseException) -> bool:
    """Whether ``exc`` is an error of a file, which Python makes of the same type as a network's."""
    return isinstance(exc, OSError) and exc.filename is not None


def _is_of_a_connection(exc: BaseException) -> bool:
    """Whether ``exc`` is an OSError of the system, which has a number, or is named like one."""
    return isinstance(exc, OSError) and (
        exc.errno is not None or any(kind.__name__ in _CONNECTIONS for kind in type(exc).__mro__)
    )


def nothing_reached(totals: Totals) -> str:
    """Return why a crawl that has ended did nothing; "" if it did something.

    It did nothing if no page was done, and each URL failed because its site could not be reached,
    or redirects to one that failed so. An error status is an answer: the site was reached.
    """
    if totals.done or not totals.failed or totals.failed.keys() - _NOT_REACHED:
        return ""
    if totals.skipped.keys() - {"redirected"}:
        return ""
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(totals.failed.items()))
    return f"Nothing was fetched, because no site could be reached ({reasons})"


def reason_of(exc: BaseException) -> str:
    """Return the slug for ``exc``.

    For example "http-404" for a status that no callback handles, and "exception-valueerror" for an
    exception in none of the tables.
    """
    return outcome_of(exc)[1]


def detail_of(exc: BaseException) -> str:
    """Return the error's message, at most 500 characters, with credentials in URLs masked."""
    if isinstance(exc, HttpError):
        return _detail_of_status(exc.response)
    return _CREDENTIALS.sub("//***@", str(exc) or type(exc).__name__)[:_DETAIL_LENGTH]


def _detail_of_status(response: Response) -> str:
    """Return the status, with what a site that wants to be paid, or must not answer, says of it."""
    header = _EXPLAINED.get(response.status)
    more = response.headers.get(header) if header else None
    said = f"; {header}: {more.decode('latin-1')}" if more else ""
    return f"HTTP status {response.status}{said}"[:_DETAIL_LENGTH]


def time_of(exc: BaseException) -> float:
    """Return when ``exc`` was first asked about, in unix seconds.

    So all that is written down about one failure has one time.
    """
    at: float = vars(exc).setdefault("noted_at", time.time())
    return at


def drop_reason(exc: DropItem) -> str:
    """Return why an item was dropped, in a form that many items share.

    It is the exception's attribute ``reason``, which may be any object in another's project, or
    else its message up to a colon, without URLs.
    """
    own: object = getattr(exc, "reason", None)
    reason = str(own) if own else _URL.sub("…", str(exc)).partition(":")[0].strip()
    return reason[:_DROP_REASON_LENGTH] or type(exc).__name__


def _named_cause(exc: BaseException) -> str:
    """Return the reason that the class of ``exc`` names, or of what it was raised from; or "".

    httpx raises an exception from None, but Python keeps which one was handled then.
    """
    causes: list[BaseException] = [exc]
    for cause in causes:
        if isinstance(cause, SSL.Error | VerificationError):
            return "tls"
        for kind in type(cause).__mro__:
            if kind.__name__ in _BY_NAME:
                return _BY_NAME[kind.__name__]
        if not isinstance(exc, _WRAPPERS) or len(causes) > _MAX_CAUSES:
            return ""
        if (before := cause.__cause__ or cause.__context__) is not None:
            causes.append(before)
        if isinstance(cause, ResponseFailed):
            causes += [error_of(reason) for reason in cause.reasons]
    return ""
