"""Reads WARC files: their index as CDXJ, and where their last whole record ends."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator

from crawlproj.private_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 64 * 1024
_GZIP = 31  # of zlib's wbits: a gzip member


def surt(url: str) -> str:
    """Return the key under which an index has a URL: "org,example)/path?query", in lower case.

    The host is reversed and without "www.", the parameters are sorted. Written here because the
    package of that name fetches a list from the internet when it is imported.
    """
    parts = urlsplit(url.lower())
    host = re.sub(r"^www\d*\.", "", parts.hostname or "")
    numeric = ":" in host or re.fullmatch(r"[\d.]+", host)
    labels = host if numeric else ",".join(reversed(host.split(".")))
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = "&".join(sorted(parts.query.split("&")))
    path = parts.path.rstrip("/") or "/"
    return f"{labels}{port}){path}{'?' if query else ''}{query}"


def whole_length(file: BinaryIO) -> int:
    """Return how many bytes of a file, from its beginning on, are whole gzip members."""
    whole = 0
    member = zlib.decompressobj(_GZIP)
    file.seek(0)
    while data := file.read(_CHUNK):
        while data:
            try:
                member.decompress(data)
            except zlib.error:
                return whole
            if not member.eof:
                break
            data = member.unused_data
            whole = file.tell() - len(data)
            member = zlib.decompressobj(_GZIP)
    return whole


def write_index(warc: Path, cdxj: Path, name: str) -> None:
    """Write the sorted CDXJ of a file whose records are all whole. Raises OSError.

    name: of the file, as the index has it.
    """
    lines: list[str] = []
    last: tuple[str, dict[str, str], int] | None = None
    with warc.open("rb") as file:
        # A record's length is known when the next one begins.
        for record in ArchiveIterator(file):
            if last is not None:
                lines.append(_line(*last, record.stream_pos))
            last = None
            kind = record.headers["WARC-Type"]
            if kind in {"response", "revisit"}:
                fields = {
                    "url": record.headers["WARC-Target-URI"],
                    "mime": "warc/revisit"
                    if kind == "revisit"
                    else (record.http_content_type or "unk"),
                }
                if digest := record.headers.get("WARC-Payload-Digest"):  # none of a 304
                    status = record.http_headers.status_code
                    fields |= {"status": str(status or ""), "digest": digest.removeprefix("sha1:")}
                fields |= {
                    "offset": str(record.stream_pos),
                    "filename": name,
                }
                last = record.headers["WARC-Date"], fields, record.stream_pos
    if last is not None:
        lines.append(_line(*last, warc.stat().st_size))
    write_whole(cdxj, "".join(sorted(lines)))


def _line(date: str, fields: dict[str, str], begin: int, end: int) -> str:
    digits = re.sub(r"\D", "", date)[:14]
    fields["length"] = str(end - begin)
    return f"{surt(fields['url'])} {digits} {json.dumps(fields, ensure_ascii=False)}\n"
