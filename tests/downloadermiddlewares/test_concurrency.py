"""The concurrency middleware between a fake scheduler and a fake downloader."""

from __future__ import annotations

import asyncio
from inspect import iscoroutine
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotConfigured,
)
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.concurrency import ConcurrencyMiddleware
from crawlproj.errors import ConfigError
from crawlproj.http.archiving import NOT_ARCHIVED
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.permit import Permit
from crawlproj.scheduler import Scheduler
from crawlproj.scheduling.serialize import REFUSALS, RETRY_AT, UNANSWERED_AT
from tests.frontier.helpers import Now, run
from tests.limits.models import dice

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

URL = "http://a.test/"


class FakeScheduler(Scheduler):
    """A scheduler whose admission gave ``permit`` to every request and records how they ended."""

    def __init__(self, permit: Permit | None) -> None:
        self.permit = permit
        self.endings: list[Ending] = []
        self.admission: Any = self
        self.answered_at = -inf
        self.down = False
        self.may_ask_at = -inf
        self.sent = 0  # how often the permit was used once more
        self.forgiven = 0
        self.limit = 8

    def permit_of(self, request: Request) -> Permit | None:
        return self.permit

    def on_sent(self, request: Request) -> Permit | None:
        if self.permit is not None:
            self.permit.sent = True
        return self.permit

    def check_patience(self, request: Request) -> None:
        pass

    def heed(self, request: Request, ending: Ending) -> Ending:
        return ending

    def on_no_answer(self, request: Request) -> None:
        pass

    def is_down(self, request: Request) -> bool:
        return self.down

    def limit_of(self, request: Request) -> int:
        return self.limit

    def polite_at(self, request: Request) -> float:
        return self.may_ask_at

    def before_send(self, request: Request) -> None:
        self.sent += 1

    def forgive(self, request: Request) -> None:
        self.forgiven += 1

    def answered_since(self, request: Request, then: float) -> bool:
        return self.answered_at > then

    def on_downloaded(self, request: Request, ending: Ending, address: str = "") -> None:
        self.endings.append(ending)


class Harness:
    """A middleware and its surroundings."""

    def __init__(
        self,
        *,
        canary: bool = False,
        permit: bool = True,
        hang_s: float = 5,
        above: Sequence[object] | None = None,
        **settings: Any,
    ) -> None:
        self.crawler = get_crawler(settings_dict=settings)
        self.scheduler = FakeScheduler(Permit(0.0, 1, canary, hang_s=hang_s) if permit else None)
        self.crawler.engine = SimpleNamespace(  # type: ignore[assignment]
            scheduler=self.scheduler,
            download_async=self._download,
            _slot=SimpleNamespace(closing=None),
        )
        self.asked: list[Request] = []
        self.status = 200  # of what is asked
        self.error: Exception | None = None
        self.refuses = False  # a middleware of the project raises the error, after the answer
        self.now = Now()
        self.middleware = ConcurrencyMiddleware(self.crawler, self.now, dice(1))
        if above is None:
            retries = self.crawler.settings.getbool("RETRY_ENABLED")
            above = [RetryMiddleware(self.crawler.settings)] if retries else []
        chain = SimpleNamespace(middlewares=[*above, self.middleware])
        self.crawler.engine.downloader = SimpleNamespace(middleware=chain)  # type: ignore[assignment]

    async def _download(self, request: Request) -> Response:
        self.asked.append(request)
        response = Response(request.url, status=self.status)
        if self.refuses:
            permit, self.scheduler.permit = self.scheduler.permit, None
            self.middleware.process_response(request.copy(), response)
            self.scheduler.permit = permit
        if self.error is not None:
            raise self.error
        return response

    def send(self, request: Request) -> Coroutine[Any, Any, None] | None:
        async def body() -> Coroutine[Any, Any, None] | None:
            return self.middleware.process_request(request)

        return run(body())

    def answer(
        self, status: int, request: Request | None = None, *, body: bytes = b"page", **headers: str
    ) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = Response(URL, status=status, headers=named, body=body)
        answered = request or Request(URL)
        answered.meta.setdefault("timings", {})  # as crawlproj's handler does

        async def take() -> Any:
            taken = self.middleware.process_response(answered, response)
            return await taken if iscoroutine(taken) else taken

        return run(take())

    def fail(self, exception: Exception, request: Request | None = None) -> Any:
        async def body() -> Any:
            taken = self.middleware.process_exception(request or Request(URL), exception)
            return await taken if iscoroutine(taken) else taken

        return run(body())


