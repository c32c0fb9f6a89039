from __future__ import annotations

import gzip
from functools import partial
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Response, TextResponse
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.decompression import DecompressionMiddleware
from crawlproj.frontier.base import State
from crawlproj.http.budget import MemoryBudget
from crawlproj.reasons import outcome_of

# The time in the header would be in the name of a test, and each worker has its own.
gzipped = partial(gzip.compress, mtime=0)

URL = "http://a.test/"
HTML = b"<html><p>caf\xc3\xa9</p></html>"
NOISE = bytes(range(256)) * 10


def middleware(**settings: Any) -> DecompressionMiddleware:
    return DecompressionMiddleware.from_crawler(get_crawler(settings_dict=settings))


def processed(
    body: bytes,
    *encodings: str,
    status: int = 200,
    kind: str = "text/html; charset=utf-8",
    meta: dict[str, Any] | None = None,
    **settings: Any,
) -> Response:
    headers = {"Content-Encoding": list(encodings), "Content-Type": kind}
    response = Response(URL, status=status, headers=headers, body=body)
    return middleware(**settings).process_response(Request(URL, meta=meta), response)


def failure_of(*args: Any, **kwargs: Any) -> tuple[tuple[State, str], str]:
    with pytest.raises(Exception, match=r".") as caught:
        processed(*args, **kwargs)
    return outcome_of(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("body", "encodings"),
    [
        (gzipped(HTML), ["gzip"]),
        (gzipped(gzipped(HTML)), ["gzip, gzip"]),
        (gzipped(gzipped(HTML)), ["gzip", "gzip"]),
        (HTML, ["identity"]),
    ],
)
def test_a_page_is_decoded(body: bytes, encodings: list[str]) -> None:
    response = processed(body, *encodings)
    assert isinstance(response, HtmlResponse)
    assert (response.body, response.flags) == (HTML, [])
    assert "Content-Encoding" not in response.headers
    assert response.css("p::text").get() == "caf\u00e9"


def test_a_decoded_body_counts_in_the_memory_budget_until_its_request_is_done_with() -> None:
    crawler, request = get_crawler(), Request(URL)
    response = Response(URL, headers={"Content-Encoding": "gzip"}, body=gzipped(bytes(1_000_000)))
    DecompressionMiddleware.from_crawler(crawler).process_response(request, response)
    budget = MemoryBudget.of(crawler)
    assert budget.used == 1_000_000
    budget.done_with(request)
    assert not budget.used


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (HTML, "gzip"),
        (HTML, "deflate"),
        (HTML, "br"),
        (HTML, "zstd"),
        (HTML, "nonsense"),
        (gzipped(HTML), "gzip, gzip"),
        (HTML, ", ".join(["gzip"] * 6)),
    ],
)
def test_text_that_is_labelled_as_compressed_is_taken_and_flagged(
    body: bytes, encoding: str
) -> None:
    response = processed(body, encoding)
    assert isinstance(response, HtmlResponse)
    assert (response.body, response.flags) == (HTML, ["mislabelled"])


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (NOISE, "gzip", "does not begin as gzip"),
        (NOISE, "deflate", "corrupt"),
        (NOISE, "br", "corrupt"),
        (NOISE, "zstd", "corrupt"),
        (NOISE, "nonsense", "'nonsense' is not a known coding"),
        (gzipped(HTML)[:20], "gzip", "ends too early"),
        (NOISE, ", ".join(["gzip"] * 6), "6 codings, more than 5"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_never_a_page(
    body: bytes, encoding: str, words: str
) -> None:
    outcome, message = failure_of(body, encoding)
    assert outcome == (State.FAILED, "bad-encoding")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("status", [301, 403, 404, 503])
def test_a_status_that_says_all_counts_whatever_the_body_is(status: int) -> None:
    response = processed(NOISE, "gzip", status=status)
    assert (response.status, response.body, response.flags) == (status, b"", ["bad-encoding"])
    assert processed(b"moved", "gzip", status=status).body == b"moved"


@pytest.mark.parametrize(
    ("meta", "settings"),
    [({}, {"DOWNLOAD_FAIL_ON_DATALOSS": False}), ({"download_fail_on_dataloss": False}, {})],
)
def test_a_truncated_body_is_kept_and_flagged_if_dataloss_is_allowed(
    meta: dict[str, Any], settings: dict[str, Any]
) -> None:
    text = b"".join(b"%d " % number for number in range(100_000))
    response = processed(gzipped(text)[:100_000], "gzip", meta=meta, **settings)
    assert text.startswith(response.body)
    assert len(response.body) > 100_000
    assert response.flags == ["dataloss"]


@pytest.mark.parametrize("by", ["meta", "setting"])
def test_a_body_that_is_too_large_decompressed_fails_as_too_large(by: str) -> None:
    meta = {"download_maxsize": 1000} if by == "meta" else {}
    settings = {} if by == "meta" else {"DOWNLOAD_MAXSIZE": 1000}
    outcome, _ = failure_of(gzipped(bytes(1001)), "gzip", meta=meta, **settings)
    assert outcome == (State.FAILED, "too-large")


def test_a_response_to_head_or_without_the_header_is_returned_as_it_is() -> None:
    response = Response(URL, headers={"Content-Encoding": "gzip"})
    assert middleware().process_response(Request(URL, method="HEAD"), response) is response
    plain = TextResponse(URL, body=HTML)
    assert middleware().process_response(Request(URL), plain) is plain


def test_the_codings_are_announced_and_can_be_turned_off() -> None:
    request = Request(URL)
    middleware().process_request(request)
    assert request.headers["Accept-Encoding"] == b"gzip, deflate, br, zstd"
    with pytest.raises(NotConfigured):
        middleware(COMPRESSION_ENABLED=False)
