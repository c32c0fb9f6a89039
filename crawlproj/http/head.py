"""Reads the head of an HTTP/1 response as browsers do: what can be understood is taken.

RFC 9112 lets a recipient be lenient where nothing is ambiguous: bare line feeds, folded lines,
stray carriage returns, lines that are not a header, lengths that are not a number. Where two
readings of the body's length are possible, the response is refused with MalformedResponse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadFailedError
from scrapy.http import Headers

from crawlproj.frontier.base import State

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATUS_LINE = re.compile(rb"HTTP/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?!\d)", re.IGNORECASE)
_FOLD = re.compile(rb"\n[ \t]+")
_NUL, _CR = b"\0\r"
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TITLES: dict[bytes, bytes] = {}
_TITLES_MAX = 4096
_MAX_CACHED_BYTES = 64
_MAX_SHOWN = 60
REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses whose Location is followed."""
_MAX_DIGITS = 18  # of a length; more do not fit in 64 bits


class MalformedResponse(DownloadFailedError):
    """The site answered, but not in HTTP/1."""

    frontier_outcome = (State.FAILED, "malformed-response")


@dataclass(slots=True)
class ResponseHead:
    """The head of a response, parsed.

    protocol: such as "HTTP/1.1".
    length: of the body in bytes; None if the head does not say.
    chunked: whether the body is in chunks, whatever ``length`` is.
    keeps_open: whether the connection may carry another exchange after the body.
    """

    status: int
    protocol: str
    headers: Headers
    length: int | None = None
    chunked: bool = False
    keeps_open: bool = True

    @property
    def redirects(self) -> bool:
        """Whether it leads elsewhere, so that the body does not matter, not even a broken one."""
        return self.status in REDIRECTS and dict.__contains__(self.headers, b"Location")


def read_head(block: bytes, *, to_head: bool = False) -> ResponseHead:
    """Return what ``block``, from the status line up to the empty line, says.

    to_head: the request's method was HEAD, so there is no body.

    Raises MalformedResponse.
    """
    block = block.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if _CR in block or _NUL in block:
        block = block.replace(b"\r", b" ").replace(b"\0", b" ")  # RFC 9110 §5.5
    # Before the first header, a fold makes it a part of the status line, which is ignored.
    lines = _FOLD.sub(b" ", block).split(b"\n")
    status, protocol = _read_status_line(lines[0][:_MAX_CACHED_BYTES])
    headers = _read_fields(lines)
    head = ResponseHead(status, protocol, headers, keeps_open=protocol >= "HTTP/1.1")
    if (connection := dict.get(headers, b"Connection")) is not None:
        options = _members(connection)
        head.keeps_open = b"close" not in options and (head.keeps_open or b"keep-alive" in options)
    if to_head or status < 200 or status in {204, 304}:
        head.length = 0
    elif dict.__contains__(headers, b"Transfer-Encoding"):
        _read_transfer_encoding(head)
    else:
        head.length = _content_length(dict.get(headers, b"Content-Length"))
    return head


@lru_cache(maxsize=256)
def _read_status_line(line: bytes) -> tuple[int, str]:
    match = _STATUS_LINE.match(line)
    if match is None:
        raise MalformedResponse(f"the status line is {shown(line)}")
    return int(match[3]), f"HTTP/{int(match[1])}.{int(match[2] or 0)}"


def _read_fields(lines: list[bytes]) -> Headers:
    """Return the headers in ``lines`` after the first; leaves out lines that are none."""
    collected: dict[bytes, list[bytes]] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        title = _TITLES.get(name) or _title(name)
        if not title or not colon:
            continue
        if title in collected:
            collected[title].append(value.strip())
        else:
            collected[title] = [value.strip()]
    headers = Headers()
    dict.update(headers, collected)
    return headers


def _title(name: bytes) -> bytes:
    """Return a header's name in the spelling of Scrapy's Headers; b"" if it is none."""
    token = name.rstrip(b" \t")
    if _TOKEN.fullmatch(token) is None:
        return b""
    title = token.title()
    if len(_TITLES) < _TITLES_MAX and len(name) <= _MAX_CACHED_BYTES:
        _TITLES[name] = title
    return title


def _members(values: Iterable[bytes]) -> list[bytes]:
    """Return the members of a list in one or more headers, in lower case."""
    return [member.strip() for value in values for member in value.lower().split(b",")]


def _content_length(values: list[bytes] | None) -> int | None:
    """Return the length in Content-Length headers, which must agree; None if it is not a number.

    As the Fetch Standard asks, what cannot be a length says nothing, so the body ends with the
    connection, which is then not used again.
    """
    if not values:
        return None
    members = values if len(values) == 1 and values[0].isdigit() else _members(values)
    lengths = {member.lstrip(b"0") or b"0" for member in members if member}
    if len(lengths) > 1:
        raise MalformedResponse(f"Content-Length is {shown(b', '.join(values))}")
    length = lengths.pop() if lengths else b""
    return int(length) if length.isdigit() and len(length) <= _MAX_DIGITS else None


def _read_transfer_encoding(head: ResponseHead) -> None:
    """Set how the body is framed. To the reader, other codings than "chunked" are content codings.

    A Content-Length beside it does not count (RFC 9112 §6.3), but may be an attempt to make us
    read the next response elsewhere, so the connection is not used again.
    """
    values = dict.get(head.headers, b"Transfer-Encoding", ())
    names = (member.partition(b";")[0].rstrip() for member in _members(values))
    codings = [name for name in names if name not in {b"", b"identity"}]
    others = [coding for coding in codings if coding != b"chunked"]
    head.chunked = len(others) < len(codings)
    if head.chunked and codings[-1] != b"chunked":
        raise MalformedResponse(f"Transfer-Encoding is {shown(b', '.join(values))}")
    if codings:
        head.keeps_open &= not dict.__contains__(head.headers, b"Content-Length")
    else:
        head.length = _content_length(dict.get(head.headers, b"Content-Length"))
    if others:
        dict.setdefault(head.headers, b"Content-Encoding", []).extend(others)  # applied later


def shown(data: bytes) -> str:
    """Return the beginning of ``data`` for a message, on one line."""
    text = ascii(data[:_MAX_SHOWN].decode("latin-1"))
    return f"{text} …" if len(data) > _MAX_SHOWN else text
