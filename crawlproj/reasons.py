"""Short stable names for the ways a URL can end other than done."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet import error as twisted_error
from twisted.web.client import ResponseFailed

from crawlproj.errors import AddressRefused
from crawlproj.frontier.base import State

if TYPE_CHECKING:
    from twisted.python.failure import Failure

# The first that fits. Scrapy's HTTP11 handler and other people's middlewares raise Twisted's.
_SLUGS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (AddressRefused, "guard"),
    ((DownloadTimeoutError, TimeoutError, twisted_error.TimeoutError), "timeout"),
    ((CannotResolveHostError, twisted_error.DNSLookupError), "dns"),
    (
        (DownloadConnectionRefusedError, twisted_error.ConnectionRefusedError),
        "connection-refused",
    ),
    (ResponseDataLossError, "data-loss"),
    (DownloadCancelledError, "cancelled"),
    (UnsupportedURLSchemeError, "scheme"),
    (ssl.SSLError, "tls"),
    (
        (
            DownloadFailedError,
            ResponseFailed,
            twisted_error.ConnectError,
            twisted_error.ConnectionLost,
            twisted_error.ConnectionDone,
            OSError,
        ),
        "connection-lost",
    ),
)
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_DETAIL_LENGTH = 500


def error_of(failure: Failure) -> BaseException:
    """Return the exception in ``failure``."""
    error = failure.value
    assert error is not None  # noqa: S101 - Twisted's type allows what it never makes
    return error


def reason_of(exc: BaseException) -> str:
    """Return the slug for ``exc``: its own ``reason`` attribute, or one from the table.

    "http-404" for a status nobody handles, "ignored" for an IgnoreRequest without a reason,
    "exception-valueerror" for what is not in the table.
    """
    if isinstance(exc, HttpError):
        return f"http-{exc.response.status}"
    reason = getattr(exc, "frontier_reason", None)
    if isinstance(reason, str):
        return reason
    if isinstance(exc, DownloadFailedError) and isinstance(exc.__cause__, ssl.SSLError):
        return "tls"
    if isinstance(exc, DownloadCancelledError) and "size" in str(exc):
        return "too-large"
    for kind, slug in _SLUGS:
        if isinstance(exc, kind):
            return slug
    if isinstance(exc, IgnoreRequest):
        return "offsite" if "offsite" in str(exc).lower() else "ignored"
    return f"exception-{type(exc).__name__.lower()}"


def outcome_of(exc: BaseException) -> tuple[State, str]:
    """Return the state and reason in which a request ends by ``exc``.

    IgnoreRequest is a decision not to fetch, hence SKIPPED; a status nobody handles is FAILED
    though Scrapy derives it from IgnoreRequest, and so is what has ``frontier_failed`` set.
    """
    skipped = isinstance(exc, IgnoreRequest) and not isinstance(exc, HttpError)
    if getattr(exc, "frontier_failed", False):
        skipped = False
    return (State.SKIPPED if skipped else State.FAILED), reason_of(exc)


def detail_of(exc: BaseException) -> str:
    """Return the error's own words, at most 500 characters, credentials in URLs hidden."""
    return _CREDENTIALS.sub("//***@", str(exc) or type(exc).__name__)[:_DETAIL_LENGTH]
