"""The arguments mean the same as for Scrapy's extractor, apart from intended differences."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor as ScrapyLinkExtractor

from crawlproj.content.page import content_of
from crawlproj.errors import ConfigError
from crawlproj.links import LinkExtractor
from crawlproj.urls import join, normalize
from tests.links.pages import documentation_page

PAGE = """<html><head><base href="/base/"><link href="style" rel="next"></head><body>
<a class="n" href="one.html" rel="external,nofollow">One <b>bold</b></a>
<table><tr><td id="cell"><a href="two">  two  </a></td></tr></table>
<a href="javascript:goTo('three.html')">three</a>
<script src="four.html"></script><img src="five.html" href="six.html">
<div><a href="http://b.example:8080/seven">seven</a> <a href="one.html">again</a></div>
</body></html>"""


def page(html: str | bytes = PAGE, url: str = "http://a.example/x", **kwargs: Any) -> HtmlResponse:
    body = html if isinstance(html, bytes) else html.encode()
    return HtmlResponse(url, body=body, **({"encoding": "utf-8"} | kwargs))


def go_to(value: str) -> str | None:
    found = re.search(r"goTo\('(.*?)'", value)
    return found[1] if found else value


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"unique": False},
        {"tags": "*"},
        {"tags": "*", "attrs": "*", "deny_attrs": ("class", "id", "rel")},
        {"tags": "*", "deny_tags": ("a", "link")},
        {"tags": ["script", "img"], "attrs": ["src", "href"]},
        {"tags": ()},
        {"process_value": lambda _value: None},
        {"restrict_css": "a.n"},
        {"restrict_css": ("td", "div")},
        {"restrict_css": "a:contains('bold')"},  # an extension of cssselect: handled by lxml
        {"restrict_xpaths": "//td"},
        {"restrict_xpaths": "//a[@class]", "restrict_css": "div"},
        {"restrict_text": "bold$"},
        {"restrict_text": ["two", re.compile("sev")], "restrict_xpaths": "//body"},
        {"allow_domains": "b.example:8080"},
        {"deny_domains": ["b.example:8080", "c.example"]},
        {"strip": False},
    ],
)
def test_the_links_equal_those_of_scrapys_extractor(arguments: dict[str, Any]) -> None:
    ours = LinkExtractor(**arguments, nofollow=False).extract_links(page())
    theirs = ScrapyLinkExtractor(**arguments).extract_links(page())
    assert sorted(map(repr, ours)) == sorted(
        repr(link) for link in theirs if link.url.startswith("http")
    )


def test_the_links_of_a_documentation_page_equal_those_of_scrapys_extractor() -> None:
    response = page(documentation_page(3), "http://a.example/docs/section1/page3.html")
    theirs = [link.url.partition("#")[0] for link in ScrapyLinkExtractor().extract_links(response)]
    assert LinkExtractor().extract_urls(response) == list(dict.fromkeys(theirs))
    assert len(theirs) == 235


def test_process_value_gets_absolute_urls_and_its_result_is_resolved_against_the_base() -> None:
    # Scrapy resolves the result against the page's own URL.
    values: list[str] = []

    def process(value: str) -> str | None:
        values.append(value)
        return go_to(value)

    found = LinkExtractor(process_value=process, nofollow=False).extract_urls(page())
    assert "http://a.example/base/three.html" in found
    assert values[:3] == [
        *("http://a.example/base/one.html", "http://a.example/base/two"),
        "javascript:goTo('three.html')",
    ]


def test_an_xpath_that_selects_text_finds_no_links() -> None:
    assert LinkExtractor(restrict_xpaths="//a/text()").extract_links(page()) == []


def test_links_in_script_attributes_are_found_after_the_fields_were_read() -> None:
    response = page('<script src="s">var x = 1</script>')
    content = content_of(response)
    assert content is not None
    assert content.text == ""
    assert LinkExtractor(tags="script", attrs="src").extract_urls(response) == [
        "http://a.example/s"
    ]


@pytest.mark.parametrize("href", [" ?q", "\n?q", "?q", "http:?q", "ht\ntp:?q", "\x01?q", "http:"])
def test_the_memo_skips_links_that_depend_on_the_whole_base_url(href: str) -> None:
    links = LinkExtractor()
    for name in ("one", "two"):
        url = f"http://a.example/{name}"
        expected = [found] if (found := join(url, href)) else []
        assert links.extract_urls(page(f'<a href="{href}">', url)) == expected


def test_the_memo_keeps_sites_without_a_path_apart() -> None:
    links = LinkExtractor()
    for site in ("http://a.example", "http://b.example"):
        assert links.extract_urls(page('<a href="x">', site)) == [f"{site}/x"]


def test_a_link_that_every_page_has_is_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[str] = []

    def noting(base: str, href: str) -> str | None:
        joined.append(href)
        return join(base, href)

    monkeypatch.setattr("crawlproj.links.extractor.join", noting)
    links = LinkExtractor()
    for number in range(3):
        links.extract_urls(
            page(f'<a href="/menu"><a href="{number}.html">', f"http://a.example/{number}")
        )
    assert joined == ["/menu", "0.html", "1.html", "2.html"]


def test_the_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlproj.links.extractor._MEMO_SIZE", 10)
    links = LinkExtractor()
    for number in range(30):
        html = f'<a href="{number}"><a href="{"x" * 600}{number}">'
        assert len(links.extract_urls(page(html))) == 2
        assert sum(map(len, links._memos.values())) <= 11


def test_links_do_not_inherit_the_credentials_of_their_page() -> None:
    response = page('<a href="x">', "http://user:secret@a.example/")
    assert LinkExtractor().extract_urls(response) == ["http://a.example/x"]


def test_a_query_is_escaped_in_the_pages_encoding_and_a_path_in_utf_8() -> None:
    html = '<a href="/ü?q=ü&amp;r=→#ü">'.encode("latin-1", "xmlcharrefreplace")
    found = LinkExtractor().extract_urls(page(html, encoding="latin-1"))
    assert found == ["http://a.example/%C3%BC?q=%FC&r=%26%238594%3B"]


@pytest.mark.parametrize("label", ["tis-620", "iso-8859-8-i", "x-mac-cyrillic", "x-user-defined"])
def test_a_page_whose_encoding_is_not_one_of_pythons_has_links(label: str) -> None:
    html = "<a href='/one?q=&#3652;'><a href='/two'>"
    response = HtmlResponse(
        "http://a.example/",
        body=html.encode(),
        headers={"Content-Type": f"text/html; charset={label}"},
    )
    urls = LinkExtractor().extract_urls(response)
    assert [url.partition("?")[0] for url in urls] == [
        "http://a.example/one",
        "http://a.example/two",
    ]


def test_a_space_before_a_fragment_belongs_to_the_link() -> None:
    found = LinkExtractor().extract_urls(page('<a href="a #b"><a href=" c ">'))
    assert found == ["http://a.example/a%20", "http://a.example/c"]


def test_a_query_is_escaped_in_the_pages_encoding_beside_a_template() -> None:
    html = '<template>ü</template><a href="/?q=ü">'.encode("latin-1")
    found = LinkExtractor().extract_urls(page(html, encoding="latin-1"))
    assert found == ["http://a.example/?q=%FC"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"restrict_xpaths": "//a["}, "restrict_xpaths='//a\\['"), ({"tags": "a["}, "tags='a\\['")],
)
def test_the_error_names_an_invalid_selector(arguments: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        LinkExtractor(**arguments)  # type: ignore[arg-type]


@given(st.text(alphabet=st.characters(max_codepoint=0x17F, min_codepoint=0x20), max_size=30))
def test_scrapys_request_keeps_a_normalized_url_unchanged(tail: str) -> None:
    url = normalize(f"http://a.example/{tail}")
    if url is not None:
        assert Request(url).url == url


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://a.org/%%32e%%32e/b", "http://a.org/%%32e%%32e/b"),
        ("http://a.org/100%", "http://a.org/100%"),
        ("http://a.org/%zz%4", "http://a.org/%zz%4"),
        ("http://a.org/[a|b]^?{c}", "http://a.org/%5Ba%7Cb%5D%5E?%7Bc%7D"),
        ("http://[::1]/[x]", "http://[::1]/%5Bx%5D"),
        ("http://a.org/?", "http://a.org/"),
        ("http://a.org/??", "http://a.org/??"),
        ("http://a.org/a?b?", "http://a.org/a?b?"),
    ],
)
def test_spellings_that_the_url_standard_leaves_open_are_normalized(
    written: str, normal: str
) -> None:
    assert normalize(written) == normal
    assert normalize(normal) == normal


@given(st.text(alphabet="%/.?#[]|@:2eE7 \\\t", max_size=25))
def test_normalizing_unusual_characters_is_idempotent(tail: str) -> None:
    for url in (normalize(f"http://a.org/{tail}"), join("https://a.org/b/c", tail)):
        assert url is None or normalize(url) == url
