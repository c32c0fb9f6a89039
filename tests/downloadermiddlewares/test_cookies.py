from __future__ import annotations

import socket
from time import process_time
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.cookies import MAX_COOKIE_BYTES, MAX_COOKIES
from crawlproj.downloadermiddlewares.cookies import CookiesMiddleware


class Jar:
    """A cookies middleware, spoken to as a site and as a crawl."""

    def __init__(self) -> None:
        crawler = get_crawler(settings_dict={"COOKIES_ENABLED": True})
        self._middleware = CookiesMiddleware.from_crawler(crawler)

    def set(self, url: str, *cookies: str) -> None:
        response = Response(url, headers={"Set-Cookie": list(cookies)})
        self._middleware.process_response(Request(url), response)

    def sent(self, url: str, **kwargs: Any) -> list[str]:
        request = Request(url, **kwargs)
        self._middleware.process_request(request)
        header = request.headers.get("Cookie")
        return sorted(header.decode().split("; ")) if header else []


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the Public Suffix List was to be downloaded")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_cookies_go_to_their_site_only() -> None:
    jar = Jar()
    jar.set("http://a.example.org/", "one=1", "two=2; Domain=example.org")
    assert jar.sent("http://a.example.org/x") == ["one=1", "two=2"]
    assert jar.sent("http://b.example.org/") == ["two=2"]
    assert jar.sent("http://example.com/") == []
    assert jar.sent("http://example.com/", cookies={"own": "3"}) == ["own=3"]


@pytest.mark.parametrize("suffix", ["com", "co.uk", "github.io"])
def test_nobody_sets_a_cookie_for_a_public_suffix(suffix: str) -> None:
    jar = Jar()
    jar.set(f"http://evil.{suffix}/", f"a=1; Domain={suffix}")
    assert jar.sent(f"http://good.{suffix}/") == []


def test_a_site_has_a_bounded_number_of_cookies_and_the_latest_stay() -> None:
    jar = Jar()
    jar.set("http://a.example.org/", "first=0", "kept=0")
    jar.set("http://other.example.com/", "other=1")
    for number in range(MAX_COOKIES - 2):
        jar.set(f"http://h{number}.example.org/", f"c{number}=1; Domain=example.org")
    jar.set("http://a.example.org/", "kept=1", "last=1")
    sent = jar.sent("http://a.example.org/")
    assert len(sent) == MAX_COOKIES
    assert "first=0" not in sent
    assert {"kept=1", "last=1", "c0=1"} <= set(sent)
    assert jar.sent("http://other.example.com/") == ["other=1"]


def test_of_a_flood_of_cookies_the_last_are_kept_and_the_others_not_even_read() -> None:
    jar = Jar()
    cookies = [f"c{number}=1" for number in range(15_000)]
    started = process_time()
    jar.set("http://a.example.org/", *cookies)
    assert process_time() - started < 0.2
    assert set(jar.sent("http://a.example.org/")) == set(cookies[-MAX_COOKIES:])


def test_cookies_that_a_site_may_not_set_do_not_push_out_another_sites() -> None:
    jar = Jar()
    jar.set("http://good.example.org/", "session=1")
    cookies = [f"c{number}=1; Domain=good.example.org" for number in range(MAX_COOKIES + 1)]
    jar.set("http://evil.example.com/", *cookies)
    assert jar.sent("http://good.example.org/") == ["session=1"]


def test_a_cookie_that_is_too_large_is_not_kept() -> None:
    jar = Jar()
    fits = "a=" + "x" * (MAX_COOKIE_BYTES - 1)
    jar.set("http://a.example.org/", fits, "b=" + "x" * MAX_COOKIE_BYTES)
    assert jar.sent("http://a.example.org/") == [fits]
