"""The cookies of a login, and those of the session before it."""

from __future__ import annotations

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
