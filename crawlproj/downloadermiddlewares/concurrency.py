"""Turns outcomes of downloads into samples, and delays the retries of refused requests."""

from __future__ import annotations

import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import NotConfigured

from crawlproj._scrapy.routes import route_of
from crawlproj.clock import crawl_time
from crawlproj.downloadermiddlewares import verdicts
from crawlproj.downloadermiddlewares.blocks import Blocks, may_forbid
from crawlproj.downloadermiddlewares.canaries import restore_timeout, shorten_timeout
from crawlproj.downloadermiddlewares.controlled_slots import ControlledSlots
from crawlproj.downloadermiddlewares.known_pages import KnownPages
from crawlproj.downloadermiddlewares.loop_lag import LoopLag
from crawlproj.downloadermiddlewares.meanings import Meanings
from crawlproj.downloadermiddlewares.retries import Retries, earlier_failures
from crawlproj.downloadermiddlewares.second_opinions import EXCUSES, SecondOpinions
from crawlproj.limits.ending import FAILED, NOTHING_LEARNED, Ending, Verdict
from crawlproj.limits.other_routes import OtherRoutes
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.serialize import FORBIDDEN, REFUSALS, REFUSED, RETRY_AT, UNANSWERED_AT
from crawlproj.scheduling.site_config import ConcurrencyConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.limits.permit import Permit
    from crawlproj.scheduler import Scheduler
    from crawlproj.scheduling.admission import Admission

__all__ = ["ConcurrencyMiddleware"]


