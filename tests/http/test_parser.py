from __future__ import annotations

import contextlib
import random
from itertools import pairwise
from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Headers

from crawlproj.http.head import MalformedResponse, read_head
from crawlproj.http.parser import MAX_HEAD_BYTES, ResponseParser
from tests.http.answers import REFUSED, TAKEN, Answer
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT_BYTES = 1000


def parsed(segments: Iterable[bytes], method: str = "GET") -> tuple[object, ...]:
    """Return what comes of ``segments``: status, headers, body, complete, excess; or the error."""
    parser = ResponseParser(method)
    body = b""
    try:
        for segment in segments:
            parser.feed(segment)
            body += parser.take()
    except MalformedResponse:
        return ("malformed",)
    parser.end()
    head = parser.head
    if head is None:
        return ("no head", parser.has_begun)
    return (head.status, dict(head.headers), body, parser.complete, parser.excess)


def divided(data: bytes, *cuts: int) -> list[bytes]:
    """Return ``data`` in segments that begin at ``cuts``."""
    bounds = [0, *sorted(cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(bounds)]


@pytest.mark.parametrize("answer", TAKEN, ids=lambda answer: answer.name)
def test_what_a_browser_takes_is_taken(answer: Answer) -> None:
    status, _, body, complete, _ = parsed([answer.data])
    assert (status, body, complete) == (answer.status, answer.body, True)


@pytest.mark.parametrize("answer", REFUSED, ids=lambda answer: answer.name)
def test_what_is_malformed_or_ends_early_is_never_a_complete_response(answer: Answer) -> None:
    found = parsed([answer.data])
    if answer.reason == "malformed-response":
        assert found[0] == "malformed"
    elif answer.reason == "data-loss":
        assert not found[3]
    else:
        assert found == ("no head", bool(answer.data))


@pytest.mark.parametrize("answer", [*TAKEN, *REFUSED], ids=lambda answer: answer.name)
def test_the_result_is_the_same_however_the_bytes_are_divided(answer: Answer) -> None:
    data = answer.data
    whole = parsed([data])
    rng = random.Random(answer.name)  # noqa: S311 - not a secret
    cuts = range(1, len(data)) if len(data) < _SHORT_BYTES else rng.sample(range(len(data)), 5)
    for cut in cuts:
        assert parsed(divided(data, cut)) == whole, f"cut at {cut}"
    for _ in range(3):
        several = rng.sample(range(len(data)), min(20, len(data)))
        assert parsed(divided(data, *several)) == whole, f"cut at {several}"
    if len(data) < _SHORT_BYTES:
        assert parsed(data[at : at + 1] for at in range(len(data))) == whole


bodies = st.binary(max_size=40)


@examples(40)
@given(st.lists(st.binary(min_size=1, max_size=20)), st.lists(st.integers(0, 400)), bodies)
def test_chunks_of_any_bytes_are_joined_and_what_follows_is_excess(
    chunks: list[bytes], cuts: list[int], rest: bytes
) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    data += b"0\r\n\r\n" + rest
    found = parsed(divided(data, *(min(cut, len(data)) for cut in cuts)))
    assert found[2:] == (b"".join(chunks), True, bool(rest))


@examples(40)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_raise_anything_but_malformed_response(data: bytes, cut: int) -> None:
    for start in (
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        assert parsed(divided(start + data, min(cut, len(data)))) == parsed([start + data])


def test_a_response_to_head_has_no_body_and_what_follows_is_excess() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert parsed([data], "HEAD")[2:] == (b"", True, False)
    assert parsed([data, b"hello"], "HEAD")[2:] == (b"", True, True)


def test_the_longest_head_is_taken_and_one_byte_more_is_malformed() -> None:
    start = b"HTTP/1.1 200 OK\r\nX-Long: "
    longest = start + b"a" * (MAX_HEAD_BYTES - len(start) - 1) + b"\r\n\r\n"
    assert parsed([longest])[0] == 200
    assert parsed(divided(longest, len(longest) - 1)) == parsed([longest])
    assert parsed([longest.replace(b"a", b"aa", 1)])[0] == "malformed"


def test_a_server_that_greets_in_another_protocol_is_refused_before_it_has_sent_a_line() -> None:
    with pytest.raises(MalformedResponse, match="it begins with '220 mail"):
        ResponseParser("GET").feed(b"220 mail.example ESMTP")


@pytest.mark.parametrize(
    ("fields", "keeps_open"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, Close", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", True),
        (b"HTTP/1.1 304 Not Modified", True),
    ],
)
def test_a_connection_is_kept_only_if_nothing_about_its_next_response_is_in_doubt(
    fields: bytes, keeps_open: bool
) -> None:
    assert read_head(fields).keeps_open is keeps_open


@pytest.mark.parametrize(
    ("field", "encodings"),
    [
        (b"Transfer-Encoding: gzip, chunked", [b"gzip"]),
        (b"Transfer-Encoding: deflate, gzip, chunked", [b"deflate", b"gzip"]),
        (b"Content-Encoding: br\r\nTransfer-Encoding: gzip;q=1, chunked", [b"br", b"gzip"]),
        (b"Transfer-Encoding: nonsense", [b"nonsense"]),
    ],
)
def test_other_transfer_codings_are_undone_like_content_codings(
    field: bytes, encodings: list[bytes]
) -> None:
    head = read_head(b"HTTP/1.1 200 OK\r\n" + field)
    assert head.headers.getlist("Content-Encoding") == encodings
    assert head.chunked is (b"chunked" in field)


def test_a_message_shows_where_the_response_is_malformed_on_one_line() -> None:
    with pytest.raises(MalformedResponse) as caught:
        read_head(b"HTTP/1.1 2x0 \x1b[31m\r\nA: b")
    assert str(caught.value) == r"the status line is 'HTTP/1.1 2x0 \x1b[31m'"


names = st.sampled_from([b"a", b"A", b"x-one", b"X-One", b"Set-Cookie", b"content-TYPE"])
values = st.binary(max_size=8).filter(lambda value: not set(b"\r\n\0") & set(value))


@examples(40)
@given(st.lists(st.tuples(names, values.map(bytes.strip))))
def test_the_headers_are_those_that_scrapy_builds(pairs: list[tuple[bytes, bytes]]) -> None:
    block = b"\n".join([b"HTTP/1.1 200 OK", *(b": ".join(pair) for pair in pairs)])
    assert read_head(block).headers == Headers(pairs)


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        (b"X: a\r\n b", b"a b"),
        (b"X: a\r\n\t b\r\n  c\r\nY: d", b"a b c"),
        (b" Z: 1\r\nX: a", b"a"),
        (b"nonsense\r\n more: 1\r\nX: a", b"a"),
        (b"X: a\rb\0c", b"a b c"),
        (b"X \t:  a \t", b"a"),
    ],
)
def test_folded_and_odd_headers_are_read_on_one_line(fields: bytes, value: bytes) -> None:
    headers = read_head(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n").headers
    assert headers["X"] == value
    assert b"Z" not in headers


@pytest.mark.parametrize(
    "line",
    [b" a\n", b" " * 100 + b"\n", b"a:\n", b"\r", b"x" * 50 + b":\n", b":\n", b"a: b,\n"],
)
def test_the_time_for_a_head_is_bounded_whatever_it_is_made_of(line: bytes) -> None:
    block = b"HTTP/1.1 200 OK\n" + (line * MAX_HEAD_BYTES)[: MAX_HEAD_BYTES - 100]
    started = process_time()
    for start in (b"", b"Connection: ", b"Content-Length: 1,", b"Transfer-Encoding: "):
        with contextlib.suppress(MalformedResponse):
            read_head(start + block)
        with contextlib.suppress(MalformedResponse):
            read_head(block.replace(b"\n", b"\n" + start, 1))
    assert process_time() - started < 2
