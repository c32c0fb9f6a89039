"""Lines of a list of URLs, as people and their programs write them."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from crawlproj.urls import valid_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

_COMMENT = re.compile(r"(?:^|\s)#.*")  # elsewhere, # begins a URL's fragment
_NO_HOST = re.compile(r"(?:about|data|javascript|mailto|tel):", re.IGNORECASE)
CHUNK_BYTES = 65_536  # read at a time
_KEPT = "surrogatepass"  # how to decode half a character, and encode it
_QUOTED = re.compile(r'"([^"]*)"(?:[\s,;].*)?')


def read_line(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """Return the URL, in normal form, and the meta of a line; None if it has neither.

    Of several columns, separated by tabs, the first is the URL; it may be quoted. Without a scheme,
    https is used. A comment begins with # at the beginning of the line or after a space.

    Raises ValueError if the line is malformed: there is no guess that might be another URL.
    """
    text = line.decode().removeprefix("\ufeff").strip()
    if text.startswith("{"):
        return _read_object(text)
    text = _COMMENT.sub("", text.partition("\t")[0]).strip()
    if not text:
        return None
    if (quoted := _QUOTED.fullmatch(text)) is not None:
        text = quoted[1].strip()
    if len(text.split()) > 1:
        raise ValueError(
            f"{text[:80]!r} contains a space: write %20 if it belongs to the URL, or separate "
            "columns by tabs"
        )
    return valid_url(with_scheme(text)), {}


def with_scheme(url: str) -> str:
    """Return ``url`` with https:// if it has no scheme."""
    return url if "://" in url or _NO_HOST.match(url) else f"https://{url}"


def _read_object(text: str) -> tuple[str, dict[str, Any]]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        raise ValueError(f"the line is not valid JSON: {exc}") from None
    url, meta = value.get("url"), value.get("meta", {})
    if not isinstance(url, str):
        raise ValueError('"url" is missing or not a string')
    if not isinstance(meta, dict):
        raise ValueError('"meta" is not an object')
    return valid_url(with_scheme(url.strip())), meta


async def in_utf8(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a list's bytes in UTF-8 if its byte order mark says UTF-16, as PowerShell's ``>`` does.

    A line that is not UTF-16 is not UTF-8 afterwards, so it is an error of that line only.
    """
    converted: Callable[[bytes], bytes] | None = None
    async for chunk in chunks:
        converted = converted or _decoder_of(chunk)
        yield converted(chunk)


def _decoder_of(start: bytes) -> Callable[[bytes], bytes]:
    """Return what makes the chunks of a list UTF-8; start: its first bytes."""
    if not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return bytes
    decode = codecs.getincrementaldecoder("utf-16")(_KEPT).decode
    return lambda chunk: decode(chunk).encode(errors=_KEPT)


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a list as ``in_utf8`` would. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        converted = _decoder_of(file.peek(2))
        if converted is bytes:  # it is in UTF-8 already
            yield from file
            return
        rest = b""
        while chunk := file.read1(CHUNK_BYTES):
            *lines, rest = (rest + converted(chunk)).split(b"\n")
            yield from lines
        yield rest


def refuse_without_url(path: Path) -> None:
    """Raise ValueError if no line of a list is a URL and one is malformed; reads up to a URL."""
    first = ""
    for number, line in enumerate(lines_of(path), 1):
        try:
            if read_line(line) is not None:
                return
        except ValueError as exc:
            first = first or f"line {number}: {exc}"
    if first:
        raise ValueError(f"no line is a URL; {first}")
