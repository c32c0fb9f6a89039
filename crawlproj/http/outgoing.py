"""A Scrapy request in the form that aiohttp's connector expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy

from crawlproj.http import wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from aiohttp import ClientRequest
    from scrapy import Request
    from yarl import URL

    from crawlproj.http.config import BindAddress
    from crawlproj.http.guard import Guard
    from crawlproj.http.timings import Timings

# RFC 9110 §9.2.2: these may be sent again if a reused connection turns out to be closed.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# RFC 9110 §8.6: without a body, these still send "Content-Length: 0", as Twisted does.
_EXPECTS_BODY = frozenset({"POST", "PUT", "PATCH"})
_SMALL_BODY_BYTES = 65_536


class Outgoing:
    """One Scrapy request, passed to aiohttp in place of an aiohttp.ClientRequest.

    Has the attributes that TCPConnector reads from a ClientRequest (url, port, host, ssl, proxy,
    connection_key, …). ``chunks`` writes the request's head from Scrapy's own headers.
    """

    proxy_headers = None
    proxy_auth = None
    server_hostname = None

    def __init__(
        self,
        request: Request,
        timings: Timings,
        tls: Callable[[], SSLContext],
        bind_address: BindAddress | None,
    ) -> None:
        self.method = request.method
        self.timings = timings
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
        over_tls = any(hop is not None and hop.is_tls for hop in (self.origin, self.proxy_origin))
        self.ssl: SSLContext | bool = tls() if over_tls else True

    def check(self, guard: Guard) -> None:
        """Check the addresses in URLs: a proxy resolves and connects for us.

        Raises AddressRefused.
        """
        for origin in (self.origin, self.proxy_origin):
            if origin is not None and origin.literal is not None:
                guard.check(origin.literal)
        if self.proxy_origin is not None:
            guard.check_name(self.host)

    @property
    def idempotent(self) -> bool:
        """Whether sending the request twice has the same effect as sending it once."""
        return self.method in _IDEMPOTENT

    @property
    def connection_key(self) -> ConnectionKey:
        """The key under which requests share connections.

        Plain requests through a proxy share the proxy's connections, whatever their host. A tunnel
        is shared only for the same host, proxy and credentials. The local address is part of both.
        """
        proxied = self.proxy is not None and not self.origin.is_tls
        target = self.proxy if self.proxy is not None and proxied else self.url
        credentials = None if proxied else self.proxy_authorization
        extra = (credentials, self.bind_address) if credentials or self.bind_address else None
        return ConnectionKey(
            target.raw_host or "",
            target.port,
            self.origin.is_tls,
            self.ssl,
            self.proxy,
            cast("Any", extra),
            None,
            None,
        )

    @property
    def host(self) -> str:
        """The host to connect to if there is no proxy."""
        return self.url.raw_host or ""

    @property
    def port(self) -> int | None:
        """The port that goes with ``host``."""
        return self.url.port

    @property
    def request_info(self) -> RequestInfo:
        """The request's description for aiohttp's errors."""
        return RequestInfo(self.url, self.method, CIMultiDictProxy(CIMultiDict()), self.url)

    def is_ssl(self) -> bool:
        """Whether the connection to the site (not to the proxy) uses TLS."""
        return self.origin.is_tls

    def as_client_request(self) -> ClientRequest:
        """Return this object under the type in aiohttp's signatures."""
        return cast("ClientRequest", self)

    def chunks(self) -> list[bytes]:
        """Return the bytes to write, in order: head and body in one piece if the body is small."""
        body = self._body
        length = len(body) if body or self.method in _EXPECTS_BODY else None
        headers = dict.items(self._headers)
        target = self._target
        proxy_only = b"Proxy-Authorization"
        plain_proxy = self.proxy is not None and not self.origin.is_tls
        added: list[tuple[bytes, list[bytes]]] = []
        if plain_proxy:
            target = f"http://{self.origin.host_header.decode('ascii')}{target}"
            if self.proxy_authorization is not None:
                added.append((proxy_only, [self.proxy_authorization]))
        if self.origin.authorization is not None and b"Authorization" not in self._headers:
            added.append((b"Authorization", [self.origin.authorization]))
        if added or dict.__contains__(self._headers, proxy_only):
            # The site must never see the proxy's credentials.
            kept = [(name, values) for name, values in headers if name != proxy_only]
            head = wire.request_head(
                self.method, target, self.origin.host_header, kept + added, length
            )
        else:
            head = wire.request_head(self.method, target, self.origin.host_header, headers, length)
        if len(body) > _SMALL_BODY_BYTES:
            return [head, body]
        return [head + body]
