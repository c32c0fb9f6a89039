"""Bytes on the wire: splits URLs and writes request heads.

Works on Scrapy's own objects instead of yarl and multidict, so that the URL, repeated headers and
bytes that are not UTF-8 are sent exactly as the request has them, in one write.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from scrapy.exceptions import UnsupportedURLSchemeError
from yarl import URL

from crawlproj.http.guard import IPAddress, ip_literal
from crawlproj.masking import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)

_LF, _CR = b"\n\r"
_FRAMING = frozenset({b"Host", b"Content-Length", b"Transfer-Encoding"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL.

    url: the URL to connect to; a numeric host is in canonical form.
    host_header: the Host header, with the URL's own spelling and without a default port.
    literal: the IP address if the host is one, else None.
    authorization: Basic credentials from the URL's userinfo, or None.
    """

    url: URL
    host_header: bytes
    literal: IPAddress | None
    authorization: bytes | None

    @property
    def is_tls(self) -> bool:
        """Whether the scheme is https."""
        return self.url.scheme == "https"


def split(url: str) -> tuple[Origin, str]:
    """Return the origin and the request target ("/path?query") of an http or https URL.

    The target is byte for byte the URL's. Raises UnsupportedURLSchemeError if the URL does not fit
    in a request line.
    """
    match = _URL.match(url)
    if match is None:
        raise UnsupportedURLSchemeError(f"{without_credentials(url)!r} is not an http or https URL")
    scheme, netloc, target = match.groups()
    if not target.startswith("/"):
        target = f"/{target}"
    if not (target.isascii() and target.isprintable() and " " not in target):
        raise UnsupportedURLSchemeError(
            f"{without_credentials(url)!r} has characters that must be percent-encoded"
        )
    return origin(scheme.lower(), netloc), target


@lru_cache(maxsize=4096)
def origin(scheme: str, netloc: str) -> Origin:
    """Return the origin of ``scheme://netloc``; raises UnsupportedURLSchemeError if malformed."""
    try:
        # Keeps an ASCII host unchanged and converts any other to IDNA.
        url = URL(f"{scheme}://{netloc}", encoded=netloc.isascii())
        host, port = url.raw_host, url.port
    except ValueError as exc:
        raise UnsupportedURLSchemeError(
            f"'{scheme}://{without_credentials(netloc)}': {exc}"
        ) from exc
    host_header = url.host_port_subcomponent
    if not host or not host_header or not host_header.isprintable() or " " in host_header:
        raise UnsupportedURLSchemeError(
            f"'{scheme}://{without_credentials(netloc)}' does not have a valid host"
        )
    literal = ip_literal(host)
    connect_host = f"[{host}]" if ":" in host else host
    if literal is not None and literal.version == 4:
        connect_host = str(literal)
    return Origin(
        url=URL(f"{scheme}://{connect_host}:{port}", encoded=True),
        host_header=host_header.encode("ascii"),
        literal=literal,
        authorization=_basic(url.raw_user, url.raw_password),
    )


@lru_cache(maxsize=1024)
def proxy_origin(proxy: str) -> Origin:
    """Return the origin of a proxy given in ``meta["proxy"]`` ("http://host:port", "host:port").

    Raises UnsupportedURLSchemeError if it is not an HTTP proxy; the message omits credentials.
    """
    scheme, separator, rest = proxy.partition("://")
    if not separator:
        scheme, rest = "http", proxy.removeprefix("//")
    if scheme.lower() not in {"http", "https"}:
        raise UnsupportedURLSchemeError(
            f"the proxy '{scheme}://{without_credentials(rest)}' is neither http nor https"
        )
    return origin(scheme.lower(), re.split(r"[/?#]", rest, maxsplit=1)[0])


def request_head(
    method: str,
    target: str,
    host_header: bytes,
    headers: Iterable[tuple[bytes, list[bytes]]],
    body_length: int | None,
) -> bytes:
    """Return the head of an HTTP/1.1 request, from the request line to the empty line.

    headers: the items of Scrapy's Headers. A Host among them replaces ``host_header``;
        Content-Length and Transfer-Encoding are left out, because ``body_length`` decides.
    body_length: in bytes, or None for no Content-Length.
    """
    lines = [f"{method} {target} HTTP/1.1\r\nHost: ".encode("ascii"), host_header]
    for name, values in headers:
        if name in _FRAMING:
            if name == b"Host" and values:
                lines[1] = _one_line(values[-1])
            continue
        for value in values:
            lines += (b"\r\n", name, b": ", value)
            if _LF in value or _CR in value:
                lines[-1] = _one_line(value)
    if body_length is not None:
        lines.append(b"\r\nContent-Length: %d" % body_length)
    lines.append(b"\r\n\r\n")
    return b"".join(lines)


def _one_line(value: bytes) -> bytes:
    """Fold line breaks into spaces, as Twisted does, so that a value cannot inject a header."""
    return b" ".join(value.splitlines())


def _basic(user: str | None, password: str | None) -> bytes | None:
    if not user and not password:
        return None
    pair = unquote_to_bytes(user or "") + b":" + unquote_to_bytes(password or "")
    return b"Basic " + base64.b64encode(pair)
