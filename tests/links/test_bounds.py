"""Pages that would keep the parser busy for minutes are truncated; others are left unchanged."""

from __future__ import annotations

import time

import pytest
from scrapy.http import HtmlResponse

from crawlproj.links import LinkExtractor
from crawlproj.links.bounds import MAX_ATTRIBUTES, MAX_DEPTH, bounded
from crawlproj.links.html import page_fields
from tests.links.pages import documentation_page

MANY = 300_000

HOSTILE = {
    "nested divs": b"<div>" * MANY,
    "nested lists": b"<ul><li>" * MANY,
    "nested formatting": b"".join(b"<b id=%d>" % n for n in range(MANY)),
    "start tags with the wrong end tags": b"<div></span>" * MANY,
    "attributes without values": b"<div " + b" ".join(b"a%d" % n for n in range(MANY)) + b">",
    "attributes with values": b"<div " + b" ".join(b'a%d="%d"' % (n, n) for n in range(MANY)),
    "nothing but brackets": b"<" * MANY,
    "an open quote in each tag": b'<a href="' * MANY,
    "end tags alone": b"</div>" * MANY,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_page_is_parsed_quickly_and_keeps_its_beginning(kind: str) -> None:
    body = b'<title>t</title><a href="/first">first</a>' + HOSTILE[kind]
    response = HtmlResponse("http://a.example/", body=body, encoding="utf-8")
    start = time.process_time()
    fields, urls = page_fields(response), LinkExtractor().extract_urls(response)
    assert time.process_time() - start < 4  # without truncation, the worst take minutes
    assert fields.title == "t"
    assert urls[0] == "http://a.example/first"


def test_all_of_a_hundred_thousand_links_are_found() -> None:
    body = b"".join(b'<p><a href="/%d">%d</a></p>' % (n, n) for n in range(100_000))
    response = HtmlResponse("http://a.example/", body=body, encoding="utf-8")
    assert len(LinkExtractor().extract_urls(response)) == 100_000


@pytest.mark.parametrize(
    "html",
    [
        documentation_page(1),
        documentation_page(1) * 20,
        b"<p>" * 50_000,
        b"<table>" + b"<tr><td>x" * 50_000,
        b"<ul>" + b"<li><a href=/x>x" * 20_000 + b"</ul>",
        b'<img src="data:image/png;base64,' + b"iVBORw0K" * 50_000 + b'">',
        b'<svg><path d="' + b"M 1 2 L 3 4 " * 50_000 + b'"/></svg>',
        b"<div>" * 3_999 + b"<br>" * 9_000,
        b"<script>" + b"x = 1; " * 50_000 + b"</script>",
        b"",
    ],
)
def test_a_long_harmless_page_is_not_truncated(html: bytes) -> None:
    assert bounded(html) == html


def test_a_page_is_truncated_before_the_tag_that_exceeds_a_limit() -> None:
    deep = b"<div>" * 9_000
    assert bounded(deep) == b"<div>" * MAX_DEPTH
    wide = b"<p>x</p><div" + b" attribute" * (MAX_ATTRIBUTES + 1) + b">y"
    assert bounded(wide) == b"<p>x</p>"
