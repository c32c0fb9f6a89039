"""Requests for URLs that need no escaping are those that Scrapy makes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request

from crawlproj._scrapy.requests import request_for
from crawlproj.urls import normalize


@given(st.text(max_size=40))
def test_a_request_for_a_url_in_normal_form_is_the_one_that_scrapy_makes(text: str) -> None:
    url = normalize(f"http://a.org/{text}")
    if url is not None:
        arguments: dict[str, Any] = {
            "priority": 3,
            "meta": {"depth": 1},
            "headers": {"A": "b"},
            "flags": ["x"],
        }
        request = request_for(url, **arguments)
        assert type(request) is Request
        assert request.to_dict() == Request(url, **arguments).to_dict()


@given(st.text(max_size=40))
def test_the_url_of_a_request_needs_no_escaping_again(text: str) -> None:
    url = Request(f"http://a.org/{text}").url
    assert request_for(url).url == Request(url).url


def test_a_changed_copy_is_escaped_as_usual() -> None:
    assert request_for("http://a.org/").replace(url="http://a.org/é").url == "http://a.org/%C3%A9"
