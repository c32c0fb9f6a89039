"""Finds what WARC files have for a request, whoever wrote them (WARC 1.0 and 1.1)."""

from __future__ import annotations

import logging
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

from fastwarc.warc import ArchiveIterator

from crawlproj.errors import ConfigError
from crawlproj.urls import normalize
from crawlproj.warc.records import end_of_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

_KEPT = frozenset({"response", "revisit", "resource"})
_OF_NOTHING = "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"  # the digest of an empty payload
_NOT_MODIFIED = re.compile(rb"HTTP/\S+[ \t]+304\b")
_SCHEMA = """
CREATE TABLE records (
    key TEXT, at REAL, kind TEXT, file INTEGER, offset INTEGER, length INTEGER,
    id TEXT, concurrent TEXT, digest TEXT);
CREATE TABLE sent (key TEXT, id TEXT, concurrent TEXT);
"""
# A writer names the request in the response, or the response in the request.
_PAIR = """
UPDATE records SET key = sent.key FROM sent
WHERE records.id = sent.concurrent OR records.concurrent = sent.id;
CREATE INDEX by_key ON records (key, at);
CREATE INDEX by_digest ON records (digest);
"""


class Unreadable(Exception):
    """The archive names a payload that no file has."""


@dataclass(frozen=True, slots=True)
class Archived:
    """A response as it was archived.

    at: unix seconds. head: the status line and the headers.
    payload: the body with its transfer coding, of which ``payload_head`` says what it is; of a
        revisit record, both are those of the record that it refers to.
    peer: the server's address; "" if it is not known. truncated: as WARC-Truncated has it.
    """

    at: float
    head: bytes
    payload_head: bytes
    payload: bytes
    peer: str
    truncated: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is. length: of its block, in bytes."""

    file: Path
    offset: int
    length: int


class Reader:
    """The responses in WARC ``files``.

    They are read once to find their records, at 0.03 ms of CPU per record; the index is a
    temporary file. Files that are compressed as a whole cannot be read in any order.

    Raises ConfigError naming REPLAY_DIR and what is wrong with a file.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        # Threads make the index, and read large bodies.
        self._index = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._index.executescript(_SCHEMA)
        self._index.execute("BEGIN")
        for number, path in enumerate(self._files):
            try:
                self._read_file(number, path)
            except OSError as exc:
                raise ConfigError(f"REPLAY_DIR: {path} cannot be read: {exc}") from exc
        self._index.executescript(_PAIR)  # commits first

    def __len__(self) -> int:
        """Return how many responses there are."""
        return int(self._index.execute("SELECT count(*) FROM records").fetchone()[0])

    def close(self) -> None:
        """Delete the index."""
        self._index.close()

    def urls(self) -> Iterator[str]:
        """Yield the URL of every response to a GET request, but not of robots.txt."""
        for (key,) in self._index.execute(
            "SELECT key FROM records WHERE key LIKE 'http%' GROUP BY key ORDER BY min(rowid)"
        ):
            if key.partition("://")[2].partition("/")[2] != "robots.txt":
                yield key

    def places(self, method: str, url: str, body: bytes = b"") -> list[Place]:
        """Return where the responses to a request are, the newest first."""
        return self._places(
            "key = ? ORDER BY at DESC, rowid DESC LIMIT 100", [_key(method, url, body)]
        )

    def read(self, places: Iterable[Place]) -> Archived | None:
        """Return the first of ``places`` that is more than "not modified"; None if none is.

        Raises Unreadable if it refers to a record that is missing.
        """
        for place in places:
            headers, block = _read(place)
            head, payload = _split(headers, block)
            if _NOT_MODIFIED.match(head) or "not-modified" in headers.get("WARC-Profile", ""):
                continue
            payload_head = head
            if headers["WARC-Type"] == "revisit":
                payload_head, payload = self._original(headers, head)
            return Archived(
                at=_seconds(headers.get("WARC-Date", "")),
                head=head or payload_head,
                payload_head=payload_head,
                payload=payload,
                peer=headers.get("WARC-IP-Address", ""),
                truncated=headers.get("WARC-Truncated", ""),
            )
        return None

    def _original(self, headers: dict[str, str], head: bytes) -> tuple[bytes, bytes]:
        """Return the head and the payload of the record that a revisit record refers to."""
        digest = headers.get("WARC-Payload-Digest", "")
        if digest == _OF_NOTHING:
            return head, b""
        url = _plain(headers.get("WARC-Refers-To-Target-URI", ""))
        at = _seconds(headers.get("WARC-Refers-To-Date", ""))
        place = next(
            chain(
                self._places(
                    "key = ? AND kind != 'revisit' AND abs(at - ?) < 1 LIMIT 1",
                    [_key("GET", url, b""), at],
                ),
                self._places("digest = ? AND kind != 'revisit' LIMIT 1", [digest]),
            ),
            None,
        )
        if place is None:
            of = f" of {url}" if url else ""
            raise Unreadable(f"the archive refers to a record{of} that no file has ({digest})")
        return _split(*_read(place))

    def _places(self, condition: str, values: list[Any]) -> list[Place]:
        found = self._index.execute(
            f"SELECT file, offset, length FROM records WHERE {condition}",  # noqa: S608 - ours
            values,
        )
        return [Place(self._files[file], offset, length) for file, offset, length in found]

    def _read_file(self, number: int, path: Path) -> None:
        offset, place = -1, None
        with path.open("rb") as file:
            try:
                for record in ArchiveIterator(file, parse_http=False, quirks_mode=True):
                    if offset == record.stream_pos:
                        raise ConfigError(
                            f"REPLAY_DIR: {path} is compressed as a whole, so that no record can "
                            f"be found in it; write it anew with: warcio recompress {path} "
                            f"NEW.warc.gz"
                        )
                    offset = record.stream_pos
                    place = Place(path, offset, record.content_length)
                    self._note(number, record)
            except OSError as exc:
                logger.warning("%s: what follows byte %d is left out: %s", path, offset, exc)
        if place is not None and not _is_whole(place):  # a killed writer left it so
            logger.info("%s: the torn record at its end, byte %d, is left out", path, offset)
            where = "WHERE file = ? AND offset = ?"
            self._index.execute(f"DELETE FROM records {where}", [number, offset])  # noqa: S608

    def _note(self, number: int, record: Any) -> None:
        headers = record.headers
        kind = headers.get("WARC-Type")
        url = _plain(headers.get("WARC-Target-URI") or "")
        if not url.startswith(("http://", "https://")):  # dns:, metadata:
            return
        record_id = headers.get("WARC-Record-ID")
        concurrent_to = headers.get("WARC-Concurrent-To")
        if kind in _KEPT:
            row = [
                _key("GET", url, b""),
                _seconds(headers.get("WARC-Date") or ""),
                kind,
                number,
                record.stream_pos,
                record.content_length,
                record_id,
                concurrent_to,
                headers.get("WARC-Payload-Digest"),
            ]
            self._index.execute("INSERT INTO records VALUES (?,?,?,?,?,?,?,?,?)", row)
        elif kind == "request":
            block = record.reader.read()
            method = block.partition(b" ")[0].decode("latin-1")
            if method != "GET":
                key = _key(method, url, block[end_of_head(block) :])
                self._index.execute(
                    "INSERT INTO sent VALUES (?,?,?)", [key, record_id, concurrent_to]
                )


