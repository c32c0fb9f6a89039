"""Default headers are those that Scrapy's middlewares add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.downloadermiddlewares.defaultheaders import DefaultHeadersMiddleware
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.useragent import UserAgentMiddleware
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.default_headers import QUICKER

if TYPE_CHECKING:
    from collections.abc import Mapping

CRAWLER = get_crawler()
NAMES = st.sampled_from(["accept", "Accept", "USER-agent", "User-Agent", "x-É", b"accept-encoding"])
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    ["", "a", "é", b"b", 7, ["a", b"b", 7], [], None, ("x",)]
)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)
ENCODINGS = st.sampled_from(["utf-8", "latin-1"])


@given(HEADERS, HEADERS, ENCODINGS)
def test_what_is_added_is_what_scrapy_adds(
    own: Mapping[Any, Any], defaults: Mapping[Any, Any], encoding: str
) -> None:
    middlewares: list[Any] = [
        DefaultHeadersMiddleware(defaults.items()),
        UserAgentMiddleware("agent/1 é"),
        UserAgentMiddleware(""),
        HttpCompressionMiddleware(crawler=CRAWLER),
    ]
    for middleware in middlewares:
        theirs, ours = (
            Request("http://a/", headers=dict(own), encoding=encoding) for _ in range(2)
        )
        middleware.process_request(theirs)
        QUICKER[type(middleware).process_request](middleware, ours)
        assert list(dict.items(ours.headers)) == list(dict.items(theirs.headers))


def test_requests_do_not_share_the_lists_of_their_values() -> None:
    middleware = UserAgentMiddleware("agent/1")
    first, second = Request("http://a/"), Request("http://b/")
    for request in (first, second):
        QUICKER[UserAgentMiddleware.process_request](middleware, request)
    first.headers.appendlist("User-Agent", "more")
    assert second.headers.getlist("User-Agent") == [b"agent/1"]


def test_a_value_that_scrapy_refuses_is_refused() -> None:
    middleware = DefaultHeadersMiddleware([("Accept", object())])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        QUICKER[DefaultHeadersMiddleware.process_request](middleware, Request("http://a/"))
