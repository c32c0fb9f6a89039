"""Checks of stored pages."""

from __future__ import annotations

from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.signalmanager import SignalManager

from crawlproj.downloadermiddlewares.conditional import ConditionalMiddleware
from crawlproj.http.archiving import STORED_AT
from crawlproj.scheduling.carried import Carried
from crawlproj.scheduling.checks import (
    CHECK,
    NotModified,
    check_of,
    has_same_body,
    key_of_check,
    make_check,
)
from crawlproj.scheduling.serialize import key_of
from crawlproj.signals import not_modified
from crawlproj.store.base import Checked

URL = "http://a.example/x"
BODY = b"<p>hello"


def conditional_middleware() -> ConditionalMiddleware:
    crawler: Any = SimpleNamespace(signals=SignalManager())
    return ConditionalMiddleware(crawler)


def check(*, missing: bool = False, conditional: bool = True, etag: str = '"1"') -> Request:
    digest = blake2b(BODY, digest_size=16).hexdigest()
    page = Checked(
        "pages", URL, 1, 0.0, "", missing=missing, content_hash=digest, etag=etag,
        last_modified="then", history=None, fetched_at=7.5,
    )  # fmt: skip
    request = Request(URL)
    make_check(request, page, conditional=conditional)
    conditional_middleware().process_request(request)
    return request


def test_a_check_has_a_key_beside_that_of_its_page() -> None:
    assert key_of_check(check()) not in (None, key_of(Request(URL)))
    assert key_of_check(check()) == key_of_check(check(conditional=False))
    assert key_of_check(Request(URL)) is None


def test_a_check_sends_the_validators() -> None:
    headers = check().headers
    assert headers["If-None-Match"] == b'"1"'
    assert headers["If-Modified-Since"] == b"then"
    assert check().meta[STORED_AT] == 7.5
    assert "If-None-Match" not in check(conditional=False).headers
    assert not check(missing=True).headers


@pytest.mark.parametrize(
    ("etag", "sent"),
    [
        ('"366a-6616-gzip"', '"366a-6616-gzip", "366a-6616"'),
        ('W/"366a-6616-br"', 'W/"366a-6616-br", W/"366a-6616"'),
        ('"-gzip"', '"-gzip"'),
        ('"gzip"', '"gzip"'),
        ('"a-gzip", "b"', '"a-gzip", "b"'),
        ("a-gzip", "a-gzip"),
    ],
)
def test_the_tag_of_a_compressed_answer_goes_with_that_of_the_file_which_apache_compares(
    etag: str, sent: str
) -> None:
    assert check(etag=etag).headers["If-None-Match"] == sent.encode()


def test_where_a_check_is_redirected_gets_no_validators() -> None:
    request = check().replace(url="http://b.example/")
    conditional_middleware().process_request(request)
    assert not request.headers
    assert check_of(request) is None


def test_a_check_that_is_put_again_does_not_replace_the_one_in_the_frontier() -> None:
    """After a kill, the page may be stored while its new links are not in the frontier."""
    request, carried = check(), Carried()
    carried.keep(1, request)
    assert 1 not in carried


@pytest.mark.parametrize(
    "meta", [(URL, "", "a\r\nCookie: b", ""), (URL, "", 7, None), (URL,), {"url": URL}, 7, None]
)
def test_meta_that_others_wrote_sends_nothing_else(meta: object) -> None:
    request = Request(URL, meta={CHECK: meta})
    conditional_middleware().process_request(request)
    assert not request.headers


def test_304_ends_a_check_and_no_other_request() -> None:
    middleware = conditional_middleware()
    with pytest.raises(NotModified):
        middleware.process_response(check(), Response(URL, status=304))
    for request, status in ((Request(URL), 304), (check(), 200)):
        response = Response(URL, status=status)
        assert middleware.process_response(request, response) is response


def test_304_is_a_signal_and_needs_no_errback() -> None:
    noted: list[Request] = []

    def note(request: Request) -> None:
        noted.append(request)

    crawler: Any = SimpleNamespace(signals=SignalManager())
    crawler.signals.connect(note, not_modified)
    request = check().replace(errback=print)
    with pytest.raises(NotModified):
        ConditionalMiddleware(crawler).process_response(request, Response(URL, status=304))
    assert noted == [request]
    assert request.errback is None


def test_a_body_is_the_same_only_for_a_check() -> None:
    for request, body, same in (
        (check(), BODY, True),
        (check(), b"other", False),
        (check(missing=True), BODY, False),
        (Request(URL), BODY, False),
    ):
        assert has_same_body(HtmlResponse(URL, body=body, request=request)) is same
