"""The cookies of a login, and those of the session before it."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import Response

from crawlproj.downloadermiddlewares.access import AccessMiddleware
from crawlproj.http.access import LOGIN, NEW_SESSION, Access
from crawlproj.http.login import LoginForm

URL = "http://a.example/"


class Jar:
    """Sends requests through the middleware."""

    def __init__(self) -> None:
        form = LoginForm(f"{URL}login", (("password", "s3cret"),))
        self.access = AccessMiddleware(Access(form=form), lambda _: True)

    def send(self, **meta: object) -> tuple[Request, bytes | None]:
        request = Request(URL, meta=meta)
        self.access.process_request(request)
        return request, request.headers.get("Cookie")

    def answer(self, request: Request, cookie: str) -> None:
        self.access.process_response(request, Response(URL, headers={"Set-Cookie": cookie}))


def test_a_login_begins_without_the_cookies_of_the_session_before() -> None:
    jar = Jar()
    request, _ = jar.send()
    jar.answer(request, "session=old")
    assert jar.send()[1] == b"session=old"
    request, cookie = jar.send(**{LOGIN: True, NEW_SESSION: True})
    assert not cookie
    assert NEW_SESSION not in request.meta, "a redirect must not begin another one"


def test_an_answer_from_the_session_before_sets_no_cookie_in_the_new_one() -> None:
    jar = Jar()
    late, _ = jar.send()
    form, _ = jar.send(**{LOGIN: True, NEW_SESSION: True})
    jar.answer(form, "session=new")
    jar.answer(late, "session=deleted")
    assert jar.send()[1] == b"session=new"


@pytest.mark.parametrize("own", [{}, {"proxy": "http://own.example:8080"}])
def test_a_request_that_has_ended_is_as_it_was_before(own: dict[str, str]) -> None:
    secret = Access(((b"X-Key", b"s3cret"),), proxy="http://user:s3cret@proxy.example:8080")
    middleware = AccessMiddleware(secret, lambda _: True)
    request = Request(URL, headers={"X-Key": "own"}, meta=own)
    middleware.process_request(request)
    assert (request.headers["X-Key"], request.meta["proxy"]) == (b"s3cret", secret.proxy)
    middleware.process_response(request, Response(URL))
    assert request.headers.getlist("X-Key") == [b"own"]
    assert request.meta == own
