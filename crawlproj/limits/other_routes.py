"""Tells whether what fails by one proxy is that proxy's fault: the site answers others. Pure."""

from __future__ import annotations

from collections import OrderedDict

from crawlproj.bounded import put

_MAX_SITES = 10_000
_LATELY_S = 60.0
_MOST_IN_A_ROW = 20


class OtherRoutes:
    """The routes by which sites have answered lately: a proxy each, or "" for none.

    A project that changes the proxy sees what its proxies are worth: one that a site has banned
    is refused whatever the pace, and the project takes another. That says nothing of the site. So
    a failure is the route's own while the site answers by another one. If 20 in a row fail, by
    whatever routes, they are the site's.

    Times are seconds on the caller's clock.
    """

    def __init__(self) -> None:
        self._sites: OrderedDict[str, _Answers] = OrderedDict()

    def on_answer(self, site: str, route: str, now: float) -> bool:
        """Note that ``site`` answered by ``route``. Without any proxy, nothing is kept.

        Returns whether what it refused before was not its own refusal: it answered by one route at
        most, and now it does by another.
        """
        if not route and not self._sites:
            return False
        answers = self._sites.get(site)
        if answers is None:
            answers = put(self._sites, site, _Answers(), _MAX_SITES)
        return answers.note(route, now)

    def is_its_own(self, site: str, route: str, now: float) -> bool:
        """Note that a request by ``route`` failed; return whether that says nothing of ``site``."""
        answers = self._sites.get(site)
        if answers is None:
            return False
        answers.failed_in_a_row += 1
        some = answers.last_elsewhere(route) >= now - _LATELY_S
        return some and answers.failed_in_a_row <= _MOST_IN_A_ROW


class _Answers:
    """When a site answered last, by the latest route and by any other."""

    __slots__ = ("_at", "_elsewhere_at", "_route", "failed_in_a_row")

    def __init__(self) -> None:
        self._route = ""
        self._at = self._elsewhere_at = float("-inf")
        self.failed_in_a_row = 0

    def note(self, route: str, now: float) -> bool:
        is_first = route != self._route and self._elsewhere_at == float("-inf")
        if route != self._route:
            self._route, self._elsewhere_at = route, self._at
        self._at = now
        self.failed_in_a_row = 0
        return is_first

    def last_elsewhere(self, route: str) -> float:
        return self._elsewhere_at if route == self._route else self._at
