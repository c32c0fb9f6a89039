from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import UnsupportedURLSchemeError
from scrapy.http import Headers

from crawlproj.http import wire


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://a.example", "a.example", "/"),
        ("http://a.example?q", "a.example", "/?q"),
        ("http://a.example/#frag", "a.example", "/"),
        ("http://a.example:80/x", "a.example", "/x"),
        ("https://a.example:443/x?", "a.example", "/x?"),
        ("https://a.example:80/x", "a.example:80", "/x"),
        ("HTTP://a.example/a/../b/./c//d", "a.example", "/a/../b/./c//d"),
        ("http://a.example/%7e%2F+'|", "a.example", "/%7e%2F+'|"),
        ("http://[2001:db8::1]:8080/", "[2001:db8::1]:8080", "/"),
        ("http://user:pw@a.example/", "a.example", "/"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", "/"),
        ("http://2130706433/", "2130706433", "/"),
    ],
)
def test_splitting_a_url_keeps_its_spelling(url: str, host: str, target: str) -> None:
    origin, found = wire.split(url)
    assert (origin.host_header.decode(), found) == (host, target)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "http:///x",
        "http://:80/",
        "http://a.example:99999/",
        "http://a.example:port/",
        "http://[::1/",
        "http://a.example/a b",
        "http://a.example/\r\nX: y",
        "http://a.example/\u00e9",
        "http://a b/",
        "http://a\r\nX:y/",
    ],
)
def test_a_url_that_cannot_be_sent_is_refused_and_named(url: str) -> None:
    with pytest.raises(UnsupportedURLSchemeError, match=r"http|ftp"):
        wire.split(url)


def test_an_unusual_numeric_host_is_connected_to_by_its_canonical_form() -> None:
    origin, _ = wire.split("http://0x8.8.8.8/")
    assert (origin.url.raw_host, str(origin.literal)) == ("8.8.8.8", "8.8.8.8")
    assert origin.host_header == b"0x8.8.8.8"


def test_credentials_become_basic_auth_and_stay_out_of_errors() -> None:
    origin, _ = wire.split("https://us%3Aer:p%40ss@a.example/")
    assert origin.authorization == b"Basic dXM6ZXI6cEBzcw=="
    with pytest.raises(UnsupportedURLSchemeError) as caught:
        wire.split("http://u:secret@:80/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("proxy", "place"),
    [
        ("http://p.example:3128", "http://p.example:3128"),
        ("p.example:3128", "http://p.example:3128"),
        ("//p.example", "http://p.example:80"),
        ("https://u:p@p.example/", "https://p.example:443"),
    ],
)
def test_a_proxy_is_read_as_scrapy_reads_it(proxy: str, place: str) -> None:
    url = wire.proxy_origin(proxy).url
    assert f"{url.scheme}://{url.raw_host}:{url.port}" == place


def test_a_socks_proxy_is_refused_and_the_error_omits_its_credentials() -> None:
    with pytest.raises(UnsupportedURLSchemeError, match="neither http nor https") as caught:
        wire.proxy_origin("socks5://user:secret@p.example:1080")
    assert "secret" not in str(caught.value)


def test_framing_headers_of_the_request_are_not_sent_twice() -> None:
    headers = Headers({"Content-Length": "999", "Transfer-Encoding": "chunked", "A": "1"})
    head = wire.request_head("POST", "/", b"h", dict.items(headers), 3)
    assert head == b"POST / HTTP/1.1\r\nHost: h\r\nA: 1\r\nContent-Length: 3\r\n\r\n"


names = st.sampled_from([b"a", b"A", b"x-one", b"X-One", b"Set-Cookie", b"content-TYPE"])


@given(st.lists(st.tuples(names, st.lists(st.binary(max_size=20), max_size=3)), max_size=5))
def test_a_header_value_never_starts_a_new_line(
    headers: list[tuple[bytes, list[bytes]]],
) -> None:
    head = wire.request_head("GET", "/", b"h", headers, None)
    values = sum(len(values) for _, values in headers)
    assert head.count(b"\n") == head.count(b"\r") == values + 3
