"""The table of hostile sites: a name, what the site sends, and how its page must end.

To add one, add a line. Every site has a port of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]

from tests.http.answers import REFUSED, TAKEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.http.mockserver import Writer

DONE = "done"
ROBOTS = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TEXT = "hello"
MAX_BYTES = 2_000_000
"""DOWNLOAD_MAXSIZE of the crawl."""


@dataclass(frozen=True)
class Case:
    """One hostile site.

    page: what it answers to its page, or what does so.
    ending: DONE, or the reason for which the page fails.
    text: of the page, if it is done.
    robots: what it answers to /robots.txt; ``page``, too, if None.
    path, scheme: of the URL of its page.
    unknown_certificate: whether it has a certificate that nobody vouches for.
    elsewhere: the URL of a page that the server does not serve.
    timeout_s: after which a download of it is given up.
    """

    name: str
    page: bytes | Callable[[Writer], Awaitable[None]]
    ending: str = DONE
    text: str = TEXT
    robots: bytes | None = ROBOTS
    path: str = "/"
    scheme: str = "http"
    unknown_certificate: bool = False
    elsewhere: str = ""
    timeout_s: float = 60


def http(body: bytes, *fields: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    """Return a correct response, but for what ``fields`` say."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, *fields, "", ""]).encode("latin-1") + body


def encoded(body: bytes, coding: str, *fields: str, status: str = "200 OK") -> bytes:
    return http(body, f"Content-Encoding: {coding}", *fields, status=status)


