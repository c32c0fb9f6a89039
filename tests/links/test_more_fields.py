"""Fields and robots directives of unusual and malformed pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, JsonResponse, TextResponse, XmlResponse

from crawlproj.links import LinkExtractor
from crawlproj.links.html import page_fields, robots_directives

URL = "http://a.example/x/y"


def page(html: str, encoding: str = "utf-8") -> HtmlResponse:
    return HtmlResponse(URL, body=html.encode(encoding), encoding=encoding)


@pytest.mark.parametrize(
    ("header", "noindex", "nofollow"),
    [
        ("noindex, unavailable_after: Friday, 25-Jun-2027 15:00:00 PST", True, False),
        ("unavailable_after: 25 Jun 2027 15:00:00 PST, nofollow", False, True),
        ("max-snippet:-1, NOINDEX", True, False),
        ("otherbot: noindex, nofollow", False, False),
        ("otherbot: noindex, crawlproj: nofollow", False, True),
        ("CrawlProj : none", True, True),
        ("", False, False),
        (":,:::, \xff", False, False),
    ],
)
def test_rules_of_a_robots_header_apply_to_the_crawler_it_names(
    header: str, noindex: bool, nofollow: bool
) -> None:
    response = HtmlResponse(URL, headers={"X-Robots-Tag": header.encode("latin-1")})
    found = robots_directives(response, "crawlproj")
    assert (found.noindex, found.nofollow) == (noindex, nofollow)


def test_the_canonical_url_is_resolved_against_the_base_element() -> None:
    html = '<base href="/other/"><link rel="canonical" href="c">'
    assert page_fields(page(html)).canonical == "http://a.example/other/c"


def test_the_title_is_found_in_a_broken_head_but_not_in_an_svg() -> None:
    html = "<head><img src=x><title>Real</title></head><svg><title>icon</title></svg>"
    assert page_fields(page(html)).title == "Real"
    assert page_fields(page("<svg><title>icon</title></svg>")).title == ""


def test_only_prose_counts_as_text() -> None:
    def text(kind: type[TextResponse], content_type: str) -> str:
        response = kind(URL, body=b"a  b", headers={"Content-Type": content_type}, encoding="ascii")
        return page_fields(response).text

    assert text(TextResponse, "text/plain; charset=utf-8") == "a b"
    assert text(TextResponse, "text/markdown") == "a b"
    assert text(TextResponse, "text/css") == ""
    assert text(TextResponse, "application/javascript") == ""
    assert text(JsonResponse, "application/json") == ""
    assert text(XmlResponse, "text/xml") == ""


def test_the_text_excludes_scripts_styles_and_templates_anywhere() -> None:
    html = (
        "<p>a<script>b</script>c<style>d</style><template>e</template><svg><style>f</style></svg>"
    )
    assert page_fields(page(html)).text == "a c"


@given(
    st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "gb18030"]), st.binary(max_size=200)
)
def test_arbitrary_bytes_never_make_it_raise(encoding: str, body: bytes) -> None:
    body = b'<base href="' + body[:20] + b'"><title>' + body + b'</title><a href="' + body + b'">x'
    response = HtmlResponse(URL, body=body, encoding=encoding)
    page_fields(response)
    LinkExtractor().extract_links(response)
