"""The fields of pages, ordinary and malformed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse

from crawlproj.content.page import content_of
from crawlproj.content.parts import FIRST_BYTES, MAX_BYTES
from crawlproj.links import LinkExtractor
from crawlproj.pages import page_of

if TYPE_CHECKING:
    from crawlproj.items import Page

URL = "http://a.example/x/y"
URL_OF_LATE = "http://a.example/late"


def page_fields(response: Response) -> Page:
    response.request = Request(response.url)
    return page_of(response)


def page(html: str, encoding: str = "utf-8") -> HtmlResponse:
    return HtmlResponse(URL, body=html.encode(encoding), encoding=encoding)


def test_the_query_of_canonical_and_base_is_in_the_pages_encoding() -> None:
    html = '<base href="/b/?q=日"><link rel=canonical href="?q=本">'
    response = page(html, "shift_jis")
    assert page_fields(response).canonical == "http://a.example/b/?q=%96%7B"
    assert (content := content_of(response)) is not None
    assert content.base == "http://a.example/b/?q=%93%FA"


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("file:///C:/site/", ["http://b.example/"]),
        ("about:blank", ["http://b.example/"]),
        ("mailto:a@b.example", ["http://b.example/"]),
        ("data:,x", ["http://a.example/x/x", "http://b.example/"]),
        ("javascript:0", ["http://a.example/x/x", "http://b.example/"]),
        ("http://[", ["http://a.example/x/x", "http://b.example/"]),
    ],
)  # fmt: skip
def test_links_relative_to_a_base_of_another_scheme_lead_nowhere(
    base: str, found: list[str]
) -> None:
    html = f"<base href='{base}'><a href=x></a><a href=http://b.example></a>"
    html += "<link rel=canonical href=x>"
    assert LinkExtractor().extract_urls(page(html)) == found
    assert page_fields(page(html)).canonical == (found[0] if len(found) > 1 else "")


@pytest.mark.parametrize("link", ["<link rel=canonical>", "<link rel=canonical href=''>"])
def test_a_canonical_link_to_nothing_is_not_the_base(link: str) -> None:
    assert page_fields(page(f"<base href='/b/'>{link}")).canonical == ""


@pytest.mark.parametrize(
    ("links", "canonical"),
    [
        (["<../c#x>; rel=canonical"], "http://a.example/c"),
        ([r'</c>; rel="nofollow \canonic\al"'], "http://a.example/c"),
        (["</a>; rel=next", '<b,c>;title="x, <d>; rel=y" ; REL = "up Canonical"'], "/x/b,c"),
        (['</a>; title="rel=canonical; \\""; rel=next, <b>;rel=canonical'], "/x/b"),
        (["</a>; rel=canonical; anchor='#x', </b>; rel=next; rel=canonical"], ""),
        (["<mailto:a@b>; rel=canonical", "no; rel=canonical"], ""),
        (["<>; rel=canonical"], "/x/y"),
        (["<" * 60_000], ""),
    ],
)
def test_a_canonical_url_may_be_in_the_header_also_of_a_file(
    links: list[str], canonical: str
) -> None:
    expected = f"http://a.example{canonical}" if canonical[:1] == "/" else canonical
    for kind in ("text/html", "application/pdf", "text/plain"):
        headers = {"Link": links, "Content-Type": kind}
        response = TextResponse(URL, body=b"<base href=/d/>", headers=headers)
        assert page_fields(response).canonical == expected
    html = "<link rel=canonical href=/of-the-page>"
    response = HtmlResponse(URL, body=html.encode(), headers={"Link": links})
    assert page_fields(response).canonical == "http://a.example/of-the-page"


def test_a_page_has_title_description_language_canonical_and_text() -> None:
    html = """<html lang="de"><head><title> Ein
      Titel </title><META NAME="Description" content=" kurz "><link rel="canonical" href="../c#x">
      <style>p{}</style></head><body><h1>Hallo</h1><p>Welt &amp;  mehr</p><script>nein()</script>
      </body></html>"""
    response = HtmlResponse("http://a.example/x/y", body=html.encode(), encoding="utf-8")
    fields = page_fields(response)
    assert (fields.title, fields.description, fields.language) == ("Ein Titel", "kurz", "de")
    assert fields.canonical == "http://a.example/c"
    assert fields.text == "Hallo\n\nWelt & mehr"


@pytest.mark.parametrize(
    ("html", "header", "language"),
    [
        ("<meta http-equiv=Content-Language content='de-AT '>", "", "de-AT"),
        ("<meta http-equiv=content-language content=de>", "fr", "de"),
        ("<meta http-equiv=content-language content='de, it'>", "fr", "fr"),
        ("<meta http-equiv=content-language content=''>", "fr, en", "fr"),
        ("<meta http-equiv=content-language content='de it'>", "fr", "de"),
        ("<p>no", "", ""),
        ("<html lang=''><meta http-equiv=content-language content=de>", "fr", ""),
        ("<html lang=it><meta http-equiv=content-language content=de>", "fr", "it"),
    ],
)
def test_the_language_may_be_in_a_meta_element_or_in_the_header(
    html: str, header: str, language: str
) -> None:
    headers = {"Content-Language": header} if header else {}
    response = HtmlResponse(URL, body=html.encode(), headers=headers)
    assert page_fields(response).language == language


def test_fields_and_links_are_the_same_in_either_order() -> None:
    html = '<a href="/a">a</a><noscript><a href="/b">b</a></noscript><script>x</script>'
    first, second = (HtmlResponse("http://a.example/", body=html.encode()) for _ in range(2))
    fields = page_fields(first)
    assert LinkExtractor().extract_urls(first) == LinkExtractor().extract_urls(second)
    again = page_fields(second)
    assert (again.text, again.title) == (fields.text, fields.title)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "euc_jp", "big5hkscs", "mac-roman"])
def test_a_codec_that_only_python_knows_by_that_name_is_read(codec: str) -> None:
    html = "<title>é</title>" if codec == "mac-roman" else "<title>中</title>"
    assert page_fields(HtmlResponse(URL, body=html.encode(codec), encoding=codec)).title == html[7]


def test_a_codec_that_nobody_knows_is_ignored() -> None:
    response = HtmlResponse(URL, body=b"<title>T</title>", encoding="nobody")
    assert page_fields(response).title == "T"


def test_an_empty_page_and_a_wrong_encoding_do_not_raise() -> None:
    assert page_fields(HtmlResponse("http://a.example/", body=b"")).text == ""
    broken = HtmlResponse("http://a.example/", body=b"<p>caf\xe9</p>", encoding="utf-8")
    assert page_fields(broken).text.startswith("caf")
    latin = HtmlResponse("http://a.example/", body=b"<p>caf\xe9</p>", encoding="latin-1")
    assert page_fields(latin).text == "café"


def test_the_text_of_a_plain_text_file_is_its_content() -> None:
    response = TextResponse("http://a.example/t.txt", body=b"one\n two", encoding="utf-8")
    assert page_fields(response).text == "one\n two"


def test_the_canonical_url_is_resolved_against_the_base_element() -> None:
    html = '<base href="/other/"><link rel="canonical" href="c">'
    assert page_fields(page(html)).canonical == "http://a.example/other/c"


def test_the_title_is_found_in_a_broken_head_but_not_in_an_svg() -> None:
    html = "<head><img src=x><title>Real</title></head><svg><title>icon</title></svg>"
    assert page_fields(page(html)).title == "Real"
    assert page_fields(page("<svg><title>icon</title></svg>")).title == ""


def test_a_page_that_is_too_large_keeps_the_links_before_the_cut_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    html = '<title>T</title><a href="/a">a</a>' + "x" * MAX_BYTES + '<a href="/b">b</a>'
    response = page(html)
    assert LinkExtractor().extract_urls(response) == ["http://a.example/a"]
    assert page_fields(response).title == "T"
    (record,) = caplog.records
    assert "Only the first 16,777,216 of" in record.getMessage()


def test_links_and_text_of_all_of_a_large_page_are_read(caplog: pytest.LogCaptureFixture) -> None:
    filler = "<p>" + "x " * 500 + "</p>\n"
    late = '<h2>Late</h2><p hidden>no</p><a href="/late" rel="next">end</a>'
    response = page('<base href="/d/"><a href="a">a</a>' + filler * (FIRST_BYTES // 900) + late)
    assert LinkExtractor().extract_urls(response) == ["http://a.example/d/a", URL_OF_LATE]
    assert [link.text for link in LinkExtractor().extract_links(response)] == ["a", "end"]
    within = LinkExtractor(restrict_css="[rel=next]").extract_urls(response)
    assert within == LinkExtractor(restrict_xpaths="//a[@rel]").extract_urls(response)
    assert within == [URL_OF_LATE]
    response.request = Request(URL)
    assert page_of(response).text.endswith("x\n\nLate\n\nend")
    assert not caplog.records


def test_only_prose_counts_as_text() -> None:
    def text(kind: type[TextResponse], content_type: str) -> str:
        response = kind(URL, body=b"a  b", headers={"Content-Type": content_type}, encoding="ascii")
        return page_fields(response).text

    assert text(TextResponse, "text/plain; charset=utf-8") == "a  b"
    assert text(TextResponse, "text/markdown") == "a  b"
    assert text(TextResponse, "text/css") == ""
    assert text(TextResponse, "application/javascript") == ""
    assert text(JsonResponse, "application/json") == ""
    assert text(XmlResponse, "text/xml") == ""


def test_the_text_excludes_scripts_styles_and_templates_anywhere() -> None:
    html = (
        "<p>a<script>b</script>c<style>d</style><template>e</template><svg><style>f</style></svg>"
    )
    assert page_fields(page(html)).text == "ac"


@given(
    st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "gb18030"]), st.binary(max_size=200)
)
def test_arbitrary_bytes_never_make_it_raise(encoding: str, body: bytes) -> None:
    body = b'<base href="' + body[:20] + b'"><title>' + body + b'</title><a href="' + body + b'">x'
    response = HtmlResponse(URL, body=body, encoding=encoding)
    page_fields(response)
    LinkExtractor().extract_links(response)


@pytest.mark.parametrize("stamp", ["DTSTAMP:2026{}T090000Z", "dtstamp;X=1:\r\n 2026{}\r\n\tT09"])
def test_when_a_calendar_was_sent_is_no_change_of_it(stamp: str) -> None:
    def text_hash(day: str, summary: str) -> str | None:
        lines = ["BEGIN:VEVENT", "DTSTART:20270101", stamp.format(day), f"SUMMARY:{summary}", "END"]
        body = "\r\n".join(lines).encode()
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        return page_fields(Response(URL, body=body, headers=headers)).text_hash

    same = [text_hash("0101", "Fair"), text_hash("0102", "Fair")]
    assert same[0] == same[1] != text_hash("0101", "Fete")