def chunked(body: bytes, codings: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: {codings}\r\n\r\n"
    return head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def redirect(location: str, status: str = "302 Found") -> bytes:
    return http(b"moved", f"Location: {location}", status=status)


async def reset(writer: Writer) -> None:
    """Reset the connection instead of answering."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(1, 13, linger)  # SOL_SOCKET, SO_LINGER
    writer.transport.abort()


async def silent(writer: Writer) -> None:
    """Answer nothing, until the client gives up."""
    await writer.wait_closed()


def dripping(data: bytes, rest: bytes) -> Callable[[Writer], Awaitable[None]]:
    """Return what sends ``data``, and then ``rest`` again and again, ten times a second."""

    async def drip(writer: Writer) -> None:
        writer.write(data)
        while not writer.is_closing():
            writer.write(rest)
            await writer.drain()
            await asyncio.sleep(0.1)

    return drip


def flooding(data: bytes, rest: bytes) -> Callable[[Writer], Awaitable[None]]:
    """Return what sends ``data``, and then ``rest`` without end."""

    async def flood(writer: Writer) -> None:
        writer.write(data)
        while not writer.is_closing():
            writer.write(rest)
            await writer.drain()

    return flood


HELLO = b"<p>hello</p>"
GZIPPED = gzip.compress(HELLO)
NOISE = bytes(range(256)) * 20
LONG = b"<p>" + b" ".join(b"%d" % number for number in range(50_000)) + b"</p>"
BOMB = bytes(50_000_000)
OK = b"HTTP/1.1 200 OK\r\n"
RULES = b"User-agent: *\nDisallow: /private\n"
FORBIDDEN = b"User-agent: *\nDisallow: /\n"


def plainly(name: str) -> str:
    """Return how a response of tests/http/answers.py that is taken ends in a crawl."""
    return {
        "304 with a body": "http-304",
        "101 unasked": "http-101",
        "status 999": "http-999",
        "status 600": "http-600",
    }.get(name, DONE)


RESPONSES = [
    Case(answer.name, answer.data, plainly(answer.name), (answer.body or b"").decode())
    for answer in TAKEN
] + [Case(answer.name, answer.data, answer.reason) for answer in REFUSED]

CODINGS = [
    Case("gzip", encoded(GZIPPED, "gzip")),
    Case("x-gzip in capitals", encoded(GZIPPED, "X-GZIP")),
    Case("gzip without its trailer", encoded(GZIPPED[:-8], "gzip")),
    Case("gzip with a wrong checksum", encoded(GZIPPED[:-8] + b"12345678", "gzip"), "bad-encoding"),
    Case("gzip with bytes too many", encoded(GZIPPED + b"\n<!-- -->", "gzip")),
    Case("gzip five times", encoded(gzip.compress(gzip.compress(GZIPPED)), "gzip, gzip, gzip")),
    Case("deflate without a header", encoded(zlib.compress(HELLO, wbits=-15), "deflate")),
    Case("gzip as a transfer coding", chunked(GZIPPED, "gzip, chunked")),
    Case("unknown transfer coding", chunked(NOISE, "nonsense, chunked"), "bad-encoding"),
    Case("text labelled gzip", encoded(HELLO, "gzip")),
    Case("text labelled deflate", encoded(HELLO, "deflate")),
    Case("text labelled br", encoded(HELLO, "br")),
    Case("text labelled zstd", encoded(HELLO, "zstd")),
    Case("text labelled with nonsense", encoded(HELLO, "nonsense")),
    Case("text labelled utf-8", encoded(HELLO, "utf-8")),
    Case("text labelled with six codings", encoded(HELLO, ", ".join(["gzip"] * 6))),
    Case("noise labelled gzip", encoded(NOISE, "gzip"), "bad-encoding"),
    Case("noise labelled deflate", encoded(NOISE, "deflate"), "bad-encoding"),
    Case("noise labelled br", encoded(NOISE, "br"), "bad-encoding"),
    Case("noise labelled zstd", encoded(NOISE, "zstd"), "bad-encoding"),
    Case("noise labelled with nonsense", encoded(NOISE, "nonsense"), "bad-encoding"),
    Case("truncated gzip", encoded(gzip.compress(LONG)[:50_000], "gzip"), "bad-encoding"),
    Case("truncated deflate", encoded(zlib.compress(LONG)[:50_000], "deflate"), "bad-encoding"),
    Case("truncated br", encoded(brotli.compress(LONG, quality=1)[:50_000], "br"), "bad-encoding"),
    Case(
        "corrupt gzip",
        encoded(GZIPPED[:12] + b"\xff\xff" + GZIPPED[14:], "gzip"),
        "bad-encoding",
    ),
    Case(
        "six codings",
        encoded(zlib.compress(zlib.compress(HELLO)), ", ".join(["deflate"] * 6)),
        "bad-encoding",
    ),
    Case("gzip bomb", encoded(gzip.compress(BOMB, 1), "gzip"), "too-large"),
    Case("deflate bomb", encoded(zlib.compress(BOMB, 1), "deflate"), "too-large"),
    Case("br bomb", encoded(brotli.compress(BOMB, quality=1), "br"), "too-large"),
    Case(
        "gzip bomb in a gzip bomb",
        encoded(gzip.compress(gzip.compress(BOMB, 1), 1), "gzip, gzip"),
        "too-large",
    ),
    Case("404 labelled gzip", encoded(b"gone", "gzip", status="404 Not Found"), "http-404"),
    Case("500 with noise as gzip", encoded(NOISE, "gzip", status="500 Oops"), "http-500"),
]

REDIRECTS = [
    Case("redirect to nothing", redirect(""), "bad-redirect"),
    Case("redirect to a broken host", redirect("http://[::1"), "bad-redirect"),
    Case("redirect to a port that is none", redirect("http://a.test:99999/"), "bad-redirect"),
    Case("redirect to mail", redirect("mailto:me@a.test"), "bad-redirect"),
    Case("redirect to a script", redirect("javascript:go()"), "bad-redirect"),
    Case("redirect to data", redirect("data:text/html,hello"), "bad-redirect"),
    Case("redirect to a file", redirect("file:///etc/passwd"), "bad-redirect"),
    Case("redirect without a location", http(b"moved", status="302 Found"), "http-302"),
    Case("redirect in a circle", redirect("/", "301 Moved"), "too-many-redirects"),
]

ROBOTS_FILES = [
    Case("robots: redirect labelled gzip", http(HELLO), robots=redirect("/other")[:-5] + b"moved"),
    Case("robots: plain rules labelled gzip", http(HELLO), robots=encoded(RULES, "gzip")),
    Case("robots: forbidden by rules labelled deflate", http(HELLO), "robots",
         robots=encoded(FORBIDDEN, "deflate")),
    Case("robots: 403 labelled gzip", http(HELLO),
         robots=encoded(b"<html>no</html>", "gzip", status="403 Forbidden")),
    Case("robots: 404 labelled gzip", http(HELLO),
         robots=encoded(b"<html>none</html>", "gzip", status="404 Not Found")),
    Case("robots: corrupt gzip", http(HELLO), "robots-unreachable", robots=encoded(NOISE, "gzip")),
    Case("robots: chunked with a length", http(HELLO), "robots",
         robots=chunked(FORBIDDEN, "chunked\r\nContent-Length: 3")),
    Case("robots: malformed", http(HELLO), "robots-unreachable", robots=b"nonsense\r\n\r\n"),
    Case("robots: 500", http(HELLO), "robots-unreachable", robots=http(b"", status="500 Oops")),
    Case("robots: redirects in a circle", http(HELLO), robots=redirect("/robots.txt")),
    Case("robots: for our name", http(HELLO), "robots",
         robots=http(b"User-agent: MyBot\nDisallow: /\n")),
]  # fmt: skip

CONNECTIONS = [
    Case("reset", reset, "connection-lost"),
    Case("silence", silent, "timeout", timeout_s=1),
    Case("a head that never ends", dripping(OK, b"X: y\r\n"), "timeout", timeout_s=1),
    Case(
        "a body that never ends",
        dripping(OK + b"Content-Length: 9999\r\n\r\n", b"x"),
        "timeout",
        timeout_s=1,
    ),
    Case("a flood of headers", flooding(OK, b"X-Flood: y\r\n" * 1000), "malformed-response"),
    Case(
        "a flood of interim responses",
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "malformed-response",
    ),
    Case("a flood of empty lines", dripping(b"", b"\r\n" * 1000), "timeout", timeout_s=1),
    Case("a flood of body", flooding(OK + b"\r\n", b"x" * 65536), "too-large"),
    Case(
        "a flood of chunks",
        flooding(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 5000),
        "malformed-response",
    ),
    Case(
        "a flood of trailers",
        flooding(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
        "malformed-response",
    ),
    Case(
        "a body of a petabyte, announced", OK + b"Content-Length: %d\r\n\r\n" % 10**15, "too-large"
    ),
    Case("a TLS page on a plain port", http(HELLO), "tls", scheme="https"),
    Case("cookies by the thousand", http(HELLO, *(f"Set-Cookie: c{n}=1" for n in range(9000)))),
]

ELSEWHERE = [
    Case(
        "a certificate that nobody knows",
        http(HELLO),
        "tls",
        scheme="https",
        unknown_certificate=True,
    ),
    Case("no such host", b"", "dns", elsewhere="http://no-such-host.invalid/"),
    Case("nobody listens", b"", "robots-unreachable", elsewhere="http://127.0.0.1:1/"),
    Case("a private network", b"", "guard", elsewhere="http://10.0.0.1/"),
    Case("cloud metadata", b"", "guard", elsewhere="http://[::ffff:a9fe:a9fe]/latest"),
]

CASES = [*RESPONSES, *CODINGS, *REDIRECTS, *ROBOTS_FILES, *CONNECTIONS, *ELSEWHERE]
