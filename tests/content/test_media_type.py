from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.content.media_type import Kind, MediaType, kind_of, media_type

XHTML = b"<html lang='a' xmlns='http://www.w3.org/1999/xhtml'>"
HTML = b"<!DOCTYPE html><html><body>x"


@pytest.mark.parametrize(
    ("headers", "essence", "charset"),
    [
        ([], "", ""),
        ([b"text/html"], "text/html", ""),
        ([b" Text/HTML ; Charset=UTF-8 "], "text/html", "UTF-8"),
        ([b'text/html; charset="utf-8"; x=y'], "text/html", "utf-8"),
        ([b"text/html, text/html; charset=utf-8"], "text/html", "utf-8"),
        ([b"text/html; charset=koi8-r, text/html"], "text/html", "koi8-r"),
        ([b"text/html; charset=koi8-r, text/plain"], "text/plain", ""),
        ([b"text/html", b"application/json"], "application/json", ""),
        ([b"text/html, nonsense"], "text/html", ""),
        ([b"text/html charset=utf-8"], "", ""),
        ([b"text/html: charset=utf-8"], "", ""),
        ([b'text/html; title="a,b"; charset=utf-8'], "text/html", "utf-8"),
        ([b'text/html; charset="utf-8'], "text/html", "utf-8"),
        (
            [b"text/html; charset=koi8-r", b'text/html; title="', b"text/plain"],
            "text/html",
            "koi8-r",
        ),
        ([b'text/html; title="a\\", text/plain; charset=x"; charset=utf-8'], "text/html", "utf-8"),
        ([b'text/html; title="; charset=koi8-r"; charset=utf-8'], "text/html", "utf-8"),
        ([b"text/html; xcharset=koi8-r; charset=; charset=utf-8"], "text/html", "utf-8"),
        ([b'text/html; charset="\\u\\t\\f-8"'], "text/html", "utf-8"),
        ([b"text/html; charset =utf-8"], "text/html", ""),
        ([b"*/*"], "", ""),
        ([b"text/html; charset=utf-8, */*; charset=koi8-r"], "text/html", "utf-8"),
        ([b"\xff\xfe/\x00"], "", ""),
    ],
)
def test_the_last_valid_member_of_the_headers_is_the_media_type(
    headers: list[bytes], essence: str, charset: str
) -> None:
    assert media_type(headers) == MediaType(essence, charset)


@pytest.mark.parametrize(
    ("essence", "body", "kind"),
    [
        ("text/html", b"", Kind.HTML),
        ("text/html", b"plain", Kind.HTML),
        ("application/xhtml+xml", b"<html/>", Kind.XHTML),
        ("application/xml", b"<?xml version='1.0'?>" + XHTML, Kind.XHTML),
        ("text/xml", b"<!DOCTYPE html><!-- c -->" + XHTML, Kind.XHTML),
        ("text/xml", ("\ufeff" + XHTML.decode()).encode("utf-16-be"), Kind.XHTML),
        ("application/xml", b"<rss><html xmlns='http://www.w3.org/1999/xhtml'>", Kind.OTHER),
        ("application/atom+xml", b"<feed>", Kind.OTHER),
        ("text/plain", b"one two", Kind.PROSE),
        ("text/plain", HTML, Kind.HTML),
        ("text/plain", b"\x7fELF\x02\x01\x01\x00", Kind.OTHER),
        ("text/plain", b"\xff\xfea\x00", Kind.PROSE),
        ("", b"%PDF-1.7\n1 0 obj", Kind.OTHER),
        ("text/plain", b"<p>a tag in a text</p>", Kind.PROSE),
        ("application/json", HTML, Kind.HTML),
        ("application/json", b'{"a": 1}', Kind.OTHER),
        ("application/octet-stream", b" \n<HTML >", Kind.HTML),
        ("text/css", HTML, Kind.OTHER),
        ("text/csv", b"a,b", Kind.OTHER),
        ("text/markdown", b"# a", Kind.PROSE),
        ("text/x-log", b"one two", Kind.PROSE),
        ("image/png", HTML, Kind.OTHER),
        ("", b"", Kind.PROSE),
        ("", HTML, Kind.HTML),
        ("", b"\xef\xbb\xbf<!doctype HTML>", Kind.HTML),
        ("", b"<!-- a page --><p>", Kind.HTML),
        ("", b"<br>", Kind.HTML),
        ("application/unknown", b"<br>", Kind.HTML),
        ("unknown/unknown", b"one two", Kind.PROSE),
        ("", b"<pre>", Kind.PROSE),
        ("", b"<?xml version='1.0'?><rss>", Kind.OTHER),
        ("", b"just words", Kind.PROSE),
        ("", b"\x89PNG\r\n\x1a\n\x00", Kind.OTHER),
        ("", b"\xff\xfea\x00", Kind.PROSE),
    ],
)  # fmt: skip
def test_the_label_decides_unless_it_is_missing_or_plainly_wrong(
    essence: str, body: bytes, kind: Kind
) -> None:
    assert kind_of(MediaType(essence), body) is kind


def test_a_file_is_text_if_its_label_names_a_charset_on_purpose() -> None:
    labels = [b"text/plain", b"text/plain; charset=UTF-8", b"text/plain; charset=utf-16le"]
    assert [kind_of(media_type([label]), b"a\0b\0") for label in labels] == [
        Kind.OTHER,
        Kind.OTHER,
        Kind.PROSE,
    ]


def test_only_the_first_1445_bytes_tell_whether_a_file_is_text() -> None:
    plain = MediaType("text/plain")
    assert kind_of(plain, b"a" * 1444 + b"\0") is Kind.OTHER
    assert kind_of(plain, b"a" * 1445 + b"\0") is Kind.PROSE


@given(st.lists(st.binary(max_size=60), max_size=3), st.binary(max_size=200))
def test_any_bytes_have_a_kind(headers: list[bytes], body: bytes) -> None:
    assert kind_of(media_type(headers), body) in Kind
