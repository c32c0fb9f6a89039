"""Undoes content codings (RFC 9110 §8.4): gzip, deflate, br and zstd. Pure.

As in browsers, what follows the end of the data does not matter, and checksums may be missing.
"""

from __future__ import annotations

import codecs
import re
import sys
import zlib
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

import brotli  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_CODINGS = 5
"""More were not meant to be read: each can multiply the time that a response takes."""

# Labels of bodies that are not encoded.
_NONE = frozenset({b"", b"identity", b"none", b"null", b"binary", b"utf-8", b"utf8"})
_MAX_ZSTD_WINDOW_LOG = 23  # 8 MiB, RFC 9659
_GZIP = b"\x1f\x8b\x08"
_GZIP_TRAILER_BYTES = 8
_FLUSHED = b"\0\0\xff\xff"
_MAX_FRAMES = 1000  # or members; a body may have a million empty ones
_PART_BYTES = 256 * 1024
_BROTLI_STEP_BYTES = 4096
_NO_LIMIT = 1 << 60
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_PRESCAN_BYTES = 2048
_MIN_ASCII = 0.75  # in an older encoding; markup is ASCII
_utf8 = codecs.getincrementaldecoder("utf-8")


class BadCoding(ValueError):
    """The body is not what its coding says, or ends too early.

    body: as much as could be decoded; empty if it is not known to be correct.
    """

    def __init__(self, message: str, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body


class TooLarge(ValueError):
    """The decoded body is larger than allowed."""


def codings_of(headers: Iterable[bytes]) -> list[bytes]:
    """Return the codings in Content-Encoding headers, in lower case, in the order of use."""
    names = [name.strip().lower() for value in headers for name in value.split(b",")]
    return [name for name in names if name not in _NONE]


def decoded(body: bytes, coding: bytes, max_bytes: int) -> bytes:
    """Return ``body`` without ``coding``, of which ``max_bytes`` are allowed; 0 means no limit.

    Raises BadCoding and TooLarge.
    """
    if not body:
        return b""
    decode = _DECODERS.get(coding)
    if decode is None:
        raise BadCoding(f"{coding.decode('latin-1')!r:.50} is not a known coding")
    limit = max_bytes or _NO_LIMIT
    found = decode(body, limit)
    if len(found) > limit:
        raise TooLarge
    return found


def looks_like_text(body: bytes) -> bool:
    """Whether ``body`` is text in an encoding of the web, which compressed data never looks like.

    UTF-16 is not recognised.
    """
    start = body[:_PRESCAN_BYTES]
    if _NOT_TEXT.search(start):
        return False
    try:
        _utf8().decode(start, final=len(start) == len(body))  # the end may cut a character
    except UnicodeDecodeError:
        return sum(byte < 0x80 for byte in start) >= _MIN_ASCII * len(start)
    return True


def _ungzip(body: bytes, max_bytes: int) -> bytes:
    members: list[bytes] = []
    size = at = 0
    while body.startswith(_GZIP, at):
        if len(members) == _MAX_FRAMES:
            raise BadCoding(f"it has more than {_MAX_FRAMES} parts")
        try:
            data, at = _inflated(body, _end_of_gzip_header(body, at), max_bytes - size)
        except BadCoding as exc:
            raise BadCoding(str(exc), b"".join([*members, exc.body])) from exc
        members.append(data)
        size += len(data)
        if size > max_bytes:
            break
        _check(zlib.crc32(data), body[at : at + 4], "little")
        at += _GZIP_TRAILER_BYTES
    if not members:
        raise BadCoding("it does not begin as gzip does")
    return b"".join(members)


def _end_of_gzip_header(body: bytes, at: int) -> int:
    """Return where the data of the gzip member at ``at`` begins (RFC 1952 §2.3)."""
    flags = body[at + 3] if len(body) > at + 3 else 0
    end = at + 10
    if flags & 4:  # an extra field
        end += 2 + int.from_bytes(body[end : end + 2], "little")
    for flag in (8, 16):  # a file name and a comment, each up to a zero byte
        if flags & flag:
            end = body.find(b"\0", end) + 1 or len(body)
    return end + 2 if flags & 2 else end


def _undeflate(body: bytes, max_bytes: int) -> bytes:
    if body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0:
        try:
            data, end = _inflated(body, 2, max_bytes)
        except BadCoding as exc:
            if exc.body:
                raise
        else:
            if len(data) <= max_bytes:
                _check(zlib.adler32(data), body[end : end + 4], "big")
            return data
    # Without zlib's header, as Microsoft's servers once sent it. Nearly everything begins so.
    data, end = _inflated(body, 0, max_bytes)
    if end < len(body) and len(data) <= max_bytes:
        raise BadCoding("it is not deflated")
    return data


def _check(checksum: int, expected: bytes, order: Literal["little", "big"]) -> None:
    """Raise BadCoding if all four bytes of the expected checksum are there, and they differ."""
    if len(expected) == 4 and int.from_bytes(expected, order) != checksum:
        raise BadCoding("its checksum is wrong")


def _inflated(body: bytes, at: int, max_bytes: int) -> tuple[bytes, int]:
    """Return the deflated data at ``at``, and where it ends."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return _streamed(inflate, body, at, max_bytes, zlib.error)
    except BadCoding as exc:
        # Some servers flush all they have and never end the stream.
        if exc.body and body.endswith(_FLUSHED):
            return exc.body, len(body)
        raise


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    frames: list[bytes] = []
    size = at = 0
    while at < len(body):
        if len(frames) == _MAX_FRAMES:
            raise BadCoding(f"it has more than {_MAX_FRAMES} parts")
        options = {int(zstd.DecompressionParameter.window_log_max): _MAX_ZSTD_WINDOW_LOG}
        frame = zstd.ZstdDecompressor(options=options)
        try:
            data, at = _streamed(frame, body, at, max_bytes - size, zstd.ZstdError)
        except BadCoding as exc:
            if frames and not exc.body:
                break
            raise BadCoding(str(exc), b"".join([*frames, exc.body])) from exc
        frames.append(data)
        size += len(data)
        if size > max_bytes:
            break
    return b"".join(frames)


def _streamed(
    stream: Any, body: bytes, at: int, max_bytes: int, error: type[Exception]
) -> tuple[bytes, int]:
    """Return what ``stream`` makes of ``body`` from ``at``, and where it ended.

    Stops soon after ``max_bytes``. Feeds parts, because a stream copies all that follows its end.
    """
    parts: list[bytes] = []
    size = 0
    while at < len(body):
        fed = body[at : at + _PART_BYTES]
        try:
            part = stream.decompress(fed, max_bytes - size + 1)
        except error as exc:
            raise BadCoding("its compressed data is corrupt") from exc
        parts.append(part)
        size += len(part)
        at += len(fed)
        if stream.eof:
            return b"".join(parts), at - len(stream.unused_data)
        if size > max_bytes:
            return b"".join(parts), at
    raise BadCoding("its compressed data ends too early", b"".join(parts))


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    # A call fails if it gets more than the end of the data, and nobody says where that is. So it
    # is looked for in ever smaller steps behind what is known to be brotli.
    known = 0
    for step in (len(body), _BROTLI_STEP_BYTES, 1):
        stream = brotli.Decompressor()
        parts: list[bytes] = []
        size = 0
        bounds = chain([0], range(known or step, len(body), step), [len(body)])
        try:
            for start, stop in pairwise(bounds):
                fed = body[start:stop]
                while part := stream.process(fed, output_buffer_limit=max_bytes - size + 1):
                    parts.append(part)
                    size += len(part)
                    if stream.is_finished() or size > max_bytes:
                        return b"".join(parts)
                    fed = b""
                if stream.is_finished():
                    return b"".join(parts)
                known = stop
        except brotli.error:
            continue
        raise BadCoding("its compressed data ends too early", b"".join(parts))
    raise BadCoding("its compressed data is corrupt")


_DECODERS: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"gzip": _ungzip,
    b"x-gzip": _ungzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
