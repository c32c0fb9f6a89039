"""An incremental parser of one HTTP/1 response. Pure: bytes in, head and body out.

aiohttp's parser refuses what other clients take, and forgets a complete response if what follows it
in the same segment is not HTTP. This one gives the same result however the bytes are divided.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crawlproj.http.framing import Chunked, Counted, Unframed
from crawlproj.http.head import MalformedResponse, ResponseHead, read_head, shown

if TYPE_CHECKING:
    from crawlproj.http.framing import Framing

MAX_HEAD_BYTES = 256 * 1024
"""As in Chrome. A longer head is malformed."""

MAX_INTERIM_RESPONSES = 16
"""Of status 1xx, before the response itself."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_PREFIX = b"HTTP/"


class ResponseParser:
    """The response to one request, whose bytes arrive through ``feed`` and end with ``end``.

    method: of the request; a response to HEAD has no body.

    head: None until the head of the final response has arrived.
    complete: whether the whole response has arrived.
    excess_bytes: how many bytes followed it that no request had asked for.
    """

    __slots__ = (
        "_body",
        "_framing",
        "_interim",
        "_pending",
        "_searched",
        "_to_head",
        "excess_bytes",
        "head",
    )

    def __init__(self, method: str) -> None:
        self.head: ResponseHead | None = None
        self.excess_bytes = 0
        self._to_head = method == "HEAD"
        self._framing: Framing | None = None
        self._body: list[bytes] = []
        self._interim = 0
        self._pending = bytearray()  # an incomplete head
        self._searched = 0  # bytes of it in which its end does not begin

    @property
    def complete(self) -> bool:
        """Whether the whole response has arrived."""
        return self._framing is not None and self._framing.complete

    @property
    def excess(self) -> bool:
        """Whether bytes followed it that no request had asked for."""
        return self.excess_bytes > 0

    @property
    def has_begun(self) -> bool:
        """Whether anything of the response has arrived."""
        return self.head is not None or self._interim > 0 or bool(self._pending)

    def feed(self, data: bytes) -> None:
        """Take the next bytes from the connection. Raises MalformedResponse."""
        while data and self._framing is None:
            data = self._read_head(data)
        if data and self._framing is not None and not self._framing.complete:
            data = self._framing.feed(data, self._body)
        if data:
            self.excess_bytes += len(data)

    def end(self) -> None:
        """Note that the connection has ended, which completes a body of unknown length."""
        if self._framing is not None and not self._framing.complete:
            self._framing.end()

    def take(self) -> bytes:
        """Return what has arrived of the body since the last call."""
        body = self._body
        if not body:
            return b""
        self._body = []
        return body[0] if len(body) == 1 else b"".join(body)

    def _read_head(self, data: bytes) -> bytes:
        """Read on in the head; return what follows it."""
        source: bytes | bytearray
        if self._pending:
            self._pending += data
            source = self._pending
        else:
            source = data.lstrip(b"\r\n")  # RFC 9112 §2.2
        end = _END_OF_HEAD.search(source, self._searched)
        # Bytes that may begin its end do not count.
        length = len(source) - 2 if end is None else end.start()
        if length > MAX_HEAD_BYTES:
            raise MalformedResponse(f"the head is longer than {MAX_HEAD_BYTES:,} bytes")
        if end is None:
            self._keep(source)
            return b""
        block, rest = bytes(source[:length]), bytes(source[end.end() :])
        self._pending.clear()
        self._searched = 0
        head = read_head(block, to_head=self._to_head)
        if head.status >= 200 or head.status == 101:
            self._begin_body(head)
        else:
            self._interim += 1
            if self._interim > MAX_INTERIM_RESPONSES:
                raise MalformedResponse(f"more than {MAX_INTERIM_RESPONSES} interim responses")
        return rest

    def _keep(self, source: bytes | bytearray) -> None:
        if not self._pending:
            self._pending += source
        # A server of another protocol may greet us and then wait.
        if not _PREFIX.startswith(bytes(source[: len(_PREFIX)]).upper()):
            raise MalformedResponse(f"it begins with {shown(bytes(source))}")
        self._searched = max(0, len(source) - 2)

    def _begin_body(self, head: ResponseHead) -> None:
        self.head = head
        if head.chunked:
            self._framing = Chunked()
        elif head.length is not None:
            self._framing = Counted(head.length)
        else:
            self._framing = Unframed()
        if head.status == 101 or isinstance(self._framing, Unframed):
            head.keeps_open = False
