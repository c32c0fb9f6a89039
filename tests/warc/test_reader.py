"""What WARC files have for a request is found, whoever wrote them."""

from __future__ import annotations

import gzip
import io
import logging
from typing import TYPE_CHECKING

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlproj.errors import ConfigError
from crawlproj.warc.config import warc_files
from crawlproj.warc.reader import Archived, Reader, Unreadable
from tests.frontier.helpers import run
from tests.warc.helpers import exchange, warcs
from tests.warc.test_archive import write

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.warc.records import Exchange

A = "http://a.example/"
AT = 1795860682.5
WGET = b"""WARC/1.0\r
WARC-Type: request\r
WARC-Target-URI: <http://a.example/>\r
WARC-Date: 2026-11-28T10:11:22Z\r
WARC-Record-ID: <urn:uuid:4f3a>\r
Content-Type: application/http;msgtype=request\r
Content-Length: 40\r
\r
GET / HTTP/1.1\r
Host: a.example:80000\r
\r
\r
\r
WARC/1.0\r
WARC-Type: response\r
WARC-Target-URI: <http://a.example/>\r
WARC-Date: 2026-11-28T10:11:22Z\r
WARC-Record-ID: <urn:uuid:4f3b>\r
WARC-Concurrent-To: <urn:uuid:4f3a>\r
WARC-IP-Address: 192.0.2.7\r
Content-Type: application/http;msgtype=response\r
Content-Length: 44\r
\r
HTTP/1.1 200 OK\r
Content-Length: 5\r
\r
hello\r
\r
WARC/1.0\r
WARC-Type: resource\r
WARC-Target-URI: metadata://gnu.org/software/wget/warc/wget.log\r
WARC-Record-ID: <urn:uuid:4f3c>\r
WARC-Date: 2026-11-28T10:11:23Z\r
Content-Type: text/plain\r
Content-Length: 3\r
\r
log\r
\r
"""


def wget() -> bytes:
    """Return what wget writes: WARC 1.0, angle brackets, its log in a record of its own."""
    block = WGET.partition(b"Content-Length: 44\r\n\r\n")[2].partition(b"\r\n\r\nWARC")[0]
    asked = WGET.partition(b"Content-Length: 40\r\n\r\n")[2].partition(b"\r\n\r\n\r\nWARC")[0]
    return WGET.replace(b": 44", b": %d" % len(block)).replace(b": 40", b": %d" % (len(asked) + 2))


def opened(folder: Path) -> Reader:
    return Reader(warc_files(folder))


def found(reader: Reader, url: str, method: str = "GET", body: bytes = b"") -> Archived | None:
    return reader.read(reader.places(method, url, body))


def payload(reader: Reader, url: str, method: str = "GET", body: bytes = b"") -> bytes:
    archived = found(reader, url, method, body)
    assert archived is not None
    return archived.payload


def chunked(text: str) -> bytes:
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return f"{head}{len(text):x}\r\n{text}\r\n0\r\n\r\n".encode()


