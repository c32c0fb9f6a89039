"""Reads WARC files as others do."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.cli import main as warcio

from crawlproj.warc.records import Exchange

if TYPE_CHECKING:
    from pathlib import Path


def exchange(url: str, body: bytes = b"hello", **more: Any) -> Exchange:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    return Exchange(
        **{
            "url": url,
            "at": 1795860682.5,
            "request": b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "response": head + body,
            "status": 200,
            "peer": "192.0.2.1",
            **more,
        }
    )


def warcs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.warc.gz"))


def check(folder: Path) -> None:
    """Let ``warcio check`` and FastWARC verify every record of every complete file."""
    for path in warcs(folder):
        shown = io.StringIO()
        status = 0
        with contextlib.redirect_stdout(shown):
            try:
                warcio(["check", str(path)])
            except SystemExit as exc:
                status = int(exc.code or 0)
        assert status == 0, shown.getvalue()
        for record in ArchiveIterator(str(path), parse_http=False, fsspec_args=False):
            assert record.verify_block_digest()
            assert len(record.reader.read()) in {0, record.content_length}


def records(path: Path) -> list[tuple[str, str, bytes]]:
    """Return (type, URL, block without its transfer encoding) of each record, as warcio has it."""
    with path.open("rb") as file:
        return [
            (
                record.rec_type,
                record.rec_headers.get_header("WARC-Target-URI") or "",
                record.content_stream().read(),
            )
            for record in WarcioIterator(file)
        ]


def index(folder: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Return (key, timestamp, fields) of each line of every CDXJ in ``folder``."""
    found = []
    for path in sorted(folder.glob("*.cdxj")):
        lines = path.read_text().splitlines()
        assert lines == sorted(lines)
        for line in lines:
            key, timestamp, fields = line.split(" ", 2)
            found.append((key, timestamp, json.loads(fields)))
    return found
