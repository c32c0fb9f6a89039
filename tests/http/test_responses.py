from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes

from crawlproj.http.responses import response_class

types = st.sampled_from(
    [
        b"text/html",
        b"TEXT/HTML; charset=utf-8",
        b"application/json",
        b"application/xhtml+xml",
        b"text/plain",
        b"image/png",
        b"application/octet-stream",
        b"nonsense",
        b"",
        b"\xff/\xfe",
    ]
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": types,
        "Content-Encoding": st.sampled_from([b"gzip", b""]),
        "Content-Disposition": st.sampled_from([b'attachment; filename="a.xml"', b"inline"]),
    },
)
urls = st.sampled_from(["http://a/", "http://a/x.html", "http://a/x.png", "http://a/x.json?q"])
bodies = st.sampled_from([b"", b"<html>", b"<?xml", b"\x00\x01", b"text", b"<!doctype html>"])


@given(headers, urls, bodies)
def test_the_cached_response_class_is_the_one_scrapy_chooses(
    values: dict[str, bytes], url: str, body: bytes
) -> None:
    given_headers = Headers(values)
    expected = responsetypes.from_args(headers=given_headers, url=url, body=body)
    assert response_class(given_headers, url, body) is expected
