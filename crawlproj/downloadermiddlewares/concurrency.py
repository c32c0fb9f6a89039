"""Turns outcomes of downloads into samples, and delays the retries of refused requests."""

from __future__ import annotations

import asyncio
import random
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DownloadCancelledError, NotConfigured

from crawlproj._scrapy.engine import is_closing
from crawlproj._scrapy.routes import route_of
from crawlproj.clock import crawl_time
from crawlproj.downloadermiddlewares import verdicts
from crawlproj.downloadermiddlewares.blocks import Blocks, may_forbid
from crawlproj.downloadermiddlewares.controlled_slots import ControlledSlots
from crawlproj.downloadermiddlewares.known_pages import KnownPage, KnownPages
from crawlproj.downloadermiddlewares.loop_lag import LoopLag
from crawlproj.downloadermiddlewares.meanings import Meanings
from crawlproj.downloadermiddlewares.retries import MAX_BACK_OFF_S, Retries, was_sent_before
from crawlproj.limits.ending import FAILED, NOTHING_LEARNED, Ending, Verdict
from crawlproj.limits.other_routes import OtherRoutes
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.serialize import REFUSALS, REFUSED, RETRY_AT, UNANSWERED_AT
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

_MIN_CANARY_TIMEOUT_S = 10.0
_EXCUSES = 3  # of a page, for failures that come with too much in flight, or too fast
_CANARY_TIMEOUT = "canary_timeout"  # meta key: the timeout to restore


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
    rest, or for 1, 2, 4, … 60 s (± 25 % if it counts as an attempt). Meanwhile it holds neither a
    permit nor a slot.

    A page that failed as if its site were away (a reset, a time-out, 502 to 504), and fails
    again although the site has answered other requests since, says nothing of its site: it neither
    lowers the limit nor lets the site count as down. At the end of a crawl, only such pages may be
    left, and each of them is to have its attempts. So when a canary fails, or where 503 or silence
    means too fast, a page that was refused three times, the site is asked for a page that it has
    answered before.

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
        self._meanings = Meanings()
        self._blocks = Blocks(crawler, self._known, clock)
        self._routes = OtherRoutes()
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
            return self._hold(retry_at) if retry_at > now else None
        if permit.canary:
            # If the site answers another one before this one fails, it is this page that fails.
            request.meta.setdefault(UNANSWERED_AT, now)
            # A long time-out would delay the discovery that a hanging site is back.
            timeout_s = request.meta[_CANARY_TIMEOUT] = request.meta.get("download_timeout")
            patience_s = max(_MIN_CANARY_TIMEOUT_S, permit.hang_s)
            request.meta["download_timeout"] = min(float(timeout_s or patience_s), patience_s)
        return None

    async def _hold(self, until: float) -> None:
        """Wait until ``until``, or raise as soon as the crawl stops."""
        while (wait_s := until - self._clock()) > 0:
            if is_closing(self._crawler.engine):
                raise DownloadCancelledError("the crawl is being stopped")
            await asyncio.sleep(min(1.0, wait_s))

    def process_response(
        self, request: Request, response: Response
    ) -> Response | Request | Coroutine[Any, Any, Response | Request]:
        """Take the sample; return the request for a retry if its site refused it.

        If that says too little of the site, returns a coroutine that does so later.
        """
        self._lag.measure()
        ending = verdicts.ending_of_response(request, response, self._clock(), self._lag.seconds)
        admission, permit = self._admission, self._permit_of(request)
        if admission is not None:
            failed = ending.verdict is not Verdict.OK or may_forbid(response.status)
            if permit is not None and failed and self._leave_to_project(permit, request):
                return response
            ending = admission.heed(request, ending)
            if permit is not None:
                again = was_sent_before(request)
                ending = self._meanings.take(permit, response.status, ending, again=again)
                found = self._blocks.take(admission, permit, request, response.status, ending)
                if not isinstance(found, Ending):
                    return self._take_response_when(request, response, found)
                ending = found
        if ending.verdict in FAILED and ending.retry_after_s is None:
            if self._other_page(request, ending):
                return self._take_response_later(request, response, ending)
            shown = self._without_blame(request, ending)
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
        # What was too much at once may have been alone when it took its permit: others overtook it.
        refused = (
            shown.verdict is Verdict.THROTTLED
            or ending.at_once
            or (shown.verdict is Verdict.OVERLOADED and shown.retry_after_s is not None)
        )
        if ending.verdict is not Verdict.OK and admission is not None:
            admission.check_patience(request)
        excused = excused or ending.tries
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
        if permit is not None and ending.verdict is Verdict.OVERLOADED and not permit.answered:
            closed, again = verdicts.was_closed(exception), was_sent_before(request)
            ending = self._meanings.take_silence(permit, ending, closed=closed, again=again)
        if ending.verdict not in FAILED:
            self._end(request, ending, "", ending)
            return None
        if self._other_page(request, ending):
            return self._take_no_answer_later(request, ending)
        return self._take_no_answer(request, self._without_blame(request, ending), ending)

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
        shown = await self._second_opinion(request, ending)
        return self._take_response(request, response, shown, ending)

    async def _take_no_answer_later(self, request: Request, ending: Ending) -> Request | None:
        shown = await self._second_opinion(request, ending)
        return self._take_no_answer(request, shown, shown)

    def _other_page(self, request: Request, ending: Ending) -> KnownPage | None:
        """Return the page to ask for because ``request`` failed, and it may not be its site.

        That is in doubt of a canary, and of a page that was refused three times before.

        Returns None if it is not, none is known, or the site may not be asked soon.
        """
        admission, permit = self._admission, self._permit_of(request)
        if admission is None or permit is None:
            return None
        if ending.verdict is Verdict.THROTTLED:
            in_doubt = request.meta.get(REFUSALS, 0) >= _EXCUSES
        else:
            in_doubt = permit.canary and admission.is_down(request)
        if not in_doubt or admission.polite_at(request) > self._clock() + MAX_BACK_OFF_S:
            return None
        return self._known.other_than(request, permit.site)

    async def _second_opinion(self, request: Request, ending: Ending) -> Ending:
        """Ask for another page of the site, with the permit of ``request``, which failed.

        Returns how the other one ended if the site answers it, else the ``ending`` of ``request``.
        """
        while page := self._other_page(request, ending):
            admission = self._admission
            assert admission is not None  # noqa: S101 - it has the page
            polite_at = admission.polite_at(request)
            if polite_at > self._clock():
                await self._hold(polite_at)
                continue
            admission.before_send(request)
            answer = await self._known.ask(page, request)
            if answer.verdict is Verdict.OK:
                return answer
            if answer.verdict is Verdict.OVERLOADED:
                # Whenever the page failed before, the site is away now.
                request.meta[UNANSWERED_AT] = self._clock()
            break
        return self._without_blame(request, ending)

    def _without_blame(self, request: Request, ending: Ending) -> Ending:
        """Return the ``ending`` of a request that failed, or that nothing is learned from it."""
        if ending.verdict is Verdict.THROTTLED:
            return ending
        first, admission = request.meta.setdefault(UNANSWERED_AT, self._clock()), self._admission
        if admission is None or not admission.answered_since(request, first):
            return ending
        return NOTHING_LEARNED

    def _end(self, request: Request, shown: Ending, address: str, ending: Ending) -> bool:
        """Take the sample ``shown``; return whether the state of its site excuses a failed page.

        It does if the request was a canary, and three times if more was in flight when it was sent
        than the site is now known to bear, if too much makes pages fail there and it was not
        alone, or if some fail there anyway.
        """
        admission = self._admission
        if admission is None:
            self._slots.report(request, shown)
            return False
        permit = admission.permit_of(request)
        if permit is not None and permit.canary and _CANARY_TIMEOUT in request.meta:
            del request.meta["download_timeout"]
            if (timeout_s := request.meta.pop(_CANARY_TIMEOUT)) is not None:
                request.meta["download_timeout"] = timeout_s
        admission.on_downloaded(request, shown, address)
        if permit is None:
            return False
        if permit.canary:
            return shown.verdict is Verdict.OVERLOADED
        if ending.verdict is not Verdict.OVERLOADED or request.meta.get(REFUSALS, 0) >= _EXCUSES:
            return False
        most = 1 if ending.is_up else admission.limit_of(request)
        return permit.in_flight > most or admission.fails_anyway(request)

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
