"""Extracting links; where both extractors agree, Scrapy's is run as well."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor as ScrapyLinkExtractor
from scrapy.spiders import CrawlSpider, Rule

from crawlproj.links import LinkExtractor

PAGE = """<html><head><title>t</title></head><body>
<a href="a.html">A</a> <a href="/b.html#part" rel="nofollow">B</a> <a href="a.html">again</a>
<div id="menu"><a href="http://other.example/c">C</a><area href="d/?q=1"></div>
<a href="mailto:x@y.z">mail</a><a href="javascript:go()">js</a><a href="http://[broken/">x</a>
<a href="picture.png">P</a><a>no href</a><a href="">empty</a><a href=" e.html ">E</a>
<script>var s = '<a href="/script.html">no</a>';</script></body></html>"""


def page(html: str = PAGE, url: str = "http://a.example/x/y.html") -> HtmlResponse:
    return HtmlResponse(url, body=html.encode(), encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"allow": r"\.html"},
        {"allow": ["a", "b"], "deny": "b"},
        {"allow_domains": "a.example"},
        {"deny_domains": ["other.example"]},
        {"restrict_css": "#menu"},
        {"restrict_xpaths": "//div[@id='menu']"},
        {"restrict_text": "^A$"},
        {"tags": "area"},
        {"deny_extensions": []},
        {"process_value": lambda value: value.replace("a.html", "z.html")},
        {"canonicalize": True},
    ],
)
def test_the_urls_are_those_that_scrapys_extractor_finds(arguments: dict[str, Any]) -> None:
    response = page()
    ours = [link.url for link in LinkExtractor(**arguments, nofollow=False).extract_links(response)]
    theirs = [link.url for link in ScrapyLinkExtractor(**arguments).extract_links(response)]
    # Unlike ours, Scrapy's keeps fragments, URLs that are not http, and the empty href.
    expected = [
        url.partition("#")[0]
        for url in theirs
        if url.startswith("http") and "[" not in url and url != response.url
    ]
    assert ours == list(dict.fromkeys(expected))


def test_extract_urls_returns_the_urls_of_extract_links() -> None:
    response, links = page(), LinkExtractor()
    assert links.extract_urls(response) == [link.url for link in links.extract_links(response)]


def test_a_page_of_links_only_gives_as_many_as_a_page_can_show_texts_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = page("".join(f"<a href={number}>" for number in range(200_000)) + "<a href=0>")
    assert len(LinkExtractor().extract_urls(response)) == 200_000
    assert "links" not in caplog.text
    response = page("".join(f"<a href={number}>" for number in range(200_500)))
    urls = LinkExtractor().extract_urls(response)
    assert urls[-1] == "http://a.example/x/199999"
    assert len(urls) == 200_000
    assert "Only the first 200,000 links of http://a.example/x/y.html" in caplog.text


def test_a_long_base_makes_no_more_of_short_links_than_a_page_may_have(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("crawlproj.links.extractor._MAX_BASE_CHARACTERS", 10_000)
    links = "".join(f"<a href={number}>" for number in range(50))
    for length, expected in ((100, 50), (1000, 9)):
        response = page(f"<base href='/{length * 'a'}/'>{links}")
        assert len(LinkExtractor().extract_urls(response)) == expected
        assert ("its base is too long" in caplog.text) is (expected < 50)


@pytest.mark.parametrize(
    ("user_agent", "followed"),
    [("MyBot/1.0", False), ("Mozilla/5.0 (x; compatible; MyBot/1)", False), ("other", True)],
)
def test_directives_for_the_requests_user_agent_are_obeyed(user_agent: str, followed: bool) -> None:
    response = page('<meta name="mybot" content="nofollow"><meta content="none"><a href="/a">a</a>')
    response.request = Request(response.url, headers={"User-Agent": user_agent})
    assert bool(LinkExtractor().extract_urls(response)) is followed
    assert LinkExtractor(agent="other").extract_urls(response)
    labelled = page('<a href="/a">a</a>').replace(headers={"X-Robots-Tag": "mybot: nofollow"})
    labelled.request = response.request
    assert bool(LinkExtractor().extract_urls(labelled)) is followed


def test_nofollow_links_are_skipped_unless_nofollow_is_off() -> None:
    nofollow = '<meta name="robots" content="noindex, NOFOLLOW"><a href="/a">a</a>'
    assert "http://a.example/b.html" not in LinkExtractor().extract_urls(page())
    assert LinkExtractor().extract_urls(page(nofollow)) == []
    assert LinkExtractor(nofollow=False).extract_urls(page(nofollow)) == ["http://a.example/a"]
    assert any(link.nofollow for link in LinkExtractor(nofollow=False).extract_links(page()))


def test_relative_links_are_resolved_against_the_base_element() -> None:
    html = '<base href="http://b.example/deep/"><a href="x">x</a><a href="?q">q</a>'
    found = LinkExtractor().extract_urls(page(html))
    assert found == ["http://b.example/deep/x", "http://b.example/deep/?q"]


def test_a_base_element_of_a_picture_is_not_the_pages() -> None:
    html = "<svg><base href=/picture/></svg><base href=/page/><a href=x>"
    assert LinkExtractor().extract_urls(page(html)) == ["http://a.example/page/x"]


def test_links_in_pictures_are_found() -> None:
    html = "<svg><a xlink:href=/class.html><text>Class</text></a></svg>"
    found = LinkExtractor().extract_links(page(html))
    assert [(link.url, link.text) for link in found] == [("http://a.example/class.html", "Class")]


def test_the_memo_keeps_directories_apart() -> None:
    links, html = LinkExtractor(), '<a href="n.html">n</a>'
    assert links.extract_urls(page(html, "http://a.example/x/1")) == ["http://a.example/x/n.html"]
    assert links.extract_urls(page(html, "http://a.example/y/1")) == ["http://a.example/y/n.html"]


def test_a_crawl_spider_can_use_the_extractor_in_its_rules() -> None:
    class Crawling(CrawlSpider):
        name = "crawling"
        rules = (Rule(LinkExtractor(allow="html")),)  # type: ignore[arg-type]  # duck typing

    spider = Crawling()
    found = [request.url for request in spider._requests_to_follow(page()) if request]
    assert found == ["http://a.example/x/a.html", "http://a.example/x/e.html"]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_the_extractor_never_raises_and_finds_http_urls_only(hrefs: list[str]) -> None:
    html = "".join(f'<a href="{href}"><b>' for href in hrefs)
    response = HtmlResponse("http://a.example/", body=html.encode("utf-8", "replace"))
    for url in LinkExtractor().extract_urls(response):
        assert url.startswith(("http://", "https://"))
