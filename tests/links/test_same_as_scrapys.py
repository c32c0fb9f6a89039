"""On pages made at random, the links are those of Scrapy's extractor."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor as ScrapyLinkExtractor

from crawlproj.links import LinkExtractor
from crawlproj.urls import normalize
from tests.properties import examples

URL = "http://a.example/dir/page.html?x=1"

segments = st.sampled_from(["a", "b.html", "..", ".", "c%20d", "é", "x,y", "~u", "a;b", "(z)", "1"])
paths = st.lists(segments, max_size=4).map("/".join)
queries = st.sampled_from(["", "?q=1", "?a=b&c=d", "?q=%C3%A9", "?x[]=1"])
fragments = st.sampled_from(["", "#top", "#"])
starts = st.sampled_from(["", "/", "//b.example/", "http://c.example/", "https://e.example/"])
hrefs = st.builds(lambda *parts: "".join(parts), starts, paths, queries, fragments)
padded = st.builds(lambda href, pad: f"{pad}{href}{pad}", hrefs, st.sampled_from(["", " ", "\n"]))
words = st.sampled_from(["", "one", " two ", "three <b>bold</b>", "4 &amp; 5", "<i>six</i>"])


@st.composite
def elements(draw: st.DrawFn) -> str:
    href, text = draw(padded), draw(words)
    quoted = href.replace("&", "&amp;")
    return draw(
        st.sampled_from(
            [
                f'<a href="{quoted}">{text}</a>',
                f"<a class=n href='{quoted}' rel=external>{text}</a>",
                f'<map><area href="{quoted}"></map>',
                f'<p><a name=x>{text}</a> {text}</p>',
                f'<div><ul><li><a href="{quoted}"><span>{text}</span></a></ul></div>',
                f'<A HREF="{quoted}" TARGET=_blank>{text}</A>',
                f'<link rel=next href="{quoted}">',
                f'<!-- <a href="{quoted}">{text}</a> -->',
                f'<table><tr><td><a href="{quoted}">{text}</a></table>',
            ]
        )
    )  # fmt: skip


bodies = st.lists(elements(), max_size=8).map("".join)
bases = st.sampled_from(["", '<base href="/other/">', '<base href="http://d.example/x/y">'])
arguments: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"allow": r"a"},
        {"deny": r"b\.html"},
        {"allow_domains": "a.example"},
        {"deny_domains": ["b.example", "c.example"]},
        {"restrict_css": "div"},
        {"restrict_css": ["p", "table"]},
        {"restrict_xpaths": "//li"},
        {"tags": ("a", "area", "link")},
        {"restrict_text": "two|bold"},
        {"deny_extensions": ["html"]},
    ]
)


@pytest.mark.slow
@given(bases, bodies, arguments)
@examples(200)
def test_random_pages_have_the_links_that_scrapys_extractor_finds(
    base: str, body: str, arguments: dict[str, Any]
) -> None:
    html = f"<html><head>{base}<title>t</title></head><body>{body}</body></html>"
    response = HtmlResponse(URL, body=html.encode(), encoding="utf-8")
    ours = LinkExtractor(**arguments, nofollow=False).extract_links(response)
    # Ours filters URLs in normal form. Scrapy's restrict_text sees only the first of equal links.
    scrapys = ScrapyLinkExtractor(**arguments, process_value=normalize, unique=False)
    theirs = scrapys.extract_links(response)
    # Ours have no fragment, and leave out links to the page itself without one.
    expected = {normalize(link.url) for link in theirs if normalize(link.url) != normalize(URL)}
    assert {link.url for link in ours} - {normalize(URL)} == expected
    texts = {(normalize(link.url), link.text) for link in theirs}
    assert {(link.url, link.text) for link in ours if link.url != normalize(URL)} <= texts