def test_a_page_is_passed_on_and_gives_a_sample() -> None:
    harness = Harness()
    assert isinstance(harness.answer(200, Request(URL, meta={"timings": {"ttfb": 0.5}})), Response)
    assert harness.scheduler.endings == [Ending(Verdict.OK, 0.5)]


def test_the_time_a_request_is_sent_is_reported_to_the_scheduler() -> None:
    harness = Harness()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.sent = False
    assert harness.send(Request(URL)) is None
    assert harness.scheduler.permit.sent


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [(429, {}, 1), (429, {"Retry_After": "30"}, 30), (503, {"Retry_After": "3600"}, 3600)],
)
def test_a_refused_page_is_retried_after_a_wait_without_counting_an_attempt(
    status: int, headers: dict[str, str], wait_s: float
) -> None:
    harness = Harness()
    request = Request(URL, meta={"mine": 1, "retry_times": 1}, priority=3)
    again = harness.answer(status, request, body=b"", **headers)
    assert isinstance(again, Request)
    assert again.dont_filter
    assert again.priority == 3
    assert again.meta["mine"] == 1
    assert again.meta["retry_times"] == 1
    assert again.meta[REFUSALS] == 1
    assert again.meta[RETRY_AT] >= harness.now.time + wait_s


def test_after_the_allowed_refusals_scrapy_counts_the_retries() -> None:
    harness = Harness(CONCURRENCY_REFUSALS=2)
    request: Any = Request(URL)
    for _ in range(2):
        request = harness.answer(429, request)
        assert isinstance(request, Request)
    assert isinstance(harness.answer(429, request, Retry_After="9"), Response)
    assert request.meta[RETRY_AT] >= harness.now.time + 9, "that retry waits too"


def test_an_answer_resets_the_count_of_refusals() -> None:
    harness = Harness()
    request = Request(URL, meta={REFUSALS: 9})
    harness.answer(200, request)
    assert REFUSALS not in request.meta


@pytest.mark.parametrize(
    ("meta", "settings"), [({"dont_retry": True}, {}), ({}, {"RETRY_ENABLED": False})]
)
def test_dont_retry_and_retry_enabled_hold(meta: dict[str, Any], settings: dict[str, Any]) -> None:
    assert isinstance(Harness(**settings).answer(429, Request(URL, meta=meta)), Response)


def test_after_an_overload_scrapy_retries_with_growing_waits() -> None:
    harness = Harness()
    waits = []
    for times in (0, 1, 2, 5, 6, 60):
        request = Request(URL, meta={"retry_times": times})
        assert isinstance(harness.answer(503, request), Response)
        waits.append(request.meta[RETRY_AT] - harness.now.time)
    for wait, usual in zip(waits, (1, 2, 4, 32, 60, 60), strict=True):
        assert 0.75 * usual <= wait <= 1.25 * usual


def test_a_page_that_failed_with_more_in_flight_than_its_site_bears_has_three_excuses() -> None:
    harness = Harness()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.in_flight, harness.scheduler.limit = 8, 4
    request, waits = Request(URL), []
    for _ in range(3):
        request = harness.answer(502, request)
        assert isinstance(request, Request)
        waits.append(request.meta[RETRY_AT] - harness.now())
        assert "retry_times" not in request.meta
    assert waits == [1, 2, 4]
    assert isinstance(harness.answer(502, request), Response)


def test_a_page_that_failed_with_as_much_in_flight_as_its_site_bears_has_no_excuse() -> None:
    harness = Harness()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.in_flight = harness.scheduler.limit = 4
    assert isinstance(harness.answer(502), Response)
    assert harness.fail(DownloadTimeoutError()) is None
    harness.scheduler.limit = 3
    assert isinstance(harness.fail(DownloadTimeoutError()), Request)


def test_where_a_quarter_of_the_requests_fails_a_page_has_excuses_while_chance_explains_it() -> (
    None
):
    harness = Harness()
    for n in range(40):
        request = harness.answer(502 if n % 4 == 3 else 200, Request(URL))
        if isinstance(request, Request):
            harness.answer(200, request)
        elif n % 4 == 3:
            again = Request(URL, meta={"retry_times": 1})  # Scrapy's middleware counted an attempt
            assert isinstance(harness.answer(200, again), Response)
    request, excuses = Request(URL), 0
    while isinstance(request := harness.answer(502, request), Request):
        excuses += 1
        assert request.meta[RETRY_AT] == harness.now() + 1
    assert 4 <= excuses <= 8


