"""The latency middleware, called as Scrapy calls it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotConfigured,
)
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.latency import LatencyMiddleware
from crawlproj.errors import ConfigError
from crawlproj.latency import LatencyRecorder, recorder_of
from tests.frontier.helpers import Now

TIMINGS = {"queued": 0.1, "dns": 0.0, "connect": 0.0, "tls": 0.0, "ttfb": 0.5, "transfer": 0.2}


class Downloads:
    """Downloads that take a given time."""

    def __init__(self) -> None:
        self.now = Now()
        self._crawler = get_crawler()
        self.middleware = LatencyMiddleware(self._crawler, self.now)

    @property
    def recorder(self) -> LatencyRecorder:
        return recorder_of(self._crawler)

    def download(
        self, request: Request, outcome: int | Exception = 200, *, seconds: float = 2.0, **meta: Any
    ) -> Request:
        """End a download with a status or an exception, and with ``meta`` from the handler."""
        self.middleware.process_request(request)
        self.now.time += seconds
        request.meta.update(meta)
        self.end(request, outcome)
        return request

    def end(self, request: Request, outcome: int | Exception = 200) -> None:
        if isinstance(outcome, Exception):
            self.middleware.process_exception(request, outcome)
        else:
            self.middleware.process_response(request, Response(request.url, status=outcome))

    def counts(self) -> dict[str, int]:
        phases = self.recorder.phases
        return {phase: found.count for phase, found in phases.items() if found.count}


def page(**meta: Any) -> Request:
    return Request("http://a.test:80/page", meta=meta)


def test_phases_of_the_handler_and_the_wait_for_a_permit_are_recorded() -> None:
    downloads = Downloads()
    downloads.download(page(permit_wait=3.0), timings=TIMINGS)
    assert downloads.counts() == {"permit": 1, "queued": 1, "ttfb": 1, "transfer": 1}
    assert downloads.recorder.phases["permit"].max == 3.0
    assert downloads.recorder.sites["a.test"].ok == 1


def test_with_another_handler_the_download_latency_counts_as_ttfb() -> None:
    downloads = Downloads()
    downloads.download(page(), download_latency=1.5)
    assert downloads.counts() == {"ttfb": 1}
    assert downloads.recorder.phases["ttfb"].max == 1.5


def test_a_failure_is_recorded_with_its_reason_and_duration() -> None:
    downloads = Downloads()
    slow = TIMINGS | {"ttfb": 30.0, "transfer": 0.0}
    downloads.download(page(), DownloadTimeoutError("late"), timings=slow)
    downloads.download(page(), DownloadTimeoutError("late"), seconds=60.0)
    site = downloads.recorder.sites["a.test"]
    assert site.errors == {"timeout": 2}
    assert site.ttfb.max == 60.0, "of another handler the whole time is known"
    assert site.ttfb.count == 2


@pytest.mark.parametrize(
    ("status", "meta", "reason"),
    [
        (200, {}, ""),
        (301, {}, ""),
        (404, {}, "http-404"),
        (404, {"handle_httpstatus_all": True}, ""),
        (404, {"handle_httpstatus_list": [404]}, ""),
        (404, {"handle_httpstatus_list": [410]}, "http-404"),
        (429, {"handle_httpstatus_all": True}, "http-429"),
        (503, {"handle_httpstatus_all": True}, "http-503"),
    ],
)
def test_statuses_not_accepted_are_errors(status: int, meta: dict[str, Any], reason: str) -> None:
    downloads = Downloads()
    downloads.download(page(**meta), status, timings=TIMINGS)
    assert downloads.recorder.errors == Counter([reason] if reason else [])
    assert downloads.recorder.sites["a.test"].requests == 1


def test_a_request_that_was_not_downloaded_is_not_recorded() -> None:
    downloads = Downloads()
    downloads.end(page(timings=TIMINGS))  # from a cache, say
    downloads.end(page(), IgnoreRequest("Forbidden by robots.txt"))
    downloads.download(page(), IgnoreRequest("by a middleware nearer to the downloader"))
    downloads.download(page(), DownloadCancelledError("the crawl is being stopped"))
    assert downloads.recorder.sites == {}
    assert downloads.counts() == {}


def test_a_retry_does_not_repeat_the_phases_of_the_first_attempt() -> None:
    downloads = Downloads()
    first = downloads.download(page(), 503, timings=TIMINGS, download_latency=0.6)
    again = first.replace(dont_filter=True)
    assert "timings" in again.meta
    downloads.end(again, IgnoreRequest("before it was downloaded"))
    assert downloads.recorder.sites["a.test"].requests == 1
    downloads.download(again, DownloadTimeoutError("late"), seconds=9.0)
    assert downloads.recorder.phases["ttfb"].max == 9.0
    assert downloads.recorder.phases["transfer"].count == 1


def test_its_key_is_removed_from_meta() -> None:
    downloads = Downloads()
    for outcome in (200, 503, DownloadTimeoutError("late"), DownloadCancelledError("stop")):
        request = downloads.download(page(depth=1), outcome, timings=TIMINGS)
        assert request.meta == {"depth": 1, "timings": TIMINGS}


def test_the_middleware_can_be_switched_off() -> None:
    with pytest.raises(NotConfigured):
        LatencyMiddleware.from_crawler(get_crawler(settings_dict={"LATENCY_ENABLED": False}))
    with pytest.raises(ConfigError, match="LATENCY_ENABLED"):
        LatencyMiddleware.from_crawler(get_crawler(settings_dict={"LATENCY_ENABLED": "perhaps"}))
