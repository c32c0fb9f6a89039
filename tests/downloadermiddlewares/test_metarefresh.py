from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.metarefresh import MetaRefreshMiddleware

URL = "http://a.test/live?page=1"


def answer(
    html: str, encoding: str = "utf-8", *, header: str | None = None, **settings: object
) -> Request | Response:
    crawler = get_crawler(settings_dict=settings)
    middleware = MetaRefreshMiddleware.from_crawler(crawler)
    headers = {} if header is None else {"Refresh": header}
    response = HtmlResponse(URL, headers=headers, body=html.encode(encoding), encoding=encoding)
    return middleware.process_response(Request(URL), response)


def refresh(content: str) -> str:
    return f'<html><head><meta http-equiv="Refresh" content="{content}"></head><body>x'


@pytest.mark.parametrize(
    "content",
    [
        *("60", "0", "0; url=", f"60; url={URL}", f"0;url={URL}#part"),
        *("1; URL=?page=1", "5; url='live?page=1'"),
    ],
)
def test_a_page_that_refreshes_itself_is_the_page(content: str) -> None:
    assert isinstance(answer(refresh(content)), Response)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_refresh_to_another_page_is_a_redirect(encoding: str) -> None:
    request = answer(refresh("0; url=/other"), encoding)
    assert isinstance(request, Request)
    assert request.url == "http://a.test/other"


def test_a_refresh_is_relative_to_the_base_element() -> None:
    html = '<base href="http://a.test/live/">' + refresh("0; url=../live?page=1")
    assert isinstance(answer(html), Response)


@pytest.mark.parametrize("base", ["", '<base href="http://b.test/">'])
def test_a_refresh_to_what_is_not_a_url_leaves_the_page(base: str) -> None:
    assert isinstance(answer(base + refresh("0; url=//[")), Response)


def test_a_refresh_that_comes_later_than_scrapy_waits_is_no_redirect() -> None:
    assert isinstance(answer(refresh("5; url=/other"), METAREFRESH_MAXDELAY=3), Response)


def test_a_page_that_mentions_a_refresh_is_not_redirected() -> None:
    assert isinstance(answer("<p>refresh 0; url=/other</p>"), Response)


def test_it_can_be_switched_off() -> None:
    with pytest.raises(NotConfigured):
        answer(refresh("0; url=/other"), METAREFRESH_ENABLED=False)


@pytest.mark.parametrize(
    "content",
    [
        *("0; /other", "0, url=/other", "0 url=/other", "0;  URL  =  /other", ".5; /other"),
        *("0; url='/other'x", "0; '/other", "0\tURL=/o\tther", "1.9..5; url=/other"),
    ],
)
def test_a_refresh_is_read_as_browsers_read_it(content: str) -> None:
    by_page, by_header = answer(refresh(content)), answer("<p>x", header=content)
    for request in (by_page, by_header):
        assert isinstance(request, Request)
        assert request.url == "http://a.test/other"


@pytest.mark.parametrize(
    "content", ["", "x", "; /other", "0x; /other", "-1; /other", "1e0; /other", "0url=/other"]
)
def test_what_browsers_do_not_take_for_a_refresh_leaves_the_page(content: str) -> None:
    assert isinstance(answer(refresh(content)), Response)
    assert isinstance(answer("<p>x", header=content), Response)


def test_a_refresh_for_browsers_without_scripts_leaves_the_page() -> None:
    html = f"<head><noscript>{refresh('0; url=/no-script')[12:]}</noscript><body>x"
    assert isinstance(answer(html), Response)
    assert isinstance(answer(html, METAREFRESH_IGNORE_TAGS=[]), Request)


def test_the_query_of_a_refresh_is_in_the_pages_encoding() -> None:
    request = answer(refresh("0; /o?q=ü"), "latin-1")
    assert isinstance(request, Request)
    assert request.url == "http://a.test/o?q=%FC"


@pytest.mark.parametrize("url", ["http://me:secret@a.test/live", "file:///live"])
def test_a_page_with_credentials_or_of_a_file_does_not_lead_on(url: str) -> None:
    middleware = MetaRefreshMiddleware.from_crawler(get_crawler())
    body = refresh("0" if url.startswith("http") else "0; http://a.test/other").encode()
    response = HtmlResponse(url, body=body, encoding="utf-8")
    assert middleware.process_response(Request(url), response) is response