@pytest.mark.parametrize(("status", "text"), [(500, b"no connection is left"), (200, b"")])
def test_failures_of_a_site_that_answers_later_what_failed_are_overloads(
    status: int, text: bytes
) -> None:
    harness = Harness()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.in_flight = 8
    for _ in range(10):
        harness.answer(200)
    failed = [harness.answer(status, Request(f"{URL}{n}"), body=text) for n in range(6)]
    tried = [request for request in failed if isinstance(request, Request)]
    assert len(tried) == 3, "since the fourth one, some are asked for again soon"
    assert {ending.verdict for ending in harness.scheduler.endings} == {Verdict.OK}
    for request in tried:
        harness.answer(200, request)
    assert isinstance(harness.answer(status, body=text), Request)
    harness.scheduler.permit.in_flight = 1
    harness.answer(status, body=text)  # the limit learns whether fewer fail alone
    verdicts = [(ending.verdict, ending.is_up) for ending in harness.scheduler.endings[-2:]]
    assert verdicts == [(Verdict.OVERLOADED, True)] * 2


def limiting_what_is_at_once() -> Harness:
    """Return the harness of a site that has shown by 429s that it takes two requests at once."""
    harness = Harness()
    permit = harness.scheduler.permit
    assert permit is not None
    for _ in range(2):
        permit.in_flight = 3
        assert isinstance(harness.answer(429), Request)
        for permit.in_flight in (1, 2) * 15:
            harness.answer(200)
    permit.in_flight = 3
    assert isinstance(harness.answer(429), Request)
    return harness


def test_429s_that_only_come_with_more_in_flight_are_overloads_that_cost_no_attempt() -> None:
    harness = limiting_what_is_at_once()
    refusals = harness.scheduler.endings[::31]
    assert [ending.verdict for ending in refusals] == [Verdict.OVERLOADED] * 3, "from the first one"
    assert all(ending.at_once and ending.is_up for ending in refusals)


def test_a_page_that_others_overtook_costs_no_attempt_at_a_site_that_takes_two_at_once() -> None:
    harness = limiting_what_is_at_once()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.in_flight = 1
    assert isinstance(harness.answer(429), Request)


def test_too_much_at_once_costs_no_attempt_as_often_as_a_rate_that_is_too_high() -> None:
    harness = limiting_what_is_at_once()
    request, waits = Request(URL), []
    for _ in range(10):
        request = harness.answer(429, request)
        assert isinstance(request, Request)
        waits.append(request.meta[RETRY_AT] - harness.now())
        harness.scheduler.answered_at = harness.now.time = request.meta[RETRY_AT]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert isinstance(harness.answer(429, request), Response)


def test_a_canary_that_was_too_much_at_once_costs_no_attempt_if_a_known_page_is_answered() -> None:
    harness = limiting_what_is_at_once()
    assert harness.scheduler.permit is not None
    harness.scheduler.permit.canary = harness.scheduler.down = True
    assert isinstance(harness.answer(429, Request(f"{URL}other")), Request)
    assert harness.asked, "the known page"


def test_after_a_time_out_scrapy_retries_after_a_wait() -> None:
    harness = Harness()
    request = Request(URL)
    assert harness.fail(DownloadTimeoutError(), request) is None
    assert request.meta[RETRY_AT] > harness.now.time
    assert harness.scheduler.endings == [Ending(Verdict.OVERLOADED)]


def test_a_request_that_was_never_sent_gets_no_wait() -> None:
    harness = Harness()
    request = Request(URL)
    assert harness.fail(IgnoreRequest("Forbidden by robots.txt"), request) is None
    assert RETRY_AT not in request.meta
    assert harness.scheduler.endings == [Ending(Verdict.IGNORED)]


@pytest.mark.parametrize(("asked_s", "given_s"), [(180.0, 10.0), (3.0, 3.0)])
def test_a_canary_has_a_short_time_out_which_is_restored(asked_s: float, given_s: float) -> None:
    harness = Harness(canary=True)
    request = Request(URL, meta={"download_timeout": asked_s})
    harness.send(request)
    assert request.meta["download_timeout"] == given_s
    again = harness.fail(DownloadTimeoutError(), request)
    assert isinstance(again, Request), "a site that is down costs no attempt"
    assert again.meta["download_timeout"] == asked_s
    assert "canary_timeout" not in again.meta


