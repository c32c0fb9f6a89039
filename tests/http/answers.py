"""Responses as servers send them, byte for byte, each with what must come of it.

Every one is followed by the end of the connection.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """A response on the wire.

    body: what a browser would show; None if the response is malformed, or ends early.
    reason: why there is no body.
    """

    name: str
    data: bytes
    status: int = 200
    body: bytes | None = b"hello"
    reason: str = ""


def _ok(*fields: bytes, body: bytes = b"hello", status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Type: text/html", *fields, b"", body])


_FIVE = b"Content-Length: 5"
_CHUNKED = b"Transfer-Encoding: chunked"
_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"

TAKEN = [
    Answer("plain", _ok(_FIVE)),
    Answer("until the end", _ok()),
    Answer("chunked", _ok(_CHUNKED, body=b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")),
    Answer("chunked and a length", _ok(_FIVE, _CHUNKED, body=_CHUNKS)),
    Answer("chunked and a wrong length", _ok(_CHUNKED, b"Content-Length: 500", body=_CHUNKS)),
    Answer("chunked and two lengths", _ok(_FIVE, b"Content-Length: 6", _CHUNKED, body=_CHUNKS)),
    Answer("chunked twice", _ok(_CHUNKED, _CHUNKED, body=_CHUNKS)),
    Answer("chunked in capitals", _ok(b"TRANSFER-ENCODING:CHUNKED", body=_CHUNKS)),
    Answer("chunked in HTTP/1.0", _ok(_CHUNKED, body=_CHUNKS).replace(b"1.1", b"1.0", 1)),
    Answer("identity and a length", _ok(b"Transfer-Encoding: identity", _FIVE)),
    Answer("chunk extensions", _ok(_CHUNKED, body=b'5;a=b;c="d;e"\r\nhello\r\n0;x\r\n\r\n')),
    Answer("spaces around a chunk size", _ok(_CHUNKED, body=b" 05 \r\nhello\r\n000\r\n\r\n")),
    Answer("padded chunk sizes", _ok(_CHUNKED, body=b"%s5\r\nhello\r\n0\r\n\r\n" % (b"0" * 20))),
    Answer("chunks with line feeds", _ok(_CHUNKED, body=b"5\nhello\n0\n\n")),
    Answer("trailers", _ok(_CHUNKED, body=b"5\r\nhello\r\n0\r\nExpires: 0\r\nA: b\r\n\r\n")),
    Answer("no empty line after the last chunk", _ok(_CHUNKED, body=b"5\r\nhello\r\n0\r\n")),
    Answer("more after the last chunk", _ok(_CHUNKED, body=_CHUNKS + b"<!-- 0.02 s -->")),
    Answer("length twice", _ok(_FIVE, _FIVE)),
    Answer("length twice in one header", _ok(b"Content-Length: 5, 5")),
    Answer("length with zeros", _ok(b"Content-Length: 00000000000000000000000005")),
    Answer("empty length", _ok(b"Content-Length:")),
    Answer("negative length", _ok(b"Content-Length: -1")),
    Answer("length with a plus", _ok(b"Content-Length: +3")),
    Answer("length in words", _ok(b"Content-Length: five")),
    Answer("length in words, twice", _ok(b"Content-Length: five", b"Content-Length: five")),
    Answer("length with a unit", _ok(b"Content-Length: 3 bytes")),
    Answer("length in hexadecimal", _ok(b"Content-Length: 0x3")),
    Answer("length of a template", _ok(b"Content-Length: %d")),
    Answer("length beyond 64 bits", _ok(b"Content-Length: 99999999999999999999")),
    Answer("more than announced", _ok(_FIVE, body=b"hello<!-- 0.02 s -->\n")),
    Answer("a second response", _ok(_FIVE, body=b"hello" + _ok(_FIVE, body=b"other"))),
    Answer("204 with a body", _ok(_FIVE, status=b"204 No Content"), 204, b""),
    Answer("304 with a body", _ok(_FIVE, status=b"304 Not Modified"), 304, b""),
    Answer("204 with chunks", _ok(_CHUNKED, body=_CHUNKS, status=b"204 None"), 204, b""),
    Answer("carriage return in a header", _ok(b"X-Note: a\rb", _FIVE)),
    Answer("zero byte in a header", _ok(b"X-Note: a\0b", _FIVE)),
    Answer("high bytes in a header", _ok(b"X-Note: \xff\xfe", _FIVE)),
    Answer("status line among headers", _ok(b"HTTP/1.1 200 OK", _FIVE)),
    Answer("header without a colon", _ok(b"nonsense", _FIVE)),
    Answer("header without a name", _ok(b": value", _FIVE)),
    Answer("header with a space in its name", _ok(b"X Note: 1", _FIVE)),
    Answer("space before the colon", _ok(b"Content-Length : 5")),
    Answer("600 headers", _ok(*(b"X-%d: a" % n for n in range(600)), _FIVE)),
    Answer("a header of 100 KB", _ok(b"X-Long: " + b"a" * 100_000, _FIVE)),
    Answer("folded header", _ok(b"X-Note: a\r\n b\r\n\tc", _FIVE)),
    Answer("folded framing", _ok(b"Transfer-Encoding:\r\n chunked", body=_CHUNKS)),
    Answer(
        "first header folded", b"HTTP/1.1 200 OK\r\n folded: 1\r\nContent-Length: 5\r\n\r\nhello"
    ),
    Answer("line feeds only", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    Answer("mixed line ends", b"HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello"),
    Answer("empty lines first", b"\r\n\r\n" + _ok(_FIVE)),
    Answer("no reason phrase", _ok(_FIVE, status=b"200")),
    Answer("reason phrase in Latin-1", _ok(_FIVE, status=b"200 Tr\xe8s bien")),
    Answer("two spaces before the status", _ok(_FIVE, status=b" 200 OK")),
    Answer("lower-case protocol", _ok(_FIVE).replace(b"HTTP", b"http", 1)),
    Answer("HTTP/1.0", _ok(_FIVE).replace(b"1.1", b"1.0", 1)),
    Answer("HTTP/2 in words", _ok(_FIVE).replace(b"1.1", b"2", 1)),
    Answer("no headers", b"HTTP/1.1 200 OK\r\n\r\nhello"),
    Answer("103 first", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _ok(_FIVE)),
    Answer(
        "long interim responses",
        b"HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n" % (b"a" * 200_000) * 10 + _ok(_FIVE),
    ),
    Answer("100 sixteen times", b"HTTP/1.1 100 Continue\r\n\r\n" * 16 + _ok(_FIVE)),
    Answer("101 unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello", 101, b""),
    Answer("status 999", _ok(_FIVE, status=b"999 Request denied"), 999),
    Answer("status 600", _ok(_FIVE, status=b"600 Odd"), 600),
]
_MALFORMED = "malformed-response"
REFUSED = [
    Answer(name, data, body=None, reason=reason)
    for name, data, reason in [
        ("lengths that differ", _ok(b"Content-Length: 3", _FIVE), _MALFORMED),
        ("lengths that differ in one header", _ok(b"Content-Length: 3, 5"), _MALFORMED),
        ("lengths that differ and are not numbers", _ok(b"Content-Length: 5, five"), _MALFORMED),
        ("chunked is not the last coding", _ok(b"Transfer-Encoding: chunked, gzip"), _MALFORMED),
        ("chunk size in words", _ok(_CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n"), _MALFORMED),
        ("negative chunk size", _ok(_CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"), _MALFORMED),
        ("chunk size with 0x", _ok(_CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"), _MALFORMED),
        ("chunk size of 17 digits", _ok(_CHUNKED, body=b"1" * 17 + b"\r\nhello"), _MALFORMED),
        ("empty chunk size", _ok(_CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"), _MALFORMED),
        ("chunk longer than its size", _ok(_CHUNKED, body=b"3\r\nhello\r\n0\r\n\r\n"), _MALFORMED),
        ("broken second chunk", _ok(_CHUNKED, body=b"5\r\nhello\r\n?\r\n"), _MALFORMED),
        ("endless chunk size", _ok(_CHUNKED, body=b"0" * 20_000), _MALFORMED),
        (
            "chunks of extensions",
            _ok(_CHUNKED, body=b"1;%s\r\na\r\n" % (b"x" * 8000) * 9),
            _MALFORMED,
        ),
        (
            "endless trailers",
            _ok(_CHUNKED, body=b"0\r\n" + b"a: %s\r\n" % (b"b" * 1000) * 70),
            _MALFORMED,
        ),
        ("100 seventeen times", b"HTTP/1.1 100 Continue\r\n\r\n" * 17 + _ok(_FIVE), _MALFORMED),
        ("endless head", _ok(*[b"X-Flood: " + b"a" * 1000] * 300, _FIVE), _MALFORMED),
        ("not HTTP", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", _MALFORMED),
        ("HTML without a head", b"<html>hello</html>\n\n", _MALFORMED),
        ("no status", b"HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", _MALFORMED),
        ("status of two digits", _ok(_FIVE, status=b"20 OK"), _MALFORMED),
        ("status of four digits", _ok(_FIVE, status=b"2000 OK"), _MALFORMED),
        ("status 099", _ok(_FIVE, status=b"099 OK"), _MALFORMED),
        ("status in words", _ok(_FIVE, status=b"OK"), _MALFORMED),
        ("fewer than announced", _ok(_FIVE, body=b"hell"), "data-loss"),
        ("no last chunk", _ok(_CHUNKED, body=b"5\r\nhello\r\n"), "data-loss"),
        ("half a chunk", _ok(_CHUNKED, body=b"5\r\nhel"), "data-loss"),
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", "connection-lost"),
        ("only an interim response", b"HTTP/1.1 100 Continue\r\n\r\n", "connection-lost"),
        ("nothing", b"", "connection-lost"),
    ]
]
