"""Turns low-level errors into the exception types that Scrapy documents and retries."""

from __future__ import annotations

import errno
import ssl

import aiohttp
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    UnsupportedURLSchemeError,
)

from crawlproj.http.head import MalformedResponse
from crawlproj.masking import without_credentials

# Raised by the connector, the parser and the transports. Everything else (AddressRefused,
# StopDownload, Scrapy's own types, cancellation) reaches the caller unchanged.
LOW_LEVEL = (aiohttp.ClientError, MalformedResponse, OSError)

# Raised on a reused connection that the server had closed before our request arrived.
CONNECTION_CLOSED = (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError)


def translated(exc: Exception, url: str) -> Exception:
    """Return the Scrapy exception for ``exc``, one of LOW_LEVEL, raised while getting ``url``."""
    kind, detail = _classified(exc)
    return kind(f"Getting {without_credentials(url)}: {detail}")


def _classified(exc: Exception) -> tuple[type[Exception], str]:
    kind: type[Exception] = DownloadFailedError
    match exc:
        case aiohttp.ClientConnectorDNSError():
            kind = CannotResolveHostError
            detail = f"cannot resolve {exc.host}: {_text(exc.os_error)}"
        case aiohttp.InvalidURL():
            kind = UnsupportedURLSchemeError
        case aiohttp.ClientHttpProxyError():
            detail = f"the proxy refused to open a tunnel: {exc.status} {exc.message}"
        case aiohttp.ClientResponseError():
            detail = "the proxy's answer to CONNECT is malformed"
        case aiohttp.ClientConnectorCertificateError():
            why = _text(exc.certificate_error)
            detail = f"the certificate of {exc.host}:{exc.port} is not accepted: {why}"
        case aiohttp.ClientConnectorSSLError():
            detail = f"cannot agree on TLS with {exc.host}:{exc.port}: {_text(exc.os_error)}"
        case aiohttp.ClientConnectorError():
            if exc.os_error.errno == errno.ECONNREFUSED:
                kind = DownloadConnectionRefusedError
            detail = f"cannot connect to {exc.host}:{exc.port}: {_text(exc.os_error)}"
        case MalformedResponse():
            kind = MalformedResponse
            detail = f"the response is malformed: {exc}"
        case _:
            detail = _text(exc)
    return kind, detail


def _text(exc: Exception) -> str:
    """Return what ``exc`` says to people, without the numbers and files of those who raised it."""
    match exc:
        case ssl.SSLCertVerificationError():
            return exc.verify_message
        case ssl.SSLError() if exc.reason:
            return exc.reason.lower().replace("_", " ")
        case OSError() if exc.strerror:
            return exc.strerror
    return str(exc) or "no reason was given"
