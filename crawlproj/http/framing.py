"""How long a response's body is: three ways to find its end (RFC 9112 §6). Pure.

Each takes the connection's bytes in order through ``feed``, adds those of the body to a list, and
returns what follows the body.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Protocol

from crawlproj.http.head import MalformedResponse, shown

_MAX_LINE_BYTES = 8192  # of a chunk's size with its extensions
_MAX_OVERHEAD_BYTES = 64 * 1024  # of all extensions and trailers of a body
# Reading a chunk costs a microsecond, so a body of tiny ones would cost seconds.
_MAX_TINY_CHUNKS = 10_000
_TINY_BYTES = 16
_CHUNK_SIZE = re.compile(rb"[ \t]*0*([0-9a-fA-F]{1,16})[ \t]*(?:;.*)?", re.DOTALL)


class Framing(Protocol):
    """Finds the end of a body.

    complete: its end has been found.
    """

    complete: bool

    def feed(self, data: bytes, body: list[bytes]) -> bytes:
        """Add what belongs to the body to ``body``; return the rest. Raises MalformedResponse."""

    def end(self) -> None:
        """Note that the connection has ended, which may be the end of the body."""


class Counted:
    """A body of ``length`` bytes."""

    __slots__ = ("_left", "complete")

    def __init__(self, length: int) -> None:
        self._left = length
        self.complete = not length

    def feed(self, data: bytes, body: list[bytes]) -> bytes:
        """See Framing."""
        part = data[: self._left]
        body.append(part)
        self._left -= len(part)
        self.complete = not self._left
        return data[len(part) :]

    def end(self) -> None:
        """See Framing: nothing may be missing."""


class Unframed:
    """A body that the end of the connection ends."""

    __slots__ = ("complete",)

    def __init__(self) -> None:
        self.complete = False

    def feed(self, data: bytes, body: list[bytes]) -> bytes:
        """See Framing."""
        body.append(data)
        return b""

    def end(self) -> None:
        """See Framing."""
        self.complete = True


class _Line(Enum):
    SIZE = auto()
    END_OF_CHUNK = auto()
    TRAILER = auto()


class Chunked:
    """A body in chunks, each behind its size; extensions and trailers are left out.

    After the last chunk, which has no bytes, the end of the connection does as well as an empty
    line.
    """

    __slots__ = ("_chunks", "_left", "_next_line", "_overhead", "_pending", "_size", "complete")

    def __init__(self) -> None:
        self.complete = False
        self._left = 0  # bytes to come of the chunk
        self._next_line = _Line.SIZE
        self._chunks = self._size = 0  # so far; bytes
        self._overhead = 0  # bytes of extensions and trailers
        self._pending = b""  # an incomplete line

    def feed(self, data: bytes, body: list[bytes]) -> bytes:
        """See Framing."""
        if self._pending:
            data, self._pending = self._pending + data, b""
        at = 0  # slicing off what was read would copy the rest for each chunk
        while at < len(data) and not self.complete:
            if self._left:
                part = data[at : at + self._left]
                body.append(part)
                self._left -= len(part)
                at += len(part)
                continue
            end = data.find(b"\n", at, at + _MAX_LINE_BYTES)
            if end < 0:
                self._pending = data[at:]
                if len(self._pending) >= _MAX_LINE_BYTES:
                    raise MalformedResponse(f"a chunk begins with {shown(self._pending)}")
                return b""
            self._read_line(data[at:end].removesuffix(b"\r"))
            at = end + 1
        return data[at:]

    def end(self) -> None:
        """See Framing."""
        self.complete = self._next_line is _Line.TRAILER

    def _read_line(self, line: bytes) -> None:
        if self._next_line is _Line.SIZE:
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise MalformedResponse(f"the size of a chunk is {shown(line)}")
            self._left = int(match[1], 16)
            self._next_line = _Line.END_OF_CHUNK if self._left else _Line.TRAILER
            self._overhead += len(line) - len(match[1])
            self._chunks += 1
            self._size += self._left
            if self._size < _TINY_BYTES * self._chunks and self._chunks > _MAX_TINY_CHUNKS:
                raise MalformedResponse(f"more than {_MAX_TINY_CHUNKS:,} tiny chunks")
        elif self._next_line is _Line.END_OF_CHUNK:
            if line:
                raise MalformedResponse(f"a chunk is followed by {shown(line)}")
            self._next_line = _Line.SIZE
        else:
            self._overhead += len(line)
            self.complete = not line
        if self._overhead > _MAX_OVERHEAD_BYTES:
            raise MalformedResponse("the chunks have too many extensions or trailers")