def by_warcio(path: Path, *texts: tuple[str, str], gzip: bool = True) -> None:
    """Write WARC 1.0 with warcio: a response, then revisits of it, which it gives no date."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzip, warc_version="1.0")
        for url, text in texts:
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/plain")], protocol="HTTP/1.0")
            record = writer.create_warc_record(
                url, "response", io.BytesIO(text.encode()), http_headers=head
            )
            writer.ensure_digest(record)
            if url == A:
                digest = record.rec_headers.get_header("WARC-Payload-Digest")
                writer.write_record(record)
            else:
                writer.write_record(
                    writer.create_revisit_record(
                        url, digest, A, "1999-01-01T00:00:00Z", http_headers=head
                    )
                )


def test_the_newest_response_counts_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, b"new", at=AT + 1), exchange(A, b"old", at=AT))
    reader = opened(tmp_path)
    archived = found(reader, A)
    assert archived == Archived(
        at=AT + 1,
        head=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3",
        payload_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3",
        payload=b"new",
        peer="192.0.2.1",
        truncated="",
    )
    assert found(reader, f"{A}other") is None


def test_a_url_is_found_in_any_spelling(tmp_path: Path) -> None:
    write(tmp_path, exchange("http://A.example:80/%7euser?b=1&a=2"))
    assert payload(opened(tmp_path), f"{A}~user?b=1&a=2") == b"hello"


def test_a_revisit_has_its_own_head_and_the_payload_of_the_first(tmp_path: Path) -> None:
    moved = b"HTTP/1.1 404 Not Found\r\n\r\nhello"
    write(tmp_path, exchange(A), exchange(f"{A}gone", response=moved, status=404))
    archived = found(opened(tmp_path), f"{A}gone")
    assert archived is not None
    assert archived.head == b"HTTP/1.1 404 Not Found"
    assert archived.payload == b"hello"


def test_a_revisit_knows_which_transfer_coding_the_payload_has(tmp_path: Path) -> None:
    again = exchange(f"{A}2", response=chunked("hello"))
    write(tmp_path, exchange(A, response=chunked("hello")), again)
    archived = found(opened(tmp_path), f"{A}2")
    assert archived is not None
    assert archived.payload_head.endswith(b"Transfer-Encoding: chunked")
    assert archived.payload == b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("packed", [True, False])
def test_what_warcio_wrote_is_found_by_its_digest(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / f"x.warc{'.gz' if packed else ''}"
    by_warcio(path, (A, "hello"), (f"{A}2", "hello"), gzip=packed)
    reader = opened(path)
    assert payload(reader, f"{A}2") == b"hello"
    assert list(reader.urls()) == [A, f"{A}2"]


def test_a_revisit_of_a_record_that_no_file_has_is_unreadable(tmp_path: Path) -> None:
    by_warcio(tmp_path / "all.warc", (A, "hello"), (f"{A}2", "hello"), gzip=False)
    data = (tmp_path / "all.warc").read_bytes()
    (tmp_path / "all.warc").unlink()
    (tmp_path / "part.warc").write_bytes(data[data.index(b"WARC/1.0", 10) :])
    with pytest.raises(Unreadable, match=f"refers to a record of {A} that no file has"):
        found(opened(tmp_path), f"{A}2")


def test_not_modified_means_the_response_before(tmp_path: Path) -> None:
    same = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    write(tmp_path, exchange(A), exchange(A, response=same, status=304, at=AT + 9))
    assert payload(opened(tmp_path), A) == b"hello"
    only = exchange(f"{A}2", response=same, status=304)
    write(tmp_path, only)
    assert found(opened(tmp_path), f"{A}2") is None


def posted(text: bytes, answer: bytes) -> Exchange:
    head = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % len(text)
    return exchange(A, answer, request=head + text)


def test_other_methods_and_other_forms_have_responses_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, exchange(A, b"get"), posted(b"q=1", b"one"), posted(b"q=2", b"two"))
    reader = opened(tmp_path)
    assert payload(reader, A) == b"get"
    assert payload(reader, A, "POST", b"q=1") == b"one"
    assert payload(reader, A, "POST", b"q=2") == b"two"
    assert found(reader, A, "POST", b"q=3") is None
    assert list(reader.urls()) == [A]


def test_what_wget_wrote_is_found_without_its_log(tmp_path: Path) -> None:
    (tmp_path / "wget.warc").write_bytes(wget())
    reader = opened(tmp_path)
    archived = found(reader, A)
    assert archived is not None
    assert archived.payload == b"hello"
    assert archived.peer == "192.0.2.7"
    assert len(reader) == 1


def test_a_resource_is_a_page_without_headers(tmp_path: Path) -> None:
    record = WGET[WGET.index(b"WARC/1.0\r\nWARC-Type: resource") :]
    (tmp_path / "x.warc").write_bytes(record.replace(b"metadata:", b"http:"))
    archived = found(opened(tmp_path), "http://gnu.org/software/wget/warc/wget.log")
    assert archived is not None
    assert archived.head == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain"
    assert archived.payload == b"log"


@pytest.mark.parametrize("name", ["x.warc.gz", "x.warc.gz.open"])
def test_a_torn_record_is_left_out(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, exchange(A), exchange(A, bytes(range(256)) * 9, at=AT + 1))
    (path,) = warcs(tmp_path)
    torn = path.read_bytes()[:-99]
    path.unlink()
    (tmp_path / name).write_bytes(torn)
    with caplog.at_level(logging.INFO):
        reader = opened(tmp_path)
    assert payload(reader, A) == b"hello"
    assert f"{name}: the torn record at its end" in caplog.text


def test_damage_ends_a_file_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, exchange(A), exchange(f"{A}2", bytes(range(256)) * 99), exchange(f"{A}3"))
    (path,) = warcs(tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    path.write_bytes(data)
    reader = opened(tmp_path)
    assert payload(reader, A) == b"hello"
    assert found(reader, f"{A}2") is None
    assert "is left out" in caplog.text


def test_a_file_that_is_compressed_as_a_whole_is_an_error_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.warc.gz").write_bytes(gzip.compress(wget()))
    with pytest.raises(ConfigError, match=r"REPLAY_DIR: .* as a whole.*warcio recompress"):
        opened(tmp_path)


def test_a_folder_without_warc_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "warc.txt").touch()
    with pytest.raises(ConfigError, match=r"REPLAY_DIR: .* has no WARC file"):
        warc_files(tmp_path)


def test_robots_txt_is_not_among_the_urls(tmp_path: Path) -> None:
    write(tmp_path, exchange(f"{A}robots.txt"), exchange(f"{A}x/robots.txt", b"page"))
    reader = opened(tmp_path)
    assert list(reader.urls()) == [f"{A}x/robots.txt"]
    assert payload(reader, f"{A}robots.txt") == b"hello"


def test_files_of_folders_below_and_of_living_crawls_are_read(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", exchange(A))
    growing = write(tmp_path, exchange(f"{A}2", b"second"), close=False)
    reader = opened(tmp_path)
    assert payload(reader, A) == b"hello"
    assert payload(reader, f"{A}2") == b"second"
    run(growing.close())