def test_a_canary_without_a_time_out_of_its_own_has_none_again_afterwards() -> None:
    harness = Harness(canary=True)
    request = Request(URL)  # as in projects without DownloadTimeoutMiddleware
    harness.send(request)
    assert request.meta["download_timeout"] == 10
    again = harness.fail(DownloadTimeoutError(), request)
    assert isinstance(again, Request)
    assert "download_timeout" not in again.meta


def test_a_canary_waits_long_enough_for_a_slow_site() -> None:
    harness = Harness(canary=True, hang_s=40)
    request = Request(URL, meta={"download_timeout": 180.0})
    harness.send(request)
    assert request.meta["download_timeout"] == 40


def test_a_refused_canary_does_not_count_as_an_attempt() -> None:
    assert isinstance(Harness(canary=True).answer(502), Request)
    assert isinstance(Harness().answer(502), Response)


def test_a_retry_without_a_permit_is_delayed_until_its_time() -> None:
    harness = Harness(permit=False)
    request = Request(URL, meta={RETRY_AT: harness.now.time + 5})
    waiting = harness.send(request)
    assert waiting is not None
    waiting.close()
    assert RETRY_AT not in request.meta
    assert harness.send(Request(URL, meta={RETRY_AT: harness.now.time - 5})) is None


def test_the_middleware_can_be_switched_off() -> None:
    with pytest.raises(NotConfigured):
        Harness(CONCURRENCY_ENABLED=False)


def test_a_wrong_setting_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError, match="CONCURRENCY_SCOPE"):
        Harness(CONCURRENCY_SCOPE="page")


@pytest.mark.parametrize("canary", [False, True])
def test_a_page_that_fails_again_while_its_site_answers_others_says_nothing_of_the_site(
    canary: bool,
) -> None:
    harness, request = Harness(canary=canary), Request(URL)
    harness.fail(DownloadTimeoutError(), request)
    harness.scheduler.answered_at = harness.now.time + 1
    harness.now.time += 2
    assert harness.fail(DownloadTimeoutError(), request) is None, "an attempt that counts"
    assert request.meta[RETRY_AT] > harness.now.time
    harness.now.time += 2
    assert isinstance(harness.answer(504, request), Response), "only such pages are left"
    blamed, *others = [ending.verdict for ending in harness.scheduler.endings]
    assert blamed is Verdict.OVERLOADED
    assert others == [Verdict.IGNORED, Verdict.IGNORED]


def test_a_page_that_is_answered_at_last_is_a_page_as_any_other() -> None:
    harness, request = Harness(), Request(URL)
    harness.fail(DownloadTimeoutError(), request)
    harness.answer(200, request)
    assert UNANSWERED_AT not in request.meta


def test_a_site_that_asks_to_wait_is_heard_whatever_it_answers_to_others() -> None:
    harness, request = Harness(), Request(URL)
    harness.fail(DownloadTimeoutError(), request)
    harness.scheduler.answered_at = harness.now.time + 1
    again = harness.answer(503, request, Retry_After="30")
    assert again.meta[RETRY_AT] >= harness.now.time + 30
    assert harness.scheduler.endings[-1].verdict is Verdict.OVERLOADED


class Outage(Harness):
    """A site that is down after it answered ``known``, and to which a canary is sent.

    answer: the status, or the error, with which the known page ends now.
    """

    def __init__(self, known: Request, answer: int | Exception) -> None:
        super().__init__(canary=True)
        self.answer(200, known)
        self.scheduler.down = True
        if isinstance(answer, int):
            self.status = answer
        else:
            self.error = answer
        self.canary = Request(f"{URL}canary", meta={"proxy": "http://proxy.test"})
        self.send(self.canary)


KNOWN = Request(f"{URL}known")


@pytest.mark.parametrize("status", [0, 504])
def test_a_canary_that_fails_while_the_site_answers_a_known_page_fails_by_itself(
    status: int,
) -> None:
    outage = Outage(KNOWN, 200)
    if status:
        assert isinstance(outage.answer(status, outage.canary), Response), "an attempt that counts"
    else:
        assert outage.fail(DownloadTimeoutError(), outage.canary) is None, "an attempt that counts"
    (asked,) = outage.asked
    assert asked.url == KNOWN.url
    assert asked.meta["proxy"] == "http://proxy.test", "the same route"
    assert asked.meta["download_timeout"] == 10, "as long as the canary"
    assert asked.meta[NOT_ARCHIVED], "in a replay, it would replace the page"
    assert outage.scheduler.sent == 1, "the permit's delay counts from this request"
    assert outage.scheduler.endings[-1].verdict is Verdict.OK, "the site is back"


