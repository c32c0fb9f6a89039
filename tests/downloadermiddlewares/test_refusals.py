"""Who decides whether a refused request is sent again: the limits, the spider or the project."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.refusals import RefusalsMiddleware
from crawlproj.limits.ending import Verdict
from crawlproj.scheduling.serialize import REFUSALS, REFUSED, RETRY_AT
from tests.downloadermiddlewares.test_concurrency import URL, Harness


@pytest.mark.parametrize(
    ("meta", "settings"),
    [
        ({"max_retry_times": 3}, {}),
        ({"max_retry_times": 0}, {}),
        ({"max_retry_times": 3}, {"CONCURRENCY_REFUSALS": 5}),
        ({}, {"RETRY_TIMES": 2}),
        ({}, {"RETRY_TIMES": 0}),
    ],
)
def test_whoever_says_how_often_a_page_is_tried_means_refusals_too(
    meta: dict[str, Any], settings: dict[str, Any]
) -> None:
    harness, request = Harness(**settings), Request(URL, meta=meta)
    assert isinstance(harness.answer(429, request, Retry_After="9"), Response)
    assert request.meta[RETRY_AT] >= harness.now.time + 9, "Scrapy's retry waits"


def test_how_often_refusals_cost_nothing_can_be_said_beside_how_often_pages_are_tried() -> None:
    harness = Harness(RETRY_TIMES=0, CONCURRENCY_REFUSALS=1)
    again = harness.answer(429)
    assert isinstance(again, Request)
    assert isinstance(harness.answer(429, again), Response)


@pytest.mark.parametrize(("times", "answer"), [(2, Request), (0, Response)])
def test_a_page_is_excused_for_its_site_unless_it_is_tried_once(times: int, answer: type) -> None:
    harness = Harness(canary=True)
    assert isinstance(harness.answer(502, Request(URL, meta={"max_retry_times": times})), answer)


@pytest.mark.parametrize(
    ("meta", "settings"),
    [
        ({"handle_httpstatus_list": [429]}, {}),
        ({"handle_httpstatus_all": True}, {}),
        ({}, {"HTTPERROR_ALLOWED_CODES": "404,429"}),
        ({}, {"HTTPERROR_ALLOW_ALL": True}),
    ],
)
def test_a_spider_that_wants_refusals_has_those_at_once_that_scrapy_does_not_retry(
    meta: dict[str, Any], settings: dict[str, Any]
) -> None:
    request = Request(URL, meta=meta)
    assert isinstance(Harness(**settings).answer(429, request.copy()), Request)
    never = Harness(RETRY_HTTP_CODES=[500, 503], **settings)
    assert isinstance(never.answer(429, request.copy()), Response)
    assert never.fail(DownloadTimeoutError(), request) is None


class Theirs:
    """A middleware of a project."""

    def process_response(self, request: Request, response: Response) -> Response:
        return response


def test_a_projects_middlewares_see_a_refusal_before_it_is_sent_again() -> None:
    retry = RetryMiddleware(get_crawler().settings)
    harness = Harness(above=[retry, Theirs()])
    request = Request(URL, meta={"mine": 1})
    assert isinstance(harness.answer(429, request, Retry_After="30"), Response)
    again = RefusalsMiddleware(harness.crawler).process_response(request, Response(URL))
    assert isinstance(again, Request)
    assert again.meta["mine"] == again.meta[REFUSALS] == 1
    assert again.meta[RETRY_AT] >= harness.now.time + 30
    assert REFUSED not in again.meta


def test_a_request_that_a_project_sends_instead_is_not_taken_for_the_refused_one() -> None:
    retry = RetryMiddleware(get_crawler().settings)
    harness = Harness(above=[retry, Theirs()])
    request = Request(URL)
    harness.answer(429, request)
    theirs = request.replace(url=f"{URL}other")
    harness.send(theirs)
    answered = harness.answer(200, theirs)
    assert RefusalsMiddleware(harness.crawler).process_response(theirs, answered) is answered


def test_middlewares_that_come_after_scrapys_retries_change_nothing() -> None:
    retry = RetryMiddleware(get_crawler().settings)
    assert isinstance(Harness(above=[Theirs(), retry]).answer(429), Request)


@pytest.mark.parametrize("above", [[], [Theirs()]])
def test_a_project_without_scrapys_retries_has_refusals_at_once(above: list[object]) -> None:
    harness, request = Harness(above=above), Request(URL)
    answer = harness.answer(429, request, Retry_After="9")
    assert isinstance(answer, Response)
    assert RefusalsMiddleware(harness.crawler).process_response(request, answer) is answer
    assert harness.scheduler.endings[0].verdict is Verdict.THROTTLED, "its site rests all the same"


def test_with_a_downloader_that_keeps_its_middlewares_elsewhere_refusals_are_sent_again() -> None:
    harness = Harness()
    harness.crawler.engine.downloader = object()  # type: ignore[assignment]
    assert isinstance(harness.answer(429), Request)


def test_a_rate_that_was_learned_without_a_proxy_is_forgotten_once_a_proxy_is_answered() -> None:
    harness = Harness()
    harness.answer(200)
    harness.answer(429, Retry_After="60")
    counts = [harness.scheduler.forgiven]
    for _ in range(2):
        harness.answer(200, Request(URL, meta={"proxy": "http://proxy.test"}))
        counts.append(harness.scheduler.forgiven)
    assert counts == [0, 1, 1]
