"""Connections: aiohttp's connector with the address guard, phase timing and a bounded pool.

Only this file, connection.py and outgoing.py use aiohttp's private names (pinned in
requirements.txt; listed in tests/http/test_resolver.py). ClientSession costs more per request than
everything else in this package together, and a handler that needs no cookies, redirects or decoding
needs only its pool.
"""

from __future__ import annotations

import socket
import ssl
from functools import partial
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, cast

import aiohappyeyeballs
import aiohttp
from aiohttp.client_reqrep import ClientRequest

from crawlproj.http.connection import Protocol
from crawlproj.http.overtaking import Overtaking
from crawlproj.http.resolver import Resolver

if TYPE_CHECKING:
    import asyncio

    from aiohttp.client import ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import AddrInfoType

    from crawlproj.http.config import HttpConfig
    from crawlproj.http.guard import Guard
    from crawlproj.http.outgoing import Outgoing


_UNUSED_S = 5.0  # a connection without a request for so long, while others have them, is spare
# After a refusal: answers to requests that were sent before it come in meanwhile.
_BOUND_S = 5.0
_MIN_YIELD_S, _MAX_YIELD_S = 0.2, 0.5  # or four times as long as an answer took
_Site = tuple[str, int | None]  # host, port


class _ProxyRequest(ClientRequest):
    """The CONNECT request that opens a tunnel through a proxy, without aiohttp's own headers."""

    DEFAULT_HEADERS = {}  # noqa: RUF012 - as in the base class

    timings: Any = None
    bind_address: Any = None

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        pass


