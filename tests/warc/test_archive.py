"""WARC files are whole, as others read them, and indexed."""

from __future__ import annotations

import fcntl
import gzip
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from crawlproj.errors import ArchiveError
from crawlproj.warc import archive as archive_module
from crawlproj.warc.archive import Archive, complete_leftovers
from crawlproj.warc.index import surt
from crawlproj.warc.records import final_response
from tests.frontier.helpers import run
from tests.warc.helpers import check, exchange, index, records, warcs

if TYPE_CHECKING:
    from pathlib import Path

    from crawlproj.warc.records import Exchange


def write(folder: Path, *exchanges: Exchange, close: bool = True) -> Archive:
    archive = Archive(folder, lambda: {"software": "test/1"})

    async def add() -> None:
        for each in exchanges:
            await archive.add(each)
        if close:
            await archive.close()

    run(add())
    return archive


def test_an_exchange_is_not_written_to_a_file_that_was_deleted(tmp_path: Path) -> None:
    archive = write(tmp_path, exchange("http://a.example/"), close=False)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(ArchiveError, match="it was deleted"):
        run(archive.add(exchange("http://a.example/2")))


def test_an_exchange_is_a_request_and_a_response_as_they_were_on_the_wire(tmp_path: Path) -> None:
    write(tmp_path, exchange("http://a.example/"))
    check(tmp_path)
    (path,) = warcs(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert records(path) == [
        ("warcinfo", "", b"software: test/1\r\n"),
        ("request", "http://a.example/", b""),
        ("response", "http://a.example/", b"hello"),
    ]
    with path.open("rb") as file:
        info, request, response = WarcioIterator(file, no_record_parse=True)
    assert info.rec_headers.get_header("WARC-Filename") == path.name
    headers = response.rec_headers
    assert headers.get_header("WARC-Date") == "2026-11-28T10:11:22.500Z"
    assert headers.get_header("WARC-IP-Address") == "192.0.2.1"
    asked = request.rec_headers.get_header("WARC-Concurrent-To")
    assert asked == headers.get_header("WARC-Record-ID")


def test_each_record_is_a_gzip_member_that_the_index_finds(tmp_path: Path) -> None:
    urls = ["http://b.example/x?b=1&a=2", "http://www.a.example/"]
    write(tmp_path, *(exchange(url, url.encode()) for url in urls))
    (path,) = warcs(tmp_path)
    found = index(tmp_path)
    assert [(key, stamp) for key, stamp, _ in found] == [
        ("example,a)/", "20261128101122"),
        ("example,b)/x?a=2&b=1", "20261128101122"),
    ]
    for _, _, fields in found:
        assert (fields["mime"], fields["status"]) == ("text/plain", "200")
        assert fields["filename"] == path.name
        with path.open("rb") as file:
            file.seek(int(fields["offset"]))
            member = gzip.decompress(file.read(int(fields["length"])))
        assert member.startswith(b"WARC/1.1\r\nWARC-Type: response\r\n")
        assert member.endswith(fields["url"].encode() + b"\r\n\r\n")


def test_an_equal_payload_is_a_revisit_of_the_first(tmp_path: Path) -> None:
    write(tmp_path, exchange("http://a.example/"), exchange("http://b.example/"))
    check(tmp_path)
    (path,) = warcs(tmp_path)
    *_, revisit = list(ArchiveIterator(str(path), fsspec_args=False))
    assert revisit.headers["WARC-Type"] == "revisit"
    assert revisit.headers["WARC-Refers-To-Target-URI"] == "http://a.example/"
    assert revisit.headers["WARC-Refers-To-Date"] == "2026-11-28T10:11:22.500Z"
    assert revisit.http_headers.status_code == 200
    assert records(path)[-1] == ("revisit", "http://b.example/", b"")
    assert {fields["mime"] for _, _, fields in index(tmp_path)} == {"text/plain", "warc/revisit"}


def test_empty_bodies_are_not_compared(tmp_path: Path) -> None:
    same = exchange(
        "http://a.example/", b"", response=b"HTTP/1.1 304 Not Modified\r\n\r\n", status=304
    )
    write(tmp_path, same, exchange("http://b.example/", b""), exchange("http://c.example/", b""))
    check(tmp_path)
    (path,) = warcs(tmp_path)
    kinds = [kind for kind, _, _ in records(path)]
    assert kinds == ["warcinfo", "request", "revisit", "request", "response", "request", "response"]


def test_not_modified_refers_to_the_version_that_was_stored(tmp_path: Path) -> None:
    url, head = "http://a.example/", b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"
    same = exchange(url, response=head, status=304)
    write(tmp_path, replace(same, stored_at=same.at - 86_400), same)
    check(tmp_path)
    (path,) = warcs(tmp_path)
    with path.open("rb") as file:
        known, unknown = list(ArchiveIterator(file, record_types=WarcRecordType.revisit))
    assert known.headers["WARC-Refers-To-Target-URI"] == url
    assert known.headers["WARC-Refers-To-Date"] == "2026-11-27T10:11:22.500Z"
    assert "WARC-Refers-To-Date" not in unknown.headers
    # Readers show the original then. The digest of nothing would say that the page is empty.
    assert known.headers["Content-Length"] == "0"
    assert "WARC-Payload-Digest" not in known.headers
    assert {"digest", "status"}.isdisjoint(index(tmp_path)[0][2])


def test_a_proxys_password_stays_out(tmp_path: Path) -> None:
    secret = b"GET http://a.example/ HTTP/1.1\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n"
    write(tmp_path, exchange("http://a.example/", request=secret))
    check(tmp_path)
    (path,) = warcs(tmp_path)
    assert b"c2VjcmV0" not in gzip.decompress(path.read_bytes())


def test_what_came_before_the_final_response_is_not_a_part_of_it() -> None:
    early = b"\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    plain = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 is text"
    assert final_response(early + plain) == plain
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    assert final_response(upgrade) == upgrade


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Example.org:443/A?b=2&a=1", "org,example)/a?a=1&b=2"),
        ("http://a.example:8080/x/", "example,a:8080)/x"),
        ("http://192.0.2.1/", "192.0.2.1)/"),
        ("http://[2001:db8::1]/?", "2001:db8::1)/"),
    ],
)
def test_an_index_sorts_urls_by_their_reversed_host(url: str, key: str) -> None:
    assert surt(url) == key


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


