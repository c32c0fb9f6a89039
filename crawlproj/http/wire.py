"""Bytes on the wire: URLs taken apart, request heads written, response headers converted.

Written from Scrapy's own objects rather than through yarl and multidict, so that the URL, repeated
headers and bytes that are no UTF-8 go out exactly as the request says, in one write.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from scrapy.exceptions import UnsupportedURLSchemeError
from scrapy.http import Headers
from yarl import URL

from crawlproj.http.guard import IPAddress, ip_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_USERINFO = re.compile(r"(^|//)[^/?#]*@")
_FRAMING = frozenset({b"Host", b"Content-Length", b"Transfer-Encoding"})
_TITLES: dict[bytes, bytes] = {}
_TITLES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL.

    url: what to connect to; a numeric host is in its canonical spelling.
    host_header: the Host header, spelled as the URL spells it, without a default port.
    literal: the address, if the host is one.
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

    The target is what the URL says, byte for byte. Raises UnsupportedURLSchemeError for a URL that
    cannot be put into a request line.
    """
    match = _URL.match(url)
    if match is None:
        raise UnsupportedURLSchemeError(f"{shown(url)!r} is no http or https URL")
    scheme, netloc, target = match.groups()
    if not target.startswith("/"):
        target = f"/{target}"
    if not (target.isascii() and target.isprintable() and " " not in target):
        raise UnsupportedURLSchemeError(
            f"{shown(url)!r} has characters that must be percent-encoded to be sent"
        )
    return origin(scheme.lower(), netloc), target


@lru_cache(maxsize=4096)
def origin(scheme: str, netloc: str) -> Origin:
    """Return the origin of ``scheme://netloc``; raises UnsupportedURLSchemeError if malformed."""
    try:
        # An ASCII host is kept as it is; any other gets its IDNA form.
        url = URL(f"{scheme}://{netloc}", encoded=netloc.isascii())
        host, port = url.raw_host, url.port
    except ValueError as exc:
        raise UnsupportedURLSchemeError(f"'{scheme}://{shown(netloc)}': {exc}") from exc
    host_header = url.host_port_subcomponent
    if not host or not host_header or not host_header.isprintable() or " " in host_header:
        raise UnsupportedURLSchemeError(f"'{scheme}://{shown(netloc)}' names no valid host")
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
    """Return the origin of a proxy as ``meta["proxy"]`` names it ("http://host:port", "host:port").

    Raises UnsupportedURLSchemeError, without the credentials, for what is no HTTP proxy.
    """
    scheme, separator, rest = proxy.partition("://")
    if not separator:
        scheme, rest = "http", proxy.removeprefix("//")
    if scheme.lower() not in {"http", "https"}:
        raise UnsupportedURLSchemeError(
            f"the proxy '{scheme}://{shown(rest)}' is neither http nor https"
        )
    return origin(scheme.lower(), re.split(r"[/?#]", rest, maxsplit=1)[0])


def request_head(
    method: str,
    target: str,
    host_header: bytes,
    headers: Iterable[tuple[bytes, list[bytes]]],
    body_length: int | None,
) -> bytes:
    """Return the head of an HTTP/1.1 request, from its first line to the empty one.

    headers: as Scrapy's Headers keeps them. Content-Length and Transfer-Encoding are ours, because
        the body's length is known; a Host among them replaces ``host_header``.
    body_length: bytes, or None for no Content-Length.
    """
    lines = [f"{method} {target} HTTP/1.1\r\nHost: ".encode("ascii"), host_header]
    for name, values in headers:
        if name in _FRAMING:
            if name == b"Host" and values:
                lines[1] = _one_line(values[-1])
            continue
        for value in values:
            lines += (b"\r\n", name, b": ", value)
            if b"\n" in value or b"\r" in value:
                lines[-1] = _one_line(value)
    if body_length is not None:
        lines.append(b"\r\nContent-Length: %d" % body_length)
    lines.append(b"\r\n\r\n")
    return b"".join(lines)


def response_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return ``raw`` (name, value) pairs as Scrapy's Headers; repeated names keep their order."""
    collected: dict[bytes, list[bytes]] = {}
    for name, value in raw:
        title = _TITLES.get(name) or _title(name)
        if title in collected:
            collected[title].append(value)
        else:
            collected[title] = [value]
    headers = Headers()
    dict.update(headers, collected)
    return headers


def _title(name: bytes) -> bytes:
    title = name.title()
    if len(_TITLES) < _TITLES_MAX:
        _TITLES[name] = title
    return title


def _one_line(value: bytes) -> bytes:
    """Fold line breaks into spaces, as Twisted does: a value must not start a header of its own."""
    return b" ".join(value.splitlines())


def _basic(user: str | None, password: str | None) -> bytes | None:
    if not user and not password:
        return None
    pair = unquote_to_bytes(user or "") + b":" + unquote_to_bytes(password or "")
    return b"Basic " + base64.b64encode(pair)


def shown(url: str) -> str:
    """Return ``url`` without the credentials in it, fit for a message."""
    return _USERINFO.sub(r"\1", url, count=1)
