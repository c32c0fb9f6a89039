"""The header Referer has the value that Scrapy gives it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.spidermiddlewares.referer import RefererMiddleware

from crawlproj._scrapy.referers import quicken
from crawlproj.urls import is_plain

URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(
        [
            *("http://h.example", "https://h.example", "HTTP://h.example", "https://H.example"),
            *("http://h.example:80", "https://h.example:443", "https://h.example:80"),
            *("http://user:pw@h.example", "https://user@h.example", "ftp://h.example", "file://"),
            *("http://[::1]", "s3://bucket", "https://www.xn--bcher-kva.example"),
        ]
    ),
    st.sampled_from(["", "/", "/a/b.html", "//a", "/a;p=1", "/%C3%A9", "/a/../b", "/a@b"]),
    st.sampled_from(["", "?", "?q=1&r", "?q=http://a@b/"]),
    st.sampled_from(["", "#", "#part"]),
)
POLICIES = [
    *("scrapy-default", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin"),
    *("strict-origin", "origin-when-cross-origin", "unsafe-url", "unknown, same-origin"),
]


def referer_of(middleware: RefererMiddleware, response: Response, request: Request) -> bytes | None:
    middleware.get_processed_request(request, response)
    return request.headers.get("Referer")


@given(
    page=URLS,
    link=URLS,
    setting=st.sampled_from(POLICIES[:-1]),
    header=st.none() | st.sampled_from(POLICIES),
    meta=st.none() | st.sampled_from(POLICIES[:-1]),
)
def test_it_is_what_scrapy_makes_it(
    page: str, link: str, setting: str, header: str | None, meta: str | None
) -> None:
    settings = Settings({"REFERRER_POLICY": setting})
    theirs, ours = RefererMiddleware(settings), RefererMiddleware(settings)
    quicken(ours)
    response = Response(page, headers={"Referrer-Policy": header} if header else None)
    requests = [Request(link, meta={"referrer_policy": meta} if meta else None) for _ in range(2)]
    assert referer_of(ours, response, requests[0]) == referer_of(theirs, response, requests[1])


def test_the_urls_of_most_pages_need_no_parsing() -> None:
    assert is_plain("https://www.example.org/a/b.html?page=2")


def test_the_policy_of_a_subclass_stays() -> None:
    class Own(RefererMiddleware):
        pass

    middleware = Own(Settings())
    quicken(middleware)
    assert middleware.default_policy is RefererMiddleware(Settings()).default_policy
