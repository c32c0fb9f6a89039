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


def test_a_hosts_own_cookie_does_not_go_to_its_subdomains() -> None:
    jar = Jar()
    jar.set("http://example.org/", "own=1", "empty=2; Domain=", "shared=3; Domain=example.org")
    assert jar.sent("http://example.org/") == ["empty=2", "own=1", "shared=3"]
    assert jar.sent("http://www.example.org/") == ["shared=3"]


@pytest.mark.parametrize("host", ["localhost", "intranet", "127.0.0.1", "github.io"])
def test_a_host_without_subdomains_may_name_itself(host: str) -> None:
    jar = Jar()
    jar.set(f"http://{host}/", f"a=1; Domain={host}")
    assert jar.sent(f"http://{host}/x") == ["a=1"]
    assert jar.sent(f"http://good.{host}/") == []


@pytest.mark.parametrize(
    "deletion",
    ["a=; Max-Age=0", "a=deleted; Expires=Do, 01-Januar-1970 00:00:01 GMT", "a; max-age=-1"],
)
def test_a_cookie_is_deleted_by_the_same_response_or_a_later_one(deletion: str) -> None:
    jar = Jar()
    jar.set("http://a.example.org/x/y", "a=1", deletion)
    assert jar.sent("http://a.example.org/x/") == []
    jar.set("http://a.example.org/x/y", "a=1")
    assert jar.sent("http://a.example.org/x/") == ["a=1"]
    jar.set("http://a.example.org/x/y", f"{deletion}; Path=/x")
    assert jar.sent("http://a.example.org/x/") == []
    jar.set("http://a.example.org/x/y", deletion, "a=2")
    assert jar.sent("http://a.example.org/x/") == ["a=2"]


@pytest.mark.parametrize(
    ("path", "gets"),
    [
        ("", {"/a/", "/a/b", "/a/bc", "/a/b/c"}),
        ("; Path", {"/a/", "/a/b", "/a/bc", "/a/b/c"}),
        ("; Path=b", {"/a/", "/a/b", "/a/bc", "/a/b/c"}),
        ("; Path=/a/b", {"/a/b", "/a/b/c"}),
        ("; Path=/a/b/", {"/a/b/c"}),
        ("; Path=/x; Path=/", {"/", "/a/", "/a/b", "/a/bc", "/a/b/c"}),
    ],
)
def test_a_cookie_goes_to_its_path_and_below(path: str, gets: set[str]) -> None:
    jar = Jar()
    jar.set("http://a.example.org/a/x?y=/z", f"a=1{path}")
    all_paths = ["/", "/a/", "/a/b", "/a/bc", "/a/b/c"]
    assert {url for url in all_paths if jar.sent(f"http://a.example.org{url}")} == gets


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
