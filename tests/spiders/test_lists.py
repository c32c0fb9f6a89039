"""How a line of a URL list is read: as what it means, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.spiders.lists import in_utf8, read_line
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("http://a.org/one", "http://a.org/one"),
        ("http://a.org/one\r", "http://a.org/one"),
        ("\ufeffhttp://a.org/first\r", "http://a.org/first"),
        ("http://a.org/one\t200", "http://a.org/one"),
        ("http://a.org/two \t score=10 \t interval=2592000", "http://a.org/two"),
        ("example.org/x", "https://example.org/x"),
        ("127.0.0.1:8000/x", "https://127.0.0.1:8000/x"),
        ('"http://a.org/quoted"', "http://a.org/quoted"),
        ('"http://a.org/a,b",200', "http://a.org/a,b"),
        ("http://a.org/a,b", "http://a.org/a,b"),
        ("http://a.org/x # a note", "http://a.org/x"),
        ("http://a.org/x#fragment", "http://a.org/x"),
        ('{"url": "a.org"}', "https://a.org/"),
    ],
)
def test_a_line_stands_for_one_url(line: str, url: str) -> None:
    assert read_line(line.encode()) == (url, {})


@pytest.mark.parametrize("line", ["", "  \r", "# a comment", "\ufeff# a comment", "\t# no URL"])
def test_a_line_may_hold_no_url(line: str) -> None:
    assert read_line(line.encode()) is None


def test_an_object_may_have_meta() -> None:
    assert read_line(b'{"url": "http://a.org/", "meta": {"n": 1}}') == ("http://a.org/", {"n": 1})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"http://a.org/b c", "contains a space: write %20"),
        (b"http://a.org/one 200", "separate columns by tabs"),
        (b"mailto:ann@a.org", "is not an http or https URL"),
        (b"ftp://a.org/", "not an http or https URL"),
        (b"{broken", "not valid JSON"),
        (b'{"url": 5}', '"url" is missing'),
        (b'{"url": "http://a.org/", "meta": 5}', '"meta" is not an object'),
        (b"http://u:secret@a.org/", "has a user name or password"),
        ("http://a.org/".encode("utf-16"), "decode"),
    ],
)
def test_a_malformed_line_is_an_error_that_says_why(line: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        read_line(line)
    assert "secret" not in str(caught.value)


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_list_in_utf_16_is_read_as_its_byte_order_mark_says(encoding: str) -> None:
    text = "\ufeffhttp://a.org/é\r\nhttp://a.org/2\r\n"
    data = text.encode(encoding)

    async def read() -> bytes:
        return b"".join([chunk async for chunk in in_utf8(_chunks(data[:21], data[21:]))])

    lines = run(read()).splitlines()
    assert [read_line(line) for line in lines] == [
        ("http://a.org/%C3%A9", {}),
        ("http://a.org/2", {}),
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_half_a_character_in_utf_16_is_an_error_of_its_own_line_only(encoding: str) -> None:
    text = "\ufeffhttp://a.org/1\nhttp://a.org/\ud800\nhttp://a.org/3\n"
    data = text.encode(encoding, "surrogatepass")

    async def read() -> bytes:
        return b"".join([chunk async for chunk in in_utf8(_chunks(data))])

    first, broken, last = run(read()).splitlines()
    assert read_line(first) == ("http://a.org/1", {})
    with pytest.raises(ValueError, match="decode"):
        read_line(broken)
    assert read_line(last) == ("http://a.org/3", {})


def test_a_list_in_utf_8_stays_as_it_is() -> None:
    async def read() -> list[bytes]:
        return [chunk async for chunk in in_utf8(_chunks(b"\xef\xbb\xbfa.org", b"/x"))]

    assert run(read()) == [b"\xef\xbb\xbfa.org", b"/x"]