def _key(method: str, url: str, body: bytes) -> str:
    """Return what tells requests apart: the URL in normal form, the method, and what was sent."""
    key = normalize(url) or url
    if method == "GET":
        return key
    return f"{method} {key} {blake2b(body, digest_size=16).hexdigest()}"


def _read(place: Place) -> tuple[dict[str, str], bytes]:
    """Return the headers and the block of a record. Raises OSError."""
    with place.file.open("rb") as file:
        file.seek(place.offset)
        record = next(iter(ArchiveIterator(file, parse_http=False, quirks_mode=True)))
        return dict(record.headers.items()), record.reader.read()


def _is_whole(place: Place) -> bool:
    try:
        return len(_read(place)[1]) == place.length
    except (OSError, StopIteration):
        return False


def _split(headers: dict[str, str], block: bytes) -> tuple[bytes, bytes]:
    """Return the head, up to its empty line, and the payload; both have a head in HTTP."""
    if headers["WARC-Type"] == "resource":
        media = headers.get("Content-Type", "")
        return f"HTTP/1.1 200 OK\r\nContent-Type: {media}".encode(), block
    end = end_of_head(block)
    return block[:end].rstrip(b"\r\n"), block[end:]


def _plain(url: str) -> str:
    """Return a URL without the angle brackets that WARC 1.0 shows around it, and wget writes."""
    return url.strip("<> ")


def _seconds(date: str) -> float:
    """Return a WARC-Date in unix seconds; 0 if it is none. It may have nine decimals."""
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", date))
    except ValueError:
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
