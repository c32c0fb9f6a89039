"""What a status means at each site, where several causes have the same one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.bounded import put
from crawlproj.limits.at_once import AtOnce
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.failing import Failing
from crawlproj.limits.unavailable import Unavailable

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit

_FAILED, _UNAVAILABLE = 500, 503
_MAX_SITES = 10_000


class Meanings:
    """Keeps what shows the meanings of 429, 500 and 503, of 10,000 sites for each of them."""

    def __init__(self) -> None:
        # The most in flight with an answer, before the first 429.
        self._highest: OrderedDict[str, int] = OrderedDict()
        self._at_once: OrderedDict[str, AtOnce] = OrderedDict()
        self._failing: OrderedDict[str, Failing] = OrderedDict()
        self._unavailable: OrderedDict[str, Unavailable] = OrderedDict()

    def take(self, permit: Permit, status: int, ending: Ending, *, again: bool) -> Ending:
        """Note an answer, and return its ``ending`` with the verdict that is right at its site.

        again: whether the page was asked for before, without success.
        """
        if ending.verdict is Verdict.THROTTLED:
            if self._is_at_once(permit, refused=True):
                return replace(ending, verdict=Verdict.OVERLOADED, is_up=True, at_once=True)
        elif ending.verdict is Verdict.OK:
            self._is_at_once(permit, refused=False)
        if ending.retry_after_s is not None:
            return ending
        if ending.verdict is Verdict.OK:
            if status == _FAILED or self._failing:
                ending = self._as_overload(permit, ending, failed=status == _FAILED, again=again)
            if self._unavailable and status != _FAILED:
                self._is_rate_limit(permit, refused=False, again=again)
        elif status == _UNAVAILABLE:
            if self._is_rate_limit(permit, refused=True, again=again):
                return replace(ending, verdict=Verdict.THROTTLED)
            if self._unavailable[permit.site].tries():
                return replace(ending, tries=True)
        return ending

    def _is_at_once(self, permit: Permit, *, refused: bool) -> bool:
        """Return whether the site refuses what is too much at once."""
        site = self._at_once.get(permit.site)
        if site is None:
            if not refused:
                if permit.in_flight > self._highest.get(permit.site, 0):
                    put(self._highest, permit.site, permit.in_flight, _MAX_SITES)
                return False
            site = AtOnce(self._highest.pop(permit.site, 0))
            put(self._at_once, permit.site, site, _MAX_SITES)
        site.note(refused=refused, in_flight=permit.in_flight)
        return site.limits

    def _as_overload(self, permit: Permit, ending: Ending, *, failed: bool, again: bool) -> Ending:
        """Return the ``ending`` as that of an overload if too much in flight made the site fail."""
        site = self._failing.get(permit.site)
        if site is None:
            if not failed:
                return ending
            site = put(self._failing, permit.site, Failing(), _MAX_SITES)
        site.note(failed=failed, in_flight=permit.in_flight, again=again)
        if not failed or permit.in_flight == 1:
            return ending
        if site.overloads:
            return replace(ending, verdict=Verdict.OVERLOADED, is_up=True)
        return replace(ending, tries=not again and site.tries())

    def _is_rate_limit(self, permit: Permit, *, refused: bool, again: bool) -> bool:
        """Return whether the site refuses what comes too fast."""
        site = self._unavailable.get(permit.site)
        if site is None:
            if not refused:
                return False
            site = put(self._unavailable, permit.site, Unavailable(), _MAX_SITES)
        site.note(refused=refused, alone=permit.in_flight == 1, again=again)
        return site.limits_rate
