"""Finds out whether a 403 is a page's own, or the site's answer to whatever we ask."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.http.access import Access
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.forbidding import Forbidding, Sense
from crawlproj.scheduling.serialize import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from scrapy import Request
    from scrapy.crawler import Crawler

    from crawlproj.downloadermiddlewares.known_pages import KnownPages
    from crawlproj.limits.permit import Permit
    from crawlproj.scheduling.admission import Admission

_FORBIDDEN, _OK = 403, 200
_MAX_SITES = 10_000


class Blocks:
    """Keeps what the 403s of 10,000 sites show.

    Requests with cookies are left out, and crawls that log in or have ``access`` of another kind,
    because their session may have ended; and so is a site that is to be asked slowly.
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
        if status != _FORBIDDEN:
            if site is not None and status == _OK:
                site.on_answer(permit.started_at)
            return ending
        url = self._known.other_than(request, permit.site)
        if not url or b"Cookie" in request.headers or admission.polite_at(request) > self._clock():
            return ending
        if site is None:
            site = put(self._sites, permit.site, Forbidding(), _MAX_SITES)
        sense = site.on_403(permit.started_at, self._clock(), again=REFUSALS in request.meta)
        if sense is Sense.UNKNOWN:
            return self._look(admission, site, request, url, ending)
        return self._as(sense, admission, site, request, ending)

    async def _look(
        self, admission: Admission, site: Forbidding, request: Request, url: str, ending: Ending
    ) -> Ending:
        status = 0
        try:
            admission.before_send(request)
            status = await self._known.status_of(url, request)
        finally:
            sense = site.on_known(self._clock(), forbidden=status == _FORBIDDEN)
        return self._as(sense, admission, site, request, ending)

    @staticmethod
    def _as(
        sense: Sense, admission: Admission, site: Forbidding, request: Request, ending: Ending
    ) -> Ending:
        if sense is Sense.BLOCKED:
            return replace(ending, verdict=Verdict.THROTTLED, retry_after_s=site.wait_s)
        if sense is Sense.BANNED:
            admission.give_up_forbidden(request)
        return replace(ending, tries=sense is Sense.PENDING)