class ConcurrencyMiddleware:
    """Takes each outcome (response, exception, time-out, refusal) as a sample of its site.

    With the project's scheduler, requests reach the downloader with a permit, which this middleware
    gives back. With another scheduler, it controls the downloader's slot of the site; see
    ``ControlledSlots``.

    A page that its site refuses (429; 503 with Retry-After, or what shows that it limits its rate;
    anything while the site is down; an overload with more in flight than its limit is now) is
    requested again up to CONCURRENCY_REFUSALS times without counting an attempt (see ``Retries``),
    once the project's own middlewares have seen the refusal; Scrapy's retry middleware counts later
    ones. A project without that middleware gets each at once. Every retry waits: for Retry-After,
    which is never shortened, for a second if the rate was too high, because the rate waits for the
    rest, or if the page may have failed by chance (see ``ByChance``), or for 1, 2, 4, … 60 s
    (± 25 % if it counts as an attempt). Meanwhile it holds neither a permit nor a slot.

    A page that failed as if its site were away, although it is not (see ``SecondOpinions``), has
    its attempts, but neither lowers the limit nor lets the site count as down.

    Where the project changes the proxy, a failure by one proxy while the site answers by another is
    the proxy's: nothing is learned from it, and the project's middlewares have it at once.

    Respects ``meta["dont_retry"]`` and RETRY_ENABLED. Raises NotConfigured if CONCURRENCY_ENABLED
    is off, ConfigError if a setting is wrong.
    """

    def __init__(
        self,
        crawler: Crawler,
        clock: Callable[[], float] = crawl_time,
        rng: random.Random | None = None,
    ) -> None:
        settings = crawler.settings
        self._config = ConcurrencyConfig.from_settings(settings)
        if not self._config.enabled:
            raise NotConfigured
        self._crawler = crawler
        self._clock = clock
        rng = rng or random.Random()  # noqa: S311 - spreads retries, not a secret
        self._retries = Retries(crawler, self, self._config.refusals, clock, rng)
        self._retried_statuses = frozenset(map(int, settings.getlist("RETRY_HTTP_CODES")))
        self._lag = LoopLag()
        self._known = KnownPages(crawler, clock)
        self._meanings = Meanings(self._known.can_repeat)
        self._blocks = Blocks(crawler, self._known, clock)
        self._routes = OtherRoutes()
        self._opinions = SecondOpinions(self._known, clock, self._retries.wait_until)
        self._slots = ControlledSlots(crawler, self._config.control, clock)
        self._scheduler: Scheduler | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ConcurrencyMiddleware:
        """Build the middleware; see the class for the errors."""
        return cls(crawler)

    @property
    def _admission(self) -> Admission | None:
        if self._scheduler is None:  # asked several times for each page
            self._scheduler = scheduler_of(self._crawler)
        return self._scheduler.admission if self._scheduler is not None else None

    def _permit_of(self, request: Request) -> Permit | None:
        admission = self._admission
        return admission.permit_of(request) if admission is not None else None

    def process_request(self, request: Request) -> Coroutine[Any, Any, None] | None:
        """Note when the request is sent; delay a retry that takes no permit until its time.

        Raises GivenUp if its site was given up.

        Requests without a permit are those of another scheduler, and those that were never
        scheduled, such as robots.txt.
        """
        admission = self._admission
        now = self._clock()
        self._lag.measure()
        request.meta.pop(REFUSED, None)  # a middleware may have copied it
        permit = None
        if admission is not None:
            admission.check_patience(request)
            permit = admission.on_sent(request)
        else:
            self._slots.open(request)
        if permit is None:
            retry_at = request.meta.pop(RETRY_AT, 0.0)
            return self._retries.wait_until(retry_at) if retry_at > now else None
        if permit.canary:
            # If the site answers another one before this one fails, it is this page that fails.
            request.meta.setdefault(UNANSWERED_AT, now)
            shorten_timeout(request, permit.hang_s)
        return None

    def process_response(
        self, request: Request, response: Response
    ) -> Response | Request | Coroutine[Any, Any, Response | Request]:
        """Take the sample; return the request for a retry if its site refused it.

        If that says too little of the site, returns a coroutine that does so later.
        """
        self._lag.measure()
        ending = verdicts.ending_of_response(request, response, self._clock(), self._lag.seconds)
        admission, permit = self._admission, self._permit_of(request)
        if permit is None:
            self._known.hear(request, response)
        if admission is not None:
            failed = ending.verdict is not Verdict.OK or may_forbid(response.status)
            if permit is not None and failed and self._leave_to_project(permit, request):
                return response
            ending = admission.heed(request, ending)
            if permit is not None:
                failures = earlier_failures(request)
                ending = self._meanings.take(permit, request, response, ending, failures)
                found = self._blocks.take(admission, permit, request, response.status, ending)
                if not isinstance(found, Ending):
                    return self._take_response_when(request, response, found)
                ending = found
        if ending.verdict in FAILED and ending.retry_after_s is None:
            if self._opinions.other_page(admission, request, ending):
                return self._take_response_later(request, response, ending)
            shown = self._opinions.without_blame(admission, request, ending)
            return self._take_response(request, response, shown, ending)
        if ending.verdict is Verdict.OK:
            request.meta.pop(UNANSWERED_AT, None)
            if permit is not None:
                self._known.note(permit.site, request, response)
                if response.status < HTTPStatus.BAD_REQUEST:
                    self._note_route(permit, request)
        return self._take_response(request, response, ending, ending)

    def _take_response(
        self, request: Request, response: Response, shown: Ending, ending: Ending
    ) -> Response | Request:
        admission = self._admission
        excused = self._end(request, shown, str(response.ip_address or ""), ending)
        # One of too many at once may have been alone when it took its permit: others overtook it.
        refused = (
            shown.verdict is Verdict.THROTTLED
            or ending.at_once
            or (shown.verdict is Verdict.OVERLOADED and shown.retry_after_s is not None)
        )
        if ending.verdict is not Verdict.OK and admission is not None:
            admission.check_patience(request)
        # Who takes a status out of RETRY_HTTP_CODES wants its answers at once.
        is_error = response.status >= HTTPStatus.BAD_REQUEST
        is_retried = (
            not is_error
            or response.status in self._retried_statuses
            or FORBIDDEN in request.meta  # while another page shows what that means
        )
        excused = excused or (ending.tries and is_retried)
        if (refused or excused) and self._retries.allows(request, response.status, excused=excused):
            return self._retries.again(request, ending) or response
        if response.status in self._retried_statuses:
            self._retries.put_off(request, ending)
        elif REFUSALS in request.meta:
            del request.meta[REFUSALS]
        return response

    def process_exception(
        self, request: Request, exception: Exception
    ) -> Request | Coroutine[Any, Any, Request | None] | None:
        """Take the sample; return the request for a retry if its site is down.

        If that says too little of the site, returns a coroutine that does so later.
        """
        ending = verdicts.ending_of_exception(request, exception)
        permit = self._permit_of(request)
        if (
            permit is not None
            and ending.verdict in FAILED
            and self._leave_to_project(permit, request)
        ):
            return None
        if permit is not None and ending.verdict is Verdict.OVERLOADED:
            closed, failures = verdicts.was_closed(exception), earlier_failures(request)
            ending = self._meanings.take_silence(permit, ending, failures, closed=closed)
        if ending.verdict not in FAILED:
            self._end(request, ending, "", ending)
            return None
        if self._opinions.other_page(self._admission, request, ending):
            return self._take_no_answer_later(request, ending)
        shown = self._opinions.without_blame(self._admission, request, ending)
        return self._take_no_answer(request, shown, ending)

    def _take_no_answer(self, request: Request, shown: Ending, ending: Ending) -> Request | None:
        permit = self._permit_of(request)
        excused = self._end(request, shown, "", ending)
        if excused and permit is not None and permit.canary and self._admission is not None:
            self._admission.on_no_answer(request)
        excused = excused or ending.tries
        refused = ending.verdict is Verdict.THROTTLED
        if (refused or excused) and self._retries.allows(request, 0, excused=excused):
            return self._retries.again(request, ending)
        self._retries.put_off(request, ending)
        return None

    async def _take_response_when(
        self, request: Request, response: Response, found: Coroutine[Any, Any, Ending]
    ) -> Response | Request:
        ending = await found
        return self._take_response(request, response, ending, ending)

    async def _take_response_later(
        self, request: Request, response: Response, ending: Ending
    ) -> Response | Request:
        shown = await self._opinions.get(self._admission, request, ending)
        return self._take_response(request, response, shown, ending)

    async def _take_no_answer_later(self, request: Request, ending: Ending) -> Request | None:
        shown = await self._opinions.get(self._admission, request, ending)
        return self._take_no_answer(request, shown, shown)

    def _end(self, request: Request, shown: Ending, address: str, ending: Ending) -> bool:
        """Take the sample ``shown``; return whether the state of its site excuses a failed page.

        It does if the request was a canary, and three times if more was in flight when it was sent
        than the site is now known to bear, or if too much makes pages fail there and it was not
        alone.
        """
        admission = self._admission
        if admission is None:
            self._slots.report(request, shown)
            return False
        permit = admission.permit_of(request)
        if permit is not None and permit.canary:
            restore_timeout(request)
        admission.on_downloaded(request, shown, address)
        if permit is None:
            return False
        if permit.canary:
            return shown.verdict is Verdict.OVERLOADED
        if ending.verdict is not Verdict.OVERLOADED or request.meta.get(REFUSALS, 0) >= EXCUSES:
            return False
        return permit.in_flight > (1 if ending.is_up else admission.limit_of(request))

    def _note_route(self, permit: Permit, request: Request) -> None:
        """Note the proxy by which a site has answered; the first other one clears the site."""
        cleared = self._routes.on_answer(permit.site, route_of(request), self._clock())
        if cleared and (admission := self._admission) is not None:
            admission.forgive(request)

    def _leave_to_project(self, permit: Permit, request: Request) -> bool:
        """Return whether a failure is the proxy's, which the project's middlewares may change."""
        if not self._routes.is_its_own(permit.site, route_of(request), self._clock()):
            return False
        self._crawler.stats.inc_value("concurrency/failed_routes")
        self._end(request, NOTHING_LEARNED, "", NOTHING_LEARNED)
        self._retries.put_off(request, NOTHING_LEARNED)
        return True
