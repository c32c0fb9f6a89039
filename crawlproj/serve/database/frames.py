"""Frames between the server and its workers: a letter, a length of four bytes, that many bytes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import asyncio

_HEAD = struct.Struct(">cI")


def frame(kind: bytes, content: bytes) -> bytes:
    """Return a frame."""
    return _HEAD.pack(kind, len(content)) + content


def write_frame(file: BinaryIO, kind: bytes, content: bytes) -> None:
    """Write a frame to a pipe."""
    file.write(frame(kind, content))
    file.flush()


def read_frame(file: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return the next frame's kind and content; None at the end of the file."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    return kind, file.read(length)


async def receive_frame(stream: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the next frame. Raises asyncio.IncompleteReadError at the end of the stream."""
    kind, length = _HEAD.unpack(await stream.readexactly(_HEAD.size))
    return kind, await stream.readexactly(length)
