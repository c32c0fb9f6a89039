"""Finds out whether a 403 is a page's own, or the site's answer to whatever we ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.http.access import Access
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.forbidding import CALM_S, Forbidding, Sense, Trial
from crawlproj.scheduling.serialize import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawlproj.downloadermiddlewares.known_pages import KnownPage, KnownPages
    from crawlproj.limits.permit import Permit
    from crawlproj.scheduling.admission import Admission

_FORBIDDEN, _OK = 403, 200
_DEFINED = frozenset(map(int, HTTPStatus))
_ASKED_AGAIN = frozenset({Sense.PENDING, Sense.TOO_FAST, Sense.BLOCKED})
_NO_ANSWER = frozenset({0, 429, *range(500, 600)})
_HEAD_START_S = 0.1  # of the page that is asked for again: others might use up what the site allows
_MAX_SITES = 10_000


class Blocks:
    """Keeps what the 403s of 10,000 sites show.

    Errors with a status that no standard defines count as 403s: sites refuse with 420, 430, 509 or
    999 what comes too fast, and nobody can know all of them.

    Requests with cookies are left out, and crawls that log in or have ``access`` of another kind,
    because their session may have ended; and so is a site that is to be asked slowly. So are the
    answers of other download handlers, whose requests cannot be repeated for a trial.
    """

    def __init__(self, crawler: Crawler, known: KnownPages, clock: Callable[[], float]) -> None:
        access = getattr(crawler.spider, "access", None)
        self._is_member = isinstance(access, Access) and bool(
            access.headers or access.cookies or access.form
        )
        self._known = known
        self._clock = clock
        self._sites: OrderedDict[str, Forbidding] = OrderedDict()

    def take(
        self, admission: Admission, permit: Permit, request: Request, status: int, ending: Ending
    ) -> Ending | Coroutine[Any, Any, Ending]:
        """Note an answer; return its ``ending``, or a coroutine that finds it out.

        Raises GivenUp if the site forbids us.
        """
        if self._is_member:
            return ending
        site = self._sites.get(permit.site)
        again = bool(request.meta.pop(FORBIDDEN, False))
        if not may_forbid(status) or ending.verdict is not Verdict.OK:
            if site is not None and status == _OK:
                site.on_answer(permit.started_at, again=again)
            return ending
        known = self._known.other_than(request, permit.site)
        if known is None or b"Cookie" in request.headers or not self._known.can_repeat(request):
            return ending
        if admission.has_delay(request):
            return ending
        if site is None:
            site = put(self._sites, permit.site, Forbidding(), _MAX_SITES)
        sense = site.on_403(permit.started_at, self._clock(), again=again)
        if sense is Sense.UNKNOWN:
            return self._try(admission, site, request, known, ending)
        return self._as(sense, admission, site, request, ending)

    async def _try(
        self,
        admission: Admission,
        site: Forbidding,
        request: Request,
        known: KnownPage,
        ending: Ending,
    ) -> Ending:
        outcome = Trial.NOTHING
        try:
            rest_until = self._clock() + CALM_S + _HEAD_START_S
            admission.rest(request, rest_until)
            await asyncio.sleep(CALM_S)
            if admission.polite_at(request) <= rest_until:  # no pause, nor a rest it asked for
                outcome = await self._trial(admission, request, known)
        finally:
            sense = site.on_trial(self._clock(), outcome)
        return self._as(sense, admission, site, request, ending)

    async def _trial(self, admission: Admission, request: Request, known: KnownPage) -> Trial:
        """Ask for the page of ``request`` again, and if that is forbidden for a ``known`` one."""
        if request.method == "GET":
            admission.before_send(request)
            status = await self._known.status_again(request)
            if not may_forbid(status):
                return Trial.NOTHING if status in _NO_ANSWER else Trial.ANSWERED
        admission.before_send(request)
        status = await self._known.status_of(known, request)
        return Trial.ALL_FORBIDDEN if may_forbid(status) else Trial.FORBIDDEN

    @staticmethod
    def _as(
        sense: Sense, admission: Admission, site: Forbidding, request: Request, ending: Ending
    ) -> Ending:
        if sense in _ASKED_AGAIN:
            request.meta[FORBIDDEN] = True
        if sense is Sense.TOO_FAST:
            return replace(ending, verdict=Verdict.THROTTLED)
        if sense is Sense.BLOCKED:
            return replace(ending, verdict=Verdict.THROTTLED, retry_after_s=site.wait_s)
        if sense is Sense.BANNED:
            admission.give_up_forbidden(request)
        return replace(ending, tries=sense is Sense.PENDING)


def may_forbid(status: int) -> bool:
    """Return whether ``status`` may mean that the site forbids whatever we ask."""
    return status == _FORBIDDEN or (status >= HTTPStatus.BAD_REQUEST and status not in _DEFINED)
