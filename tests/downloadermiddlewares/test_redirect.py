from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.metarefresh import MetaRefreshMiddleware
from crawlproj.downloadermiddlewares.redirect import RedirectMiddleware
from crawlproj.frontier.base import State
from crawlproj.reasons import outcome_of

URL = "http://a.test/x/y"
KEY = {"X-Api-Key": "1", "Authorization": "Bearer 2", "Cookie": "c=3", "Accept": "*/*"}


def redirected(
    location: str,
    status: int = 302,
    request: Request | None = None,
    set_cookies: tuple[str, ...] = (),
    **settings: Any,
) -> Request | Response:
    crawler = get_crawler(settings_dict=settings)
    crawler.spider = crawler._create_spider("test")
    middleware = RedirectMiddleware.from_crawler(crawler)
    headers = {"Location": location, "Set-Cookie": set_cookies}
    response = Response(URL, status=status, headers=headers)
    return middleware.process_response(request or Request(URL), response)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/a", "http://a.test/a"),
        ("a b", "http://a.test/x/a%20b"),
        ("//b.test/a", "http://b.test/a"),
        ("https://b.test", "https://b.test"),
        ("?q", "http://a.test/x/y?q"),
        ("/caf\u00e9", "http://a.test/caf%C3%A9"),
        (r"\\b.test\a", "http://b.test/a"),
        (r"/\b.test/a", "http://b.test/a"),
        (r"..\a?b\c", "http://a.test/a?b%5Cc"),
        ("https:///b.test/a", "https://b.test/a"),
        ("https:b.test", "https://b.test/"),
        ("HTTP:a", "http://a.test/x/a"),
        ("/a?b=\\", "http://a.test/a?b=%5C"),
        ("a//b", "http://a.test/x/a//b"),
        ("/a//b?c//d", "http://a.test/a//b?c//d"),
        ("/a/%2e%2E/b", "http://a.test/b"),
        ("http://b.test//a/%2e/b", "http://b.test//a/b"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(location: str, url: str, status: int) -> None:
    found = redirected(location, status)
    assert isinstance(found, Request)
    assert found.url == url
    assert found.meta["redirect_urls"] == [URL]


def test_a_cookie_that_a_redirect_deletes_does_not_go_along() -> None:
    deletions = ("a=; Max-Age=0", "b=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT")
    request = Request(URL, headers={"Cookie": "a=1; b=2; c=3"})
    found = redirected(
        "/a",
        request=request,
        set_cookies=(*deletions, "d=4; max-age=50,399"),
        COOKIES_ENABLED=False,
    )
    assert isinstance(found, Request)
    assert found.headers["Cookie"] == b"c=3; d=4"


@pytest.mark.parametrize("location", ["http://b.test/", "https://a.test/", "http://a.test:8080/"])
def test_a_cookie_that_a_redirect_sets_goes_to_no_other_origin(location: str) -> None:
    found = redirected(location, set_cookies=("session=1",), COOKIES_ENABLED=False)
    assert isinstance(found, Request)
    assert "Cookie" not in found.headers


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("b", "http://a.test//x//b"),
        ("b?c", "http://a.test//x//b?c"),
        ("../b", "http://a.test//x/b"),
    ],
)
def test_a_relative_redirect_keeps_empty_directories(location: str, url: str) -> None:
    found = redirected(location, request=Request("http://a.test//x//a"))
    assert isinstance(found, Request)
    assert found.url == url


def test_a_redirect_to_an_empty_query_leads_to_the_page_without_one() -> None:
    found = redirected("?", request=Request(f"{URL}?q=1"))
    assert isinstance(found, Request)
    assert found.url == URL


@pytest.mark.parametrize(
    "location",
    [
        *("", "http://[::1", "http://:80/", "https:///", "http://a.test:99999/"),
        *("mailto:me@a.test", "javascript:go()", "data:,x", "file:///etc/passwd", "ftp://a.test/"),
        *("about:blank", "tel:1", "http://a b/", "//[", "http://", "https:", "http:////"),
    ],
)
def test_a_redirect_that_leads_nowhere_fails_as_bad_redirect(location: str) -> None:
    with pytest.raises(Exception, match="it redirects to") as caught:
        redirected(location)
    assert outcome_of(caught.value) == (State.FAILED, "bad-redirect")
    assert str(caught.value).isprintable()


def test_the_message_is_short_and_masks_credentials() -> None:
    with pytest.raises(Exception, match="it redirects to") as caught:
        redirected("ftp://user:secret@a.test/" + "x" * 5000)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "meta",
    [
        {"dont_redirect": True},
        {"handle_httpstatus_all": True},
        {"handle_httpstatus_list": [302]},
    ],
)
def test_a_redirect_that_is_handled_is_returned(meta: dict[str, Any]) -> None:
    for location in ("/a", "mailto:me@a.test"):
        response = redirected(location, request=Request(URL, meta=meta))
        assert isinstance(response, Response)


@pytest.mark.parametrize("status", [200, 304, 300, 404])
def test_another_status_is_no_redirect(status: int) -> None:
    assert isinstance(redirected("mailto:me@a.test", status), Response)


def sent_to(location: str, **settings: Any) -> dict[str, str]:
    found = redirected(location, request=Request(URL, headers=KEY), **settings)
    assert isinstance(found, Request)
    return {name.decode(): values[0].decode() for name, values in found.headers.items()}


@pytest.mark.parametrize(
    ("location", "names"),
    [
        ("/z", set(KEY)),
        ("http://a.test:80/z", set(KEY)),
        ("https://a.test/z", {"Accept", "Cookie"}),
        ("http://a.test:8080/z", {"Accept", "Cookie"}),
        ("http://b.test/z", {"Accept"}),
        ("http://www.a.test/z", {"Accept"}),
    ],
)
def test_credentials_stay_with_their_origin(location: str, names: set[str]) -> None:
    assert set(sent_to(location)) == names


def test_what_is_sent_to_every_site_anyway_stays() -> None:
    headers = {"X-Api-Key": "1"}
    assert set(sent_to("http://b.test/", DEFAULT_REQUEST_HEADERS=headers)) == {
        "Accept",
        "X-Api-Key",
    }


def test_a_meta_refresh_drops_credentials_too_and_one_to_nowhere_is_ignored() -> None:
    middleware = MetaRefreshMiddleware.from_crawler(get_crawler())

    def refreshed(url: str) -> Request | Response:
        html = f'<meta http-equiv="refresh" content="0; url={url}">'
        response = HtmlResponse(URL, body=html.encode(), encoding="utf-8")
        return middleware.process_response(Request(URL, headers=KEY), response)

    found = refreshed("http://b.test/")
    assert isinstance(found, Request)
    assert set(found.headers) == {b"Accept"}
    assert isinstance(refreshed("http://[::1"), Response)
    assert isinstance(refreshed("javascript:go()"), Response)


def test_it_can_be_switched_off() -> None:
    with pytest.raises(NotConfigured):
        redirected("/a", REDIRECT_ENABLED=False)
