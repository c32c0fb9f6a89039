"""Asks a site for a second page when one fails, to learn whether the failure is the site's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.downloadermiddlewares.retries import MAX_BACK_OFF_S
from crawlproj.limits.ending import NOTHING_LEARNED, Ending, Verdict
from crawlproj.scheduling.serialize import REFUSALS, UNANSWERED_AT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Request

    from crawlproj.downloadermiddlewares.known_pages import KnownPage, KnownPages
    from crawlproj.scheduling.admission import Admission

EXCUSES = 3
"""Refusals of a page until it is doubted that its site refuses it."""


class SecondOpinions:
    """Judges pages that failed as if their site were away (a reset, a time-out, 502 to 504).

    One that fails again although the site has answered other requests since says nothing of its
    site. At the end of a crawl, only such pages may be left. So when a canary fails, or where 503
    or silence means too fast, a page that was refused three times, the site is asked for a page
    that it has answered before.

    wait: waits until a time on ``clock``, or raises as soon as the crawl stops.
    """

    def __init__(
        self,
        known: KnownPages,
        clock: Callable[[], float],
        wait: Callable[[float], Awaitable[None]],
    ) -> None:
        self._known = known
        self._clock = clock
        self._wait = wait

    def other_page(
        self, admission: Admission | None, request: Request, ending: Ending
    ) -> KnownPage | None:
        """Return the page to ask for because ``request`` failed, and it may not be its site.

        Returns None if that is not in doubt, none is known, or the site may not be asked soon.
        """
        permit = admission.permit_of(request) if admission is not None else None
        if admission is None or permit is None:
            return None
        if ending.verdict is Verdict.THROTTLED:
            in_doubt = request.meta.get(REFUSALS, 0) >= EXCUSES
        else:
            in_doubt = permit.canary and admission.is_down(request)
        if not in_doubt or admission.polite_at(request) > self._clock() + MAX_BACK_OFF_S:
            return None
        return self._known.other_than(request, permit.site)

    async def get(self, admission: Admission | None, request: Request, ending: Ending) -> Ending:
        """Ask for another page of the site, with the permit of ``request``, which failed.

        Returns how the other one ended if the site answers it, else the ``ending`` of ``request``.
        """
        while page := self.other_page(admission, request, ending):
            assert admission is not None  # noqa: S101 - it has the page
            polite_at = admission.polite_at(request)
            if polite_at > self._clock():
                await self._wait(polite_at)
                continue
            admission.before_send(request)
            answer = await self._known.ask(page, request)
            if answer.verdict is Verdict.OK:
                return answer
            if answer.verdict is Verdict.OVERLOADED:
                # Whenever the page failed before, the site is away now.
                request.meta[UNANSWERED_AT] = self._clock()
            break
        return self.without_blame(admission, request, ending)

    def without_blame(
        self, admission: Admission | None, request: Request, ending: Ending
    ) -> Ending:
        """Return the ``ending`` of a request that failed, or that nothing is learned from it."""
        if ending.verdict is Verdict.THROTTLED:
            return ending
        first = request.meta.setdefault(UNANSWERED_AT, self._clock())
        if admission is None or not admission.answered_since(request, first):
            return ending
        return NOTHING_LEARNED
