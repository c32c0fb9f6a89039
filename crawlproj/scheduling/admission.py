"""The permits of requests in hand, for those who see a request on its way to the site and back."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from crawlproj.http.access import LOGIN
from crawlproj.limits.base import whole
from crawlproj.limits.ending import FAILED, NOTHING_LEARNED, Ending, Verdict
from crawlproj.scheduling.direct import begin_way, on_its_way
from crawlproj.urls import site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request

    from crawlproj.http import DownloadHandler
    from crawlproj.limits.permit import Permit
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.crawl_delays import CrawlDelays
    from crawlproj.scheduling.direct import DirectRequests
    from crawlproj.scheduling.fence import Fence
    from crawlproj.scheduling.lease_buffer import Handout
    from crawlproj.scheduling.patience import Patience
    from crawlproj.scheduling.site_groups import SiteGroups
    from crawlproj.scheduling.work import Work, WorkInHand


class Admission:
    """A request holds its permit from when it is handed out until its download has ended.

    give_back: takes a site, its permit, and how the request ended.
    direct: the requests that do not come from the scheduler.
    """

    def __init__(
        self,
        permits: Permits,
        in_hand: WorkInHand,
        delays: CrawlDelays,
        groups: SiteGroups,
        fence: Fence,
        patience: Patience,
        give_back: Callable[[str, Permit, Ending], None],
        direct: DirectRequests,
    ) -> None:
        self._permits = permits
        self._in_hand = in_hand
        self._delays = delays
        self._groups = groups
        self._fence = fence
        self._patience = patience
        self._give_back = give_back
        self._downloads: DownloadHandler | None = None
        self.direct = direct

    def start(self, handout: Handout, request: Request) -> None:
        """Take ``request``, which stands for the lease of ``handout``, in hand."""
        self._in_hand.add(handout.lease, request, handout.permit)
        site = handout.lease.entry.site
        if "download_slot" in request.meta:
            self._delays.join(site, site_of(request.url))
        self._delays.before_start(site)
        begin_way(request)

    def permit_of(self, request: Request) -> Permit | None:
        """Return the permit that ``request`` holds."""
        work = self._in_hand.of(request)
        return work.permit if work is not None else self.direct.permit_of(request)

    async def admit(self, request: Request) -> None:
        """Return once ``request``, which is about to be downloaded, has a permit or needs none.

        A login needs none, because the pages of its site may get none until it is done.

        Raises DownloadCancelledError if the crawl stops. Call ``direct.release`` when the download
        has ended, whatever became of it.
        """
        if LOGIN in request.meta:
            return
        other = on_its_way()
        waits = other is not None and other is not request and self.permit_of(other) is not None
        if not waits and self.permit_of(request) is None:
            await self.direct.admit(request)

    def on_sent(self, request: Request) -> Permit | None:
        """Note that ``request`` is sent now; returns the permit it holds, if any."""
        permit = self.permit_of(request)
        if permit is not None and not permit.sent:
            self._permits.send(permit)
        return permit

    def watch(self, downloads: DownloadHandler) -> None:
        """Let ``downloads`` tell when requests are sent, and when their answers begin."""
        self._downloads = downloads
        downloads.before_send = self.before_send
        downloads.on_answer = self.on_answer
        downloads.on_closed = self.on_closed

    def check_patience(self, request: Request) -> None:
        """Raise GivenUp if the site of ``request`` was given up."""
        self._patience.check(self._site_of(request))

    def heed(self, request: Request, ending: Ending) -> Ending:
        """Return ``ending`` without a rest that is too long; that gives the site up."""
        if ending.retry_after_s is None and ending.policy is None:
            return ending
        return self._patience.heed(self._site_of(request), ending)

    def give_up_forbidden(self, request: Request) -> None:
        """Give up the site of ``request``, because it forbids us."""
        self._patience.on_forbidden(self._site_of(request))

    def on_no_answer(self, request: Request) -> None:
        """Give the site of ``request`` up if it has been away for too long; then raises GivenUp."""
        site = self._site_of(request)
        away_s, answered_at = self._permits.away(site)
        self._patience.on_away(site, away_s, answered=answered_at > -inf)
        self._patience.check(site)

    def answered_since(self, request: Request, then: float) -> bool:
        """Whether the site of ``request`` has answered any request after ``then``."""
        return self._permits.away(self._site_of(request))[1] > then

    def is_down(self, request: Request) -> bool:
        """Whether the site of ``request`` counts as down."""
        return self._permits.away(self._site_of(request))[0] > 0

    def limit_of(self, request: Request) -> int:
        """Return how many requests may be in flight at the site of ``request``."""
        control = self._permits.control_of(self._site_of(request))
        return whole(control.limit) if control is not None else 1

    def polite_at(self, request: Request) -> float:
        """Return when the rest and the delay of its site allow another request with its permit.

        That is infinite while the site is paused.
        """
        site = self._site_of(request)
        control = self._permits.control_of(site)
        if control is None or site in self._permits.paused:
            return inf
        return max(control.rest_until, control.started_at + control.delay_s)

    def has_delay(self, request: Request) -> bool:
        """Whether a delay is kept between any two requests to the site of ``request``."""
        control = self._permits.control_of(self._site_of(request))
        return control is not None and control.delay_s > 0

    def rest(self, request: Request, until: float) -> None:
        """Start nothing at the site of ``request`` before ``until``; never shortens a rest."""
        self._permits.rest_until(self._site_of(request), until)

    def forgive(self, request: Request) -> None:
        """Forget the rate that refusals of its site have shown, because they were not its own."""
        control = self._permits.control_of(self._site_of(request))
        if control is not None and control.rate_limit is not None:
            control.rate_limit.forget()

    def _site_of(self, request: Request) -> str:
        work = self._in_hand.of(request)
        return work.lease.entry.site if work is not None else site_of(request.url)

    def before_send(self, request: Request) -> None:
        """Note that ``request`` is written to its connection now, which took a while to be ready.

        Raises LeaseLost if another worker may have its lease.
        """
        permit = self.permit_of(request)
        if permit is not None:
            permit.written = True
            self._permits.send(permit)  # the site sees the request only now
        self._fence.check(request)  # last: a worker can be stopped at any moment

    def on_answer(self, request: Request) -> None:
        """Note that the answer to ``request`` has begun: however long it takes, it is not lost."""
        permit = self.permit_of(request)
        if permit is not None:
            self._permits.begin_answer(permit)

    def on_closed(self, request: Request) -> None:
        """Note that the connection of ``request`` was closed; it is written to another one now."""
        permit = self.permit_of(request)
        if permit is not None:
            permit.closed += 1

    def on_downloaded(self, request: Request, ending: Ending, address: str = "") -> None:
        """Give the permit of ``request`` back, with how its download ended.

        address: the IP address that answered; "" if unknown.
        """
        work = self._in_hand.of(request)
        if work is not None:
            site = work.lease.entry.site
            self._groups.locate(site, address)
            self.release(work, ending)
            if ending.verdict is Verdict.OK:
                self._patience.on_accepted(site)
            elif ending.verdict is Verdict.THROTTLED:
                self._patience.on_refused(site, asked=ending.retry_after_s is not None)
        elif (site := self.direct.release(request, ending)) != "":
            self._groups.locate(site, address)
        elif ending.retry_after_s is not None or ending.policy is not None:
            self._permits.note(site_of(request.url), ending)
        if ending.verdict in FAILED and self._downloads is not None:
            control = self._permits.control_of(self._site_of(request))
            if control is not None:
                self._downloads.close_idle(request, control.cap)

    def put_back(self, request: Request) -> bool:
        """Let the lease of ``request``, if it has one, go back as if nothing had been sent.

        Returns whether it has one. Its permit is given back in any case.
        """
        work = self._in_hand.of(request)
        if work is None:
            self.direct.release(request)
            return False
        work.cut_short = True
        self.release(work)
        return True

    def release(self, work: Work, ending: Ending = NOTHING_LEARNED) -> None:
        """Give the permit of ``work`` back unless that was done before."""
        permit, work.permit = work.permit, None
        if permit is not None:
            site = work.lease.entry.site
            self._delays.after_end(site)
            self._give_back(site, permit, ending)
            self.direct.serve(site)