@pytest.mark.parametrize("answer", [DownloadTimeoutError(), 503], ids=["none", "503"])
def test_a_canary_does_not_count_as_an_attempt_if_a_known_page_is_not_answered_either(
    answer: int | Exception,
) -> None:
    outage = Outage(KNOWN, answer)
    outage.scheduler.answered_at = outage.now.time + 1  # since the canary was sent
    outage.now.time += 10
    assert isinstance(outage.fail(DownloadTimeoutError(), outage.canary), Request)
    assert len(outage.asked) == 1
    assert outage.scheduler.endings[-1].verdict is Verdict.OVERLOADED


def test_a_known_page_that_has_grown_too_large_was_answered() -> None:
    outage = Outage(KNOWN, DownloadCancelledError("Expected to receive 20 MB"))
    assert outage.fail(DownloadTimeoutError(), outage.canary) is None
    assert outage.scheduler.endings[-1].verdict is Verdict.OK


def test_a_known_page_that_a_middleware_of_the_project_refuses_was_answered() -> None:
    outage = Outage(KNOWN, IgnoreRequest("not wanted"))
    outage.refuses = True
    assert outage.fail(DownloadTimeoutError(), outage.canary) is None
    assert outage.scheduler.endings[-1].verdict is Verdict.OK


@pytest.mark.parametrize("answer", [IgnoreRequest("not archived"), 429], ids=["refused", "429"])
def test_an_answer_to_a_known_page_that_shows_nothing_changes_nothing(
    answer: int | Exception,
) -> None:
    outage = Outage(KNOWN, answer)
    assert isinstance(outage.fail(DownloadTimeoutError(), outage.canary), Request)
    assert outage.scheduler.endings[-1].verdict is Verdict.OVERLOADED


@pytest.mark.parametrize(
    "known",
    [
        Request(f"{URL}canary"),
        Request(KNOWN.url, method="POST"),
        Request(KNOWN.url, callback=NO_CALLBACK),
    ],
    ids=["same", "POST", "file"],
)
def test_a_site_without_another_page_that_can_be_asked_is_asked_for_none(known: Request) -> None:
    outage = Outage(known, 200)
    assert isinstance(outage.fail(DownloadTimeoutError(), outage.canary), Request)
    assert not outage.asked


def test_a_canary_that_fails_after_the_site_has_come_back_fails_by_itself() -> None:
    outage = Outage(KNOWN, 200)
    outage.scheduler.down, outage.scheduler.answered_at = False, outage.now.time + 1
    assert outage.fail(DownloadTimeoutError(), outage.canary) is None, "an attempt that counts"
    assert not outage.asked


@pytest.mark.parametrize("wait_s", [3600, inf], ids=["rest", "held"])
def test_a_site_that_is_not_to_be_asked_now_is_not_asked_for_a_known_page(wait_s: float) -> None:
    outage = Outage(KNOWN, 200)
    outage.scheduler.may_ask_at = outage.now.time + wait_s
    assert isinstance(outage.fail(DownloadTimeoutError(), outage.canary), Request)
    assert not outage.asked


def test_a_known_page_waits_for_the_delay_of_its_site(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage(KNOWN, 200)
    outage.scheduler.may_ask_at = outage.now.time + 10

    async def pass_time(seconds: float) -> None:
        assert not outage.asked
        outage.now.time += seconds

    monkeypatch.setattr(asyncio, "sleep", pass_time)
    began = outage.now.time
    assert outage.fail(DownloadTimeoutError(), outage.canary) is None
    assert len(outage.asked) == 1
    assert outage.now.time == began + 10


def test_what_waits_for_a_site_ends_a_second_after_the_crawl_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outage = Outage(KNOWN, 200)
    engine: Any = outage.crawler.engine
    began = outage.now.time
    outage.scheduler.may_ask_at = began + 10

    async def pass_time(seconds: float) -> None:
        engine._slot.closing = object()
        outage.now.time += seconds

    monkeypatch.setattr(asyncio, "sleep", pass_time)
    with pytest.raises(DownloadCancelledError):
        outage.fail(DownloadTimeoutError(), outage.canary)
    assert outage.now.time == began + 1
