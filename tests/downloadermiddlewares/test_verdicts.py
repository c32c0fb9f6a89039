"""The ending of a request for each kind of response and exception."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.http import Response

from crawlproj.downloadermiddlewares.verdicts import ending_of_exception, ending_of_response
from crawlproj.errors import AddressRefused
from crawlproj.http.head import MalformedResponse
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.headers import RatePolicy

NOW = 1_763_937_000.0
URL = "http://a.test/"


def request(**meta: Any) -> Request:
    return Request(URL, meta=meta)


def ending(status: int, *flags: str, **headers: str) -> Ending:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(URL, status=status, headers=named, flags=list(flags))
    return ending_of_response(request(timings={"ttfb": 0.25}), response, NOW)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.OK) for status in (200, 204, 301, 304, 401, 403, 404, 410, 500, 501)),
        (429, Verdict.THROTTLED),
        *((status, Verdict.OVERLOADED) for status in (502, 503, 504, 520, 522, 530)),
    ],
)
def test_a_status_means_ok_throttled_or_overloaded(status: int, verdict: Verdict) -> None:
    assert ending(status) == Ending(verdict, 0.25, is_page=status < 300)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("Sun, 23 Nov 2025 22:31:00 GMT", 60), ("soon", None), ("", None)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_retry_after_of_a_429_or_503_is_read(
    status: int, value: str, seconds: float | None
) -> None:
    assert ending(status, Retry_After=value).retry_after_s == seconds


def test_the_retry_after_of_any_other_status_is_ignored() -> None:
    assert ending(301, Retry_After="30").retry_after_s is None


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_a_quota_is_read_from_any_response(status: int) -> None:
    ended = ending(status, RateLimit='"a";r=7;t=30', RateLimit_Policy='"a";q=60;w=60')
    assert ended.policy == RatePolicy(1.0, 7, 30)
    for name in ("X_RateLimit", "X_Rate_Limit", "x_ratelimit", "RateLimit"):
        headers = {f"{name}_Remaining": "9", f"{name}_Reset": str(int(NOW) + 60)}
        assert ending(status, **headers).policy == RatePolicy(None, 9, 60)
    assert ending(status, X_RateLimit_Limit="100").policy is None


@pytest.mark.parametrize("status", [200, 429, 503])
def test_a_cached_response_is_ignored_whatever_its_status(status: int) -> None:
    ended = ending(status, "cached", Retry_After="30", X_RateLimit_Remaining="0")
    assert ended == Ending(Verdict.IGNORED)


def test_the_quotas_of_several_limiters_in_a_row_are_read_together() -> None:
    headers = {
        "RateLimit": ['"minute"; r=299; t=60', '"burst"; r=49; t=5'],
        "RateLimit-Policy": ['"minute"; q=300; w=60; pk=:MTJj:', '"burst"; q=50; w=5; pk=:MTJj:'],
    }
    found = ending_of_response(request(), Response(URL, headers=headers), NOW).policy
    assert found == RatePolicy(5, 299, 60)


def test_without_timings_scrapys_latency_is_used() -> None:
    response = Response(URL)
    assert ending_of_response(request(download_latency=0.5), response, NOW).rtt_s == 0.5
    assert ending_of_response(request(), response, NOW).rtt_s == 0


def test_the_lag_of_our_own_loop_is_subtracted_once_from_the_latency() -> None:
    ending = ending_of_response(request(download_latency=0.5), Response(URL), NOW, lag_s=0.1)
    assert ending.rtt_s == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("exception", "verdict"),
    [
        (DownloadTimeoutError(), Verdict.OVERLOADED),
        (DownloadConnectionRefusedError(), Verdict.OVERLOADED),
        (DownloadFailedError("reset"), Verdict.OVERLOADED),
        (ConnectionResetError(), Verdict.OVERLOADED),
        (ResponseDataLossError(), Verdict.OK),
        (MalformedResponse("the status line is '?'"), Verdict.OK),
        (StopDownload(), Verdict.OK),
        (DownloadCancelledError("Received 5 bytes which is larger than"), Verdict.OK),
        (DownloadCancelledError("the crawl is being stopped"), Verdict.IGNORED),
        (CannotResolveHostError(), Verdict.IGNORED),
        (AddressRefused("10.0.0.1", "private"), Verdict.IGNORED),
        (IgnoreRequest("Forbidden by robots.txt"), Verdict.IGNORED),
        (ValueError("a bug"), Verdict.IGNORED),
    ],
)
def test_an_exception_means_overloaded_ok_or_nothing(
    exception: Exception, verdict: Verdict
) -> None:
    ended = ending_of_exception(request(timings={"ttfb": 0.25}), exception)
    assert ended.verdict is verdict
    assert ended.rtt_s == (0.25 if verdict is Verdict.OK else 0)
