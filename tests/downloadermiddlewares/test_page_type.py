from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import Headers, HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse
from scrapy.responsetypes import responsetypes

from crawlproj.downloadermiddlewares.page_type import PageTypeMiddleware

URL = "http://a.test/"
HTML = "<!DOCTYPE html><html><head><title>ж</title></head><body>ж</body></html>"


def received(body: bytes, content_type: str, url: str = URL) -> Response:
    """Return what Scrapy makes of an answer, corrected."""
    headers = Headers({"Content-Type": content_type} if content_type else {})
    kind = responsetypes.from_args(
        headers=headers,
        url=url,
        body=body,
    )
    return PageTypeMiddleware().process_response(
        Request(url), kind(url, headers=headers, body=body)
    )


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/html", "text/html,text/html", "text/html, text/html; charset=utf-8"),
        *("text/html charset=utf-8", "text/html: charset=utf-8", "", "nonsense"),
        *("text/plain", "application/json", "application/octet-stream"),
    ],
)
def test_a_page_is_an_html_response_whatever_its_label(content_type: str) -> None:
    response = received(HTML.encode(), content_type)
    assert isinstance(response, HtmlResponse)
    assert response.css("title::text").get() == "ж"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"a text", "text/plain", TextResponse),
        (b'{"a": "<html>"}', "application/json", JsonResponse),
        (b"<rss/>", "text/xml", XmlResponse),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png", Response),
        (b"\x00\x01", "", Response),
    ],
)
def test_what_is_not_a_page_stays_what_it_is(
    body: bytes, content_type: str, kind: type[Response]
) -> None:
    assert type(received(body, content_type)) is kind


@pytest.mark.parametrize("label", ["undefined", "hex", "idna", "base64", "rot13", "punycode"])
def test_a_charset_that_only_python_knows_is_ignored(label: str) -> None:
    response = received(HTML.encode(), f"text/html; charset={label}")
    assert isinstance(response, HtmlResponse)
    assert response.text == HTML
    in_meta = received(f"<meta charset={label}>ж".encode(), "text/html")
    assert isinstance(in_meta, HtmlResponse)
    assert in_meta.text.endswith("ж")


def test_utf_16_that_is_claimed_in_ascii_bytes_is_utf_8() -> None:
    response = received('<meta charset="utf-16">ж'.encode(), "text/html")
    assert isinstance(response, HtmlResponse)
    assert response.text.endswith("ж")


@pytest.mark.parametrize("encoding", ["koi8-r", "windows-1251", "utf-8"])
def test_a_charset_that_browsers_know_is_left_to_scrapy(encoding: str) -> None:
    for response in (
        received(HTML.encode(encoding), f"text/html; charset={encoding}"),
        received(f"<meta charset={encoding}>{HTML}".encode(encoding), "text/html"),
    ):
        assert isinstance(response, HtmlResponse)
        assert response.css("title::text").get() == "ж"


@pytest.mark.parametrize("template", ["<template>", "<p><template shadowrootmode=open>"])
def test_a_template_does_not_hide_the_encoding_of_a_page(template: str) -> None:
    html = f"<title>déjà vu</title>{template}à la carte</template>".encode("windows-1252")
    response = received(html, "text/html; charset=hex")
    assert isinstance(response, HtmlResponse)
    assert response.css("title::text").get() == "déjà vu"


def test_an_encoding_that_somebody_set_is_kept() -> None:
    response = HtmlResponse(URL, body="ж".encode("koi8-r"), encoding="koi8-r")
    assert PageTypeMiddleware().process_response(Request(URL), response) is response
