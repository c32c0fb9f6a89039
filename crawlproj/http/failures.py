"""Turns low-level errors into the exception types that Scrapy documents and retries."""

from __future__ import annotations

import errno
import socket
import ssl
import sys
from functools import cache

import aiohttp
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from crawlproj.http.head import MalformedResponse
from crawlproj.limits.network import Trouble
from crawlproj.masking import without_credentials

# Raised by the connector, the parser and the transports. Everything else (AddressRefused,
# StopDownload, Scrapy's own types, cancellation) reaches the caller unchanged.
LOW_LEVEL = (aiohttp.ClientError, MalformedResponse, OSError)

# Raised on a reused connection that the server had closed before our request arrived.
CONNECTION_CLOSED = (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError)

# Errors that may be this machine's fault. A connection that was refused or reset has met somebody.
_TROUBLES: dict[int | None, Trouble] = {
    **dict.fromkeys(
        (
            *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM),
            errno.EADDRNOTAVAIL,  # no local port is left
        ),
        Trouble.FILES,
    ),
    **dict.fromkeys((errno.ENETUNREACH, errno.ENETDOWN), Trouble.ROUTES),
    # A router says so of a host, or of all; and so may several addresses that failed differently.
    **dict.fromkeys((errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT, None), Trouble.SILENCE),
}
_NO_NAME_SERVER = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM})


def trouble_of(exc: BaseException) -> Trouble | None:
    """Return the trouble that ``exc``, raised by a download, may be a sign of; None if of none."""
    if isinstance(exc, DownloadTimeoutError):
        return Trouble.SILENCE
    cause = exc.__cause__
    if isinstance(cause, aiohttp.ClientConnectorError):
        error = cause.os_error
        if isinstance(error, socket.gaierror):
            return Trouble.NAMES if error.errno in _NO_NAME_SERVER else None
        return None if isinstance(error, ssl.SSLError) else _TROUBLES.get(error.errno)
    return _TROUBLES.get(cause.errno) if isinstance(cause, OSError) and cause.errno else None


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
        case aiohttp.InvalidURL():  # a host of digits that is not an address, such as 1.2.3.4.5
            kind = CannotResolveHostError
            detail = f"cannot resolve {exc.url}: it {exc.description}"
        case aiohttp.ClientHttpProxyError():
            kind = _refused_tunnel()
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


def _refused_tunnel() -> type[Exception]:
    """Return the type for a proxy that opens no tunnel: a DownloadFailedError, as Scrapy documents.

    Middlewares that change the proxy then catch the TunnelError of Scrapy's own handler, so it is
    one, too, if anybody has imported that: the import takes a second.
    """
    http11 = sys.modules.get("scrapy.core.downloader.handlers.http11")
    return DownloadFailedError if http11 is None else _also(http11.TunnelError)


@cache
def _also(theirs: type[Exception]) -> type[Exception]:
    return type(theirs.__name__, (DownloadFailedError, theirs), {"__module__": __name__})


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
