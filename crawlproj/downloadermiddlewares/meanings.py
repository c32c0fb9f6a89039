"""The meaning of a status at each site, where several causes have the same one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.limits.at_once import AtOnce
from crawlproj.limits.by_chance import ByChance
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.failing import Failing
from crawlproj.limits.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.http import Response

    from crawlproj.limits.permit import Permit

_WHOLE, _FAILED, _UNAVAILABLE = 200, 500, 503
_MAX_SITES = 10_000


class Meanings:
    """Keeps what shows the meanings of 429, 500 to 504, empty pages and requests without an answer.

    Of each, it keeps 10,000 sites. An empty page counts only if crawlproj's handler has downloaded
    it: what others give need have no body, such as data that a service has extracted.

    is_ours: whether it has, by the request.
    """

    def __init__(self, is_ours: Callable[[Request], bool]) -> None:
        self._is_ours = is_ours
        # The most in flight with an answer, before the first 429.
        self._highest: OrderedDict[str, int] = OrderedDict()
        self._answered: OrderedDict[str, int] = OrderedDict()  # requests
        self._at_once: OrderedDict[str, AtOnce] = OrderedDict()
        self._failing: OrderedDict[str, Failing] = OrderedDict()
        self._unavailable: OrderedDict[str, Unavailable] = OrderedDict()
        self._silent: OrderedDict[str, Unavailable] = OrderedDict()
        self._by_chance: OrderedDict[str, ByChance] = OrderedDict()

    def take(
        self, permit: Permit, request: Request, response: Response, ending: Ending, failures: int
    ) -> Ending:
        """Note an answer, and return its ``ending`` with the verdict that is right at its site.

        failures: how often the page was asked for before, without success.
        """
        # An application that fails after the head of its answer has nothing more to send.
        failed = response.status == _FAILED or (
            not response.body
            and response.status == _WHOLE
            and request.method == "GET"
            and "download_stopped" not in response.flags  # by a signal handler, after the head
            and self._is_ours(request)
        )
        ending = self._meaning_of(
            permit, response.status, ending, failed=failed, again=failures > 0
        )
        failed = failed or ending.verdict is Verdict.OVERLOADED
        return self._weigh_chance(permit, ending, failures, failed=failed)

    def _meaning_of(
        self, permit: Permit, status: int, ending: Ending, *, failed: bool, again: bool
    ) -> Ending:
        if ending.verdict is Verdict.THROTTLED:
            timed = ending.retry_after_s is not None
            if self._is_at_once(permit, refused=True, timed=timed):
                return replace(ending, verdict=Verdict.OVERLOADED, is_up=True, at_once=True)
        elif ending.verdict is Verdict.OK:
            self._is_at_once(permit, refused=False)
        if ending.verdict is Verdict.OK:
            if failed or self._failing:
                ending = self._as_overload(permit, ending, failed=failed, again=again)
            if not failed:
                self._note_answered(permit, again=again)
        elif status == _UNAVAILABLE:
            alone = permit.in_flight == 1 and ending.retry_after_s is None
            return self._refused(self._unavailable, permit, ending, alone=alone, again=again)
        return ending

    def _note_answered(self, permit: Permit, *, again: bool) -> None:
        put(self._answered, permit.site, self._answered.get(permit.site, 0) + 1, _MAX_SITES)
        started_at, in_flight = permit.started_at, permit.in_flight
        for sites in (self._unavailable, self._silent):
            if (site := sites.get(permit.site)) is not None:
                site.note(started_at, in_flight, refused=False, alone=in_flight == 1, again=again)

    def take_silence(
        self, permit: Permit, ending: Ending, failures: int, *, closed: bool
    ) -> Ending:
        """Note a request without an answer, or without the end of one, like ``take``.

        nginx closes the connections of requests that exceed a rate if it is configured to answer
        444, HAProxy if it is to reject them. A firewall that bans us for a while refuses
        connections, or drops what is sent.

        closed: whether the site closed or refused the connection; otherwise, time ran out.
        """
        if not permit.answered:
            alone = closed and permit.in_flight == 1
            again = failures > 0
            ending = self._refused(self._silent, permit, ending, alone=alone, again=again)
        # A page that hangs would be waited for again and again.
        return self._weigh_chance(permit, ending, failures, failed=True) if closed else ending

    def _weigh_chance(
        self, permit: Permit, ending: Ending, failures: int, *, failed: bool
    ) -> Ending:
        """Return the ``ending`` as that of a page to try again if it may have failed by chance."""
        if permit.canary or ending.verdict is Verdict.THROTTLED or not (failed or self._by_chance):
            return ending
        site = self._by_chance.get(permit.site)
        if site is None:
            if not failed:
                return ending
            site = put(self._by_chance, permit.site, ByChance(), _MAX_SITES)
        site.note(failed=failed, again=failures > 0)
        if failed and site.explains(failures + 1):
            return replace(ending, tries=True)
        return ending

    def _is_at_once(self, permit: Permit, *, refused: bool, timed: bool = False) -> bool:
        """Return whether the site refuses what is too much at once."""
        site = self._at_once.get(permit.site)
        if site is None:
            if not refused:
                if permit.in_flight > self._highest.get(permit.site, 0):
                    put(self._highest, permit.site, permit.in_flight, _MAX_SITES)
                return False
            highest = self._highest.pop(permit.site, 0)
            site = AtOnce(highest, presumes=permit.early is None)
            put(self._at_once, permit.site, site, _MAX_SITES)
        site.note(refused=refused, in_flight=permit.in_flight, timed=timed)
        return site.limits

    def _as_overload(self, permit: Permit, ending: Ending, *, failed: bool, again: bool) -> Ending:
        """Return the ``ending`` as that of an overload if too much in flight made the site fail."""
        site = self._failing.get(permit.site)
        if site is None:
            if not failed:
                return ending
            site = put(self._failing, permit.site, Failing(), _MAX_SITES)
        site.note(failed=failed, in_flight=permit.in_flight, again=again)
        if not failed:
            return ending
        if site.overloads:
            return replace(ending, verdict=Verdict.OVERLOADED, is_up=True)
        return replace(ending, tries=not again and site.tries())

    def _refused(
        self,
        sites: OrderedDict[str, Unavailable],
        permit: Permit,
        ending: Ending,
        *,
        alone: bool,
        again: bool,
    ) -> Ending:
        """Return the ``ending`` as that of a rate that is too high if the site limits its rate."""
        site = sites.get(permit.site)
        if site is None:
            answered = self._answered.get(permit.site, 0)
            site = put(sites, permit.site, Unavailable(answered), _MAX_SITES)
        site.note(permit.started_at, permit.in_flight, refused=True, alone=alone, again=again)
        if site.limits_rate:
            return replace(ending, verdict=Verdict.THROTTLED)
        return replace(ending, tries=ending.retry_after_s is None and site.tries())
