"""A request as aiohttp's connector needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy

from crawlproj.http import wire

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientRequest
    from scrapy import Request
    from yarl import URL

    from crawlproj.http.config import BindAddress
    from crawlproj.http.timings import Timings

# RFC 9110 §9.2.2: may be sent again when a reused connection turns out to be closed.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# RFC 9110 §8.6: these say "Content-Length: 0" when they have no body, as Twisted does.
_EXPECTS_BODY = frozenset({"POST", "PUT", "PATCH"})
_SMALL_BODY_BYTES = 65_536


class Outgoing:
    """One Scrapy request on its way, in place of an aiohttp.ClientRequest.

    It has what TCPConnector reads of a ClientRequest (url, port, host, ssl, proxy, connection_key,
    …) without building one: the head is written from Scrapy's headers by ``write_to``.
    """

    proxy_headers = None
    proxy_auth = None
    server_hostname = None

    def __init__(
        self,
        request: Request,
        timings: Timings,
        ssl_context: ssl.SSLContext,
        bind_address: BindAddress | None,
    ) -> None:
        self.method = request.method
        self.timings = timings
        self.ssl = ssl_context
        self.bind_address = bind_address
        self.origin, self._target = wire.split(request.url)
        self.url = self.origin.url
        self.proxy: URL | None = None
        self.proxy_origin: wire.Origin | None = None
        self.proxy_authorization: bytes | None = None
        self._body = request.body
        self._headers = request.headers
        proxy = request.meta.get("proxy")
        if proxy:
            self.proxy_origin = wire.proxy_origin(proxy)
            self.proxy = self.proxy_origin.url
            self.proxy_authorization = (
                request.headers.get(b"Proxy-Authorization") or self.proxy_origin.authorization
            )

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in _IDEMPOTENT

    @property
    def connection_key(self) -> ConnectionKey:
        """What requests must have in common to share connections.

        Plain requests through a proxy share the proxy's connections whatever their host; a tunnel
        belongs to its host, proxy and credentials. The local address counts too.
        """
        proxied = self.proxy is not None and not self.origin.is_tls
        place = self.proxy if self.proxy is not None and proxied else self.url
        credentials = None if proxied else self.proxy_authorization
        extra = (credentials, self.bind_address) if credentials or self.bind_address else None
        return ConnectionKey(
            place.raw_host or "",
            place.port,
            self.origin.is_tls,
            self.ssl,
            self.proxy,
            cast("Any", extra),
            None,
            None,
        )

    @property
    def host(self) -> str:
        """The host to connect to, when there is no proxy."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int | None:
        """The port that goes with ``host``."""
        return self.url.port

    @property
    def request_info(self) -> RequestInfo:
        """What aiohttp puts into its errors."""
        return RequestInfo(self.url, self.method, CIMultiDictProxy(CIMultiDict()), self.url)

    def is_ssl(self) -> bool:
        """Whether the site, not the proxy, is spoken to over TLS."""
        return self.origin.is_tls

    def as_client_request(self) -> ClientRequest:
        """Return itself under the type that aiohttp's signatures ask for."""
        return cast("ClientRequest", self)

    def chunks(self) -> list[bytes]:
        """Return what to write, in order: head and body together when the body is small."""
        body = self._body
        length = len(body) if body or self.method in _EXPECTS_BODY else None
        headers = dict.items(self._headers)
        target = self._target
        hidden = b"Proxy-Authorization"
        plain_proxy = self.proxy is not None and not self.origin.is_tls
        added: list[tuple[bytes, list[bytes]]] = []
        if plain_proxy:
            target = f"http://{self.origin.host_header.decode('ascii')}{target}"
            if self.proxy_authorization is not None:
                added.append((hidden, [self.proxy_authorization]))
        if self.origin.authorization is not None and b"Authorization" not in self._headers:
            added.append((b"Authorization", [self.origin.authorization]))
        if added or dict.__contains__(self._headers, hidden):
            # The site must never see what was meant for the proxy.
            kept = [(name, values) for name, values in headers if name != hidden]
            head = wire.request_head(
                self.method, target, self.origin.host_header, kept + added, length
            )
        else:
            head = wire.request_head(self.method, target, self.origin.host_header, headers, length)
        if len(body) > _SMALL_BODY_BYTES:
            return [head, body]
        return [head + body]