class Connector(aiohttp.TCPConnector):
    """Gives each ``Outgoing`` request a connection.

    Never opens more than ``max_connections``: closes the longest-idle one to make room for a new
    one. Records the dns, connect and tls phases in the request's timings.

    At many servers an idle connection occupies a worker, so it keeps others waiting, and our own
    requests too. So the one that was used last is used next, and those that are not needed for five
    seconds are closed; so are those that ``close_idle`` names, and one that new ones wait for
    (see overtaking.py).
    """

    def __init__(self, config: HttpConfig) -> None:
        self.resolver = Resolver(
            timeout_s=config.dns_timeout_s, threads=config.dns_threads, guard=config.guard
        )
        super().__init__(
            limit=config.max_connections,
            keepalive_timeout=config.keepalive_s,
            resolver=self.resolver,
            use_dns_cache=config.dns_cache_size > 0,
            ttl_dns_cache=cast("int", config.dns_cache_ttl_s),
            dns_cache_max_size=config.dns_cache_size,
        )
        self._guard: Guard | None = config.guard
        self._overtaking = Overtaking()
        self._yielding: set[ConnectionKey] = set()
        self._bounds: dict[_Site, tuple[int, float]] = {}  # idle connections, and until when
        self._factory = cast(
            "partial[ResponseHandler]",
            partial(
                Protocol,
                self._loop,
                log_tls=config.tls_verbose_logging,
                overtaking=self._overtaking,
            ),
        )

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close every connection and stop the resolver's threads."""
        await super().close(abort_ssl=abort_ssl)
        await self.resolver.close()

    def open_connections(self) -> int:
        """Return how many connections are open or being opened."""
        return len(self._acquired) + sum(map(len, self._conns.values()))

    def close_idle(self, host: str, port: int | None, keep: int) -> None:
        """Close the idle connections to ``host`` but for ``keep`` of them, also in the next 5 s."""
        now = monotonic()
        for site in [site for site, (_, until) in self._bounds.items() if until <= now]:
            del self._bounds[site]
        self._bounds[host, port] = keep, now + _BOUND_S
        for key in [key for key in self._conns if (key.host, key.port) == (host, port)]:
            self._trim(key, now)

    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        assert isinstance(protocol, Protocol)  # noqa: S101 - our factory makes no other
        in_the_way = self._overtaking.on_end(protocol.server, protocol.sent_at)
        super()._release(key, protocol, should_close=should_close or in_the_way)
        idle = self._conns.get(key)
        if idle and idle[-1][0] is protocol:
            idle.rotate(1)  # aiohttp uses the first one next
            if len(idle) > 1 or self._bounds:
                self._trim(key, monotonic())
            if key not in self._yielding and self._overtaking.waits(protocol.server):
                answer_s = perf_counter() - protocol.sent_at
                self._yield_later(key, min(_MAX_YIELD_S, max(_MIN_YIELD_S, 4 * answer_s)))

    def _trim(self, key: ConnectionKey, now: float) -> None:
        """Close the connections of ``key`` that are not needed."""
        idle = self._conns[key]
        most, until = self._bounds.get((key.host, key.port), (len(idle), 0.0))
        while idle and (
            (len(idle) > most and until > now) or (len(idle) > 1 and idle[-1][1] < now - _UNUSED_S)
        ):
            idle.pop()[0].close()
        if not idle:
            del self._conns[key]

    def _yield_later(self, key: ConnectionKey, wait_s: float) -> None:
        self._yielding.add(key)
        self._loop.call_later(wait_s, self._yield, key, wait_s)

    def _yield(self, key: ConnectionKey, wait_s: float) -> None:
        """Close what has rested for ``wait_s`` although a new connection waits for its answer."""
        self._yielding.discard(key)
        idle = self._conns.get(key)
        if not idle:
            return
        protocol = idle[0][0]
        assert isinstance(protocol, Protocol)  # noqa: S101 - our factory makes no other
        if not self._overtaking.waits(protocol.server):
            return
        since = monotonic() - wait_s
        while idle and idle[-1][1] <= since:
            idle.pop()[0].close()
        if idle:
            self._yield_later(key, wait_s)
        else:
            del self._conns[key]

    async def _create_connection(
        self, req: ClientRequest, *args: Any, **kwargs: Any
    ) -> ResponseHandler:
        self._make_room()
        timings = cast("Outgoing", req).timings
        timings.dns = timings.connect = timings.tls = 0.0
        started_at = perf_counter()
        try:
            return await super()._create_connection(req, *args, **kwargs)
        finally:
            timings.connect = perf_counter() - started_at - timings.dns - timings.tls

    def _make_room(self) -> None:
        # The caller's own placeholder already counts as acquired.
        excess = self.open_connections() - self._limit
        while excess > 0 and self._conns:
            key = next(iter(self._conns))
            idle = self._conns[key]
            idle.pop()[0].close()
            if not idle:
                del self._conns[key]
            excess -= 1

    async def _create_direct_connection(
        self, req: ClientRequest, *args: Any, **kwargs: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        timings = cast("Outgoing", req).timings
        timings.lookup_at = perf_counter()
        try:
            return await super()._create_direct_connection(req, *args, **kwargs)
        finally:
            timings.looked_up(perf_counter())

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: list[AddrInfoType],
        req: ClientRequest,
        timeout: ClientTimeout,  # noqa: ARG002, ASYNC109 - aiohttp passes it; Deadline covers it
        client_error: type[Exception] = aiohttp.ClientConnectorError,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        outgoing = cast("Outgoing", req)
        outgoing.timings.looked_up(perf_counter())
        try:
            sock = await aiohappyeyeballs.start_connection(
                addr_infos=addr_infos,
                local_addr_infos=aiohappyeyeballs.addr_to_addr_infos(outgoing.bind_address),
                happy_eyeballs_delay=self._happy_eyeballs_delay,
                interleave=self._interleave,
                loop=self._loop,
                socket_factory=self._socket,
            )
            connected_at = perf_counter()
            try:
                return await self._loop.create_connection(*args, **kwargs, sock=sock)
            finally:
                if kwargs.get("ssl"):
                    outgoing.timings.tls += perf_counter() - connected_at
        except ssl.CertificateError as exc:
            raise aiohttp.ClientConnectorCertificateError(req.connection_key, exc) from exc
        except ssl.SSLError as exc:
            raise aiohttp.ClientConnectorSSLError(req.connection_key, exc) from exc
        except OSError as exc:
            raise client_error(req.connection_key, exc) from exc

    def _socket(self, addr_info: AddrInfoType) -> socket.socket:
        """Create the socket for one address: the last moment at which it can be refused."""
        family, kind, proto, _, address = addr_info
        if self._guard is not None:
            self._guard.check(address[0])
        return socket.socket(family=family, type=kind, proto=proto)

    async def _start_tls_connection(
        self,
        underlying_transport: asyncio.Transport,
        req: ClientRequest,
        *args: Any,
        **kwargs: Any,
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        started_at = perf_counter()
        try:
            return await super()._start_tls_connection(underlying_transport, req, *args, **kwargs)
        finally:
            cast("Outgoing", req).timings.tls += perf_counter() - started_at

    def _update_proxy_auth_header_and_build_proxy_req(self, req: ClientRequest) -> ClientRequest:
        outgoing = cast("Outgoing", req)
        assert outgoing.proxy is not None  # noqa: S101 - aiohttp calls this only for a proxy
        headers = {"Host": f"{outgoing.url.host_subcomponent}:{outgoing.port}"}
        if outgoing.proxy_authorization is not None:
            headers["Proxy-Authorization"] = outgoing.proxy_authorization.decode("latin-1")
        proxy_request = _ProxyRequest(
            "GET", outgoing.proxy, headers=headers, loop=self._loop, ssl=outgoing.ssl
        )
        proxy_request.timings = outgoing.timings
        proxy_request.bind_address = outgoing.bind_address
        return proxy_request
