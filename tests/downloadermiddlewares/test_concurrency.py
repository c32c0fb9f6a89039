"""The concurrency middleware between a scheduler and a downloader that are not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest, NotConfigured
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.concurrency import ConcurrencyMiddleware
from crawlproj.errors import ConfigError
from crawlproj.limits.site import Ending, Permit, Verdict
from crawlproj.scheduler import Scheduler
from crawlproj.scheduling.serialize import REFUSALS, RETRY_AT
from tests.frontier.helpers import Now, run
from tests.limits.models import dice

if TYPE_CHECKING:
    from collections.abc import Coroutine

URL = "http://a.test/"


class Desk(Scheduler):
    """A scheduler whose admission gave ``permit`` to every request and records how they ended."""

    def __init__(self, permit: Permit | None) -> None:
        self.permit = permit
        self.endings: list[Ending] = []
        self.admission: Any = self

    def permit_of(self, request: Request) -> Permit | None:
        return self.permit

    def on_sent(self, request: Request) -> Permit | None:
        if self.permit is not None:
            self.permit.sent = True
        return self.permit

    def on_downloaded(self, request: Request, ending: Ending, address: str = "") -> None:
        self.endings.append(ending)


class Post:
    """A middleware and what surrounds it."""

    def __init__(
        self, *, canary: bool = False, permit: bool = True, hang_s: float = 5, **settings: Any
    ) -> None:
        self.crawler = get_crawler(settings_dict=settings)
        self.desk = Desk(Permit(0.0, 1, canary, hang_s=hang_s) if permit else None)
        self.crawler.engine = SimpleNamespace(scheduler=self.desk)  # type: ignore[assignment]
        self.now = Now()
        self.middleware = ConcurrencyMiddleware(self.crawler, self.now, dice(1))

    def send(self, request: Request) -> Coroutine[Any, Any, None] | None:
        async def body() -> Coroutine[Any, Any, None] | None:
            return self.middleware.process_request(request)

        return run(body())

    def answer(self, status: int, request: Request | None = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = Response(URL, status=status, headers=named)
        return self.middleware.process_response(request or Request(URL), response)

    def fail(self, exception: Exception, request: Request | None = None) -> Any:
        return self.middleware.process_exception(request or Request(URL), exception)


def test_a_page_is_passed_on_and_its_sample_taken() -> None:
    post = Post()
    assert isinstance(post.answer(200, Request(URL, meta={"timings": {"ttfb": 0.5}})), Response)
    assert post.desk.endings == [Ending(Verdict.OK, 0.5)]


def test_the_scheduler_is_told_when_the_request_is_sent() -> None:
    post = Post()
    assert post.desk.permit is not None
    post.desk.permit.sent = False
    assert post.send(Request(URL)) is None
    assert post.desk.permit.sent


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [(429, {}, 1), (429, {"Retry_After": "30"}, 30), (503, {"Retry_After": "3600"}, 3600)],
)
def test_a_refused_page_comes_again_after_its_wait_no_attempt_counted(
    status: int, headers: dict[str, str], wait_s: float
) -> None:
    post = Post()
    request = Request(URL, meta={"mine": 1, "retry_times": 1}, priority=3)
    again = post.answer(status, request, **headers)
    assert isinstance(again, Request)
    assert again.dont_filter
    assert again.priority == 3
    assert again.meta["mine"] == 1
    assert again.meta["retry_times"] == 1
    assert again.meta[REFUSALS] == 1
    assert again.meta[RETRY_AT] >= post.now.time + wait_s


def test_after_its_share_of_refusals_a_page_is_scrapys_to_retry() -> None:
    post = Post(CONCURRENCY_REFUSALS=2)
    request: Any = Request(URL)
    for _ in range(2):
        request = post.answer(429, request)
        assert isinstance(request, Request)
    assert isinstance(post.answer(429, request, Retry_After="9"), Response)
    assert request.meta[RETRY_AT] >= post.now.time + 9, "that retry waits too"


def test_a_page_that_came_has_all_its_refusals_again() -> None:
    post = Post()
    request = Request(URL, meta={REFUSALS: 9})
    post.answer(200, request)
    assert REFUSALS not in request.meta


@pytest.mark.parametrize(
    ("meta", "settings"), [({"dont_retry": True}, {}), ({}, {"RETRY_ENABLED": False})]
)
def test_what_must_not_be_retried_is_not(meta: dict[str, Any], settings: dict[str, Any]) -> None:
    assert isinstance(Post(**settings).answer(429, Request(URL, meta=meta)), Response)


def test_an_overload_without_a_retry_after_is_scrapys_to_retry_later_each_time() -> None:
    post = Post()
    waits = []
    for times in (0, 1, 2, 5, 6, 60):
        request = Request(URL, meta={"retry_times": times})
        assert isinstance(post.answer(503, request), Response)
        waits.append(request.meta[RETRY_AT] - post.now.time)
    for wait, usual in zip(waits, (1, 2, 4, 32, 60, 60), strict=True):
        assert 0.75 * usual <= wait <= 1.25 * usual


def test_a_time_out_is_scrapys_to_retry_later() -> None:
    post = Post()
    request = Request(URL)
    assert post.fail(DownloadTimeoutError(), request) is None
    assert request.meta[RETRY_AT] > post.now.time
    assert post.desk.endings == [Ending(Verdict.OVERLOADED)]


def test_what_was_never_sent_waits_for_nothing() -> None:
    post = Post()
    request = Request(URL)
    assert post.fail(IgnoreRequest("Forbidden by robots.txt"), request) is None
    assert RETRY_AT not in request.meta
    assert post.desk.endings == [Ending(Verdict.IGNORED)]


@pytest.mark.parametrize(("asked_s", "given_s"), [(180.0, 10.0), (3.0, 3.0)])
def test_a_canary_does_not_wait_long_and_gets_its_time_out_back(
    asked_s: float, given_s: float
) -> None:
    post = Post(canary=True)
    request = Request(URL, meta={"download_timeout": asked_s})
    post.send(request)
    assert request.meta["download_timeout"] == given_s
    again = post.fail(DownloadTimeoutError(), request)
    assert isinstance(again, Request), "a site that is down costs no attempt"
    assert again.meta["download_timeout"] == asked_s
    assert "canary_timeout" not in again.meta


def test_a_canary_waits_as_long_as_its_site_may_take() -> None:
    post = Post(canary=True, hang_s=40)
    request = Request(URL, meta={"download_timeout": 180.0})
    post.send(request)
    assert request.meta["download_timeout"] == 40


def test_a_canary_that_is_refused_costs_no_attempt() -> None:
    assert isinstance(Post(canary=True).answer(502), Request)
    assert isinstance(Post().answer(502), Response)


def test_a_retry_without_a_permit_is_held_until_its_time() -> None:
    post = Post(permit=False)
    request = Request(URL, meta={RETRY_AT: post.now.time + 5})
    waiting = post.send(request)
    assert waiting is not None
    waiting.close()
    assert RETRY_AT not in request.meta
    assert post.send(Request(URL, meta={RETRY_AT: post.now.time - 5})) is None


def test_switched_off_there_is_no_such_middleware() -> None:
    with pytest.raises(NotConfigured):
        Post(CONCURRENCY_ENABLED=False)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="CONCURRENCY_SCOPE"):
        Post(CONCURRENCY_SCOPE="page")
