"""One connection to a server, on which one request and its response follow the other."""

from __future__ import annotations

import logging
import select
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler
from twisted.internet.ssl import Certificate

from crawlproj.http.head import MalformedResponse, ResponseHead
from crawlproj.http.parser import ResponseParser

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Callable

    from crawlproj.http.guard import IPAddress
    from crawlproj.http.outgoing import Outgoing
    from crawlproj.http.overtaking import Overtaking

logger = logging.getLogger(__name__)

# Of a body, before it is read. One turn of the event loop may receive megabytes.
_MAX_UNREAD_BYTES = 256 * 1024
# As Apache's default: where a worker serves one connection, nobody else has a turn until it ends.
_MAX_EXCHANGES = 100


class Protocol(ResponseHandler):
    """A connection with the peer's address and certificate, one exchange at a time.

    aiohttp's class speaks to proxies that open tunnels, and is what its connector pools.

    reused: whether an earlier exchange used the connection.
    server: the address and port of the peer. sent_at: when the latest request was sent
        (perf_counter).
    head_at: when the response's head arrived (perf_counter). Whoever waits for it runs a turn of
        the event loop later, which is not the site's latency.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, log_tls: bool, overtaking: Overtaking
    ) -> None:
        super().__init__(loop)
        self._log_tls = log_tls
        self._overtaking = overtaking
        self._exchanges = 0
        self._response: ResponseParser | None = None
        self._error: BaseException | None = None
        self._arrival: asyncio.Future[None] | None = None
        self._readable: select.poll | None = None
        self._unread = 0  # bytes of the response that arrived since the last read_body()
        self._held = False  # whether reading from the connection is paused
        self._wire: list[bytes] | None = None  # what arrived of the response, if it is kept
        self.reused = False
        self.sent_at = self.head_at = 0.0
        self.server: tuple[str, int] | None = None
        self.peer: IPAddress | None = None
        self.certificate: Certificate | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peername = transport.get_extra_info("peername")
        if peername:
            self.server = tuple(peername[:2])
            self.peer = ip_address(peername[0])
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            der = ssl_object.getpeercert(binary_form=True)
            if der:
                self.certificate = Certificate.load(der)
            if self._log_tls:
                _log_tls_session(ssl_object)

    @property
    def should_close(self) -> bool:
        """Whether the connection must not be used again."""
        response = self._response
        return (
            response is None
            or response.head is None
            or not (response.complete and response.head.keeps_open)
            or response.excess
            or self._exchanges >= _MAX_EXCHANGES
            or self._should_close
        )

    @property
    def desynchronized(self) -> bool:
        """Whether the server sent more than one response, so that none is certain to be ours."""
        return self._response is not None and self._response.excess

    @property
    def complete(self) -> bool:
        """Whether the response to the latest request has arrived as a whole."""
        return self._response is not None and self._response.complete

    def wire(self) -> bytes:
        """Return the bytes of the latest response, if ``exchange`` was asked to keep them."""
        response = self._response
        assert self._wire is not None  # noqa: S101 - kept
        assert response is not None  # noqa: S101 - set by exchange()
        data = b"".join(self._wire)
        return data[: -response.excess_bytes] if response.excess_bytes else data

    def is_spoilt(self) -> bool:
        """Whether the server has closed an idle connection, or sent what nobody had asked for.

        Asks the operating system too: the event loop may not have read yet what would otherwise
        be taken for the next response.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            return True
        if self._readable is None:
            self._readable = select.poll()
            self._readable.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(self._readable.poll(0))

    async def exchange(
        self, outgoing: Outgoing, before_send: Callable[[], None], *, keep_wire: bool = False
    ) -> ResponseHead:
        """Send ``outgoing`` and return the head of the response; ``read_body`` returns its body.

        before_send: called right before the first byte is written; an exception prevents that.
        keep_wire: whether ``wire`` is to return the response's bytes.

        Raises MalformedResponse, or an error of CONNECTION_CLOSED (see failures.py).
        """
        if self.transport is None or self.transport.is_closing():
            raise aiohttp.ServerDisconnectedError
        chunks = outgoing.chunks()
        before_send()
        self._response = response = ResponseParser(outgoing.method)
        self._wire = [] if keep_wire else None
        self.head_at = 0.0
        self.sent_at = perf_counter()
        self._exchanges += 1
        if self._exchanges == 1:
            self._overtaking.on_first(self, self.server, self.sent_at)
        self._let_go()
        for chunk in chunks:
            self.transport.write(chunk)
        while response.head is None:
            self._raise_error()
            if self.transport is None:
                raise aiohttp.ServerDisconnectedError(
                    "the connection was closed in the middle of the response's head"
                    if response.has_begun
                    else "the connection was closed before a response"
                )
            self._let_go()
            await self._progress()
        return response.head

    async def read_body(self) -> bytes:
        """Return the next part of the body; b"" when no more will come (see ``complete``).

        Raises MalformedResponse.
        """
        response = self._response
        assert response is not None  # noqa: S101 - set by exchange()
        while not (part := response.take()):
            self._let_go()
            if isinstance(self._error, MalformedResponse):
                raise self._error
            if response.complete or self.transport is None:
                break
            await self._progress()
        self._let_go()
        return part

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            super().data_received(data)  # a proxy's answer to CONNECT
            return
        if self._wire is not None:
            self._wire.append(data)
        try:
            response.feed(data)
        except MalformedResponse as exc:
            self._fail(exc)
        if not self.head_at and response.head is not None:
            self.head_at = perf_counter()
            if self._exchanges == 1:
                self._overtaking.on_answer(self)
        self._unread += len(data)
        if self.transport is not None:
            if response.excess or self._error is not None:
                self.transport.close()
            elif self._unread > _MAX_UNREAD_BYTES and not self._held:
                self._held = True
                self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._overtaking.on_answer(self)
        if self._response is not None and self._error is None:
            self._response.end()
        if isinstance(exc, OSError):
            self._fail(aiohttp.ClientOSError(*exc.args))
        self._wake()

    def _let_go(self) -> None:
        """Go on reading from the connection; what arrived has been read."""
        self._unread = 0
        if self._held:
            self._held = False
            if self.transport is not None:
                self.transport.resume_reading()

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    async def _progress(self) -> None:
        """Wait until more of the response has arrived, or the connection has ended."""
        self._arrival = self._loop.create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def _log_tls_session(ssl_object: ssl.SSLObject) -> None:
    cipher = ssl_object.cipher()
    logger.debug(
        "SSL connection to %s using protocol %s, cipher %s",  # Scrapy's words
        ssl_object.server_hostname,
        ssl_object.version(),
        cipher[0] if cipher else None,
    )
    if found := ssl_object.getpeercert():  # nothing when certificates are not verified
        logger.debug("TLS certificate: issuer %s, subject %s", found["issuer"], found["subject"])