def test_a_chunked_response_keeps_its_chunks(tmp_path: Path) -> None:
    write(tmp_path, exchange("http://a.example/", response=CHUNKED))
    check(tmp_path)
    (path,) = warcs(tmp_path)
    assert CHUNKED in gzip.decompress(path.read_bytes())
    assert records(path)[-1] == ("response", "http://a.example/", b"hello")


def test_a_large_response_and_a_full_file_are_as_whole_as_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "_MAX_FILE_BYTES", 100_000)
    bodies = [os.urandom(80_000) for _ in range(3)]
    write(tmp_path, *(exchange(f"http://a.example/{n}", body) for n, body in enumerate(bodies)))
    check(tmp_path)
    assert len(warcs(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 4
    found = [
        block for path in warcs(tmp_path) for kind, _, block in records(path) if kind == "response"
    ]
    assert found == bodies


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999, 1.0])
def test_a_torn_record_is_cut_off_by_whoever_opens_the_folder_next(
    kept: float, tmp_path: Path
) -> None:
    bodies = [os.urandom(3000) for _ in range(5)]
    write(tmp_path, *(exchange(f"http://a.example/{n}", body) for n, body in enumerate(bodies)))
    (path,) = warcs(tmp_path)
    whole = path.read_bytes()
    open_file = path.with_name(f"{path.name}.open")
    path.rename(open_file)
    open_file.write_bytes(whole[: int(len(whole) * kept)])
    next(tmp_path.glob("*.cdxj")).unlink()
    complete_leftovers(tmp_path)
    check(tmp_path)
    assert not open_file.exists()
    expected = {0.0: None, 0.3: 1, 0.9: 4, 0.999: 4, 1.0: 5}[kept]
    assert len(index(tmp_path)) == (expected or 0)
    assert bool(warcs(tmp_path)) == (expected is not None)


def test_the_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    archive = write(tmp_path, exchange("http://a.example/"), close=False)
    (growing,) = tmp_path.glob("*.open")
    complete_leftovers(tmp_path)
    assert growing.exists()
    with growing.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    run(archive.close())
    assert not growing.exists()
    check(tmp_path)


def test_what_a_killed_writer_left_is_completed_by_the_next(tmp_path: Path) -> None:
    left = write(tmp_path, exchange("http://a.example/"), close=False)
    os.close(left._give_up())  # as the kernel does with a killed process
    write(tmp_path, exchange("http://b.example/"))
    check(tmp_path)
    assert {fields["url"] for _, _, fields in index(tmp_path)} == {
        "http://a.example/",
        "http://b.example/",
    }
    assert not list(tmp_path.glob("*.open"))


def test_a_full_disk_is_an_error_and_the_file_ends_with_the_record_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write(tmp_path, exchange("http://a.example/"), close=False)
    really = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return really(descriptor, bytes(data)[: len(data) - 50])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(ArchiveError, match=r"WARC_DIR: .* cannot be written \(No space left"):
        run(archive.add(exchange("http://b.example/", b"other")))
    monkeypatch.undo()
    run(archive.add(exchange("http://c.example/", b"third")))
    run(archive.close())
    check(tmp_path)
    assert [url for kind, url, _ in records(warcs(tmp_path)[0]) if kind == "response"] == [
        "http://a.example/",
        "http://c.example/",
    ]
