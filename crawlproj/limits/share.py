"""Fair shares of a budget. Pure."""

from __future__ import annotations

from math import inf
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crawlproj.limits.site import SiteControl

SHARE_S = 0.25
"""Seconds between two computations of the fair share."""
_MOST = 0.75  # of the budget
_SLOW = 10  # times the latency of the median site


class Shares:
    """The fair share of a budget for each site.

    While the others want most of the budget, a site that is *slow* has one request in flight,
    because they do ten times more with it; otherwise, it may have what they leave.

    budget: requests in flight over all sites. until: when to ``divide`` again.
    """

    def __init__(self, budget: float) -> None:
        self.until = -inf
        self._budget = budget
        self._level = self._slow_level = self._slow_s = inf

    def divide(self, controls: Sequence[SiteControl | None], now: float) -> None:
        """Divide the budget among sites; None is one that was never asked."""
        self.until = now + SHARE_S
        known = (control.estimator.unloaded_s for control in controls if control)
        times_s = list(filter(None, known))
        self._slow_s = _SLOW * median_low(times_s) if times_s else inf
        usual: list[int] = []
        slow: list[int] = []
        for control in controls:
            demand = control.demand(now) if control else 1
            (slow if control and self._is_slow(control) else usual).append(demand)
        self._level = self._slow_level = inf
        if sum(usual) + sum(slow) > self._budget:
            self._level = fair_level(usual, max(1, self._budget - len(slow)))
            taken = sum(min(demand, self._level) for demand in usual)
            scarce = taken >= _MOST * self._budget
            self._slow_level = 1 if scarce else fair_level(slow, self._budget - taken)

    def of(self, control: SiteControl | None) -> float:
        """Return the maximum for a site; infinite if its demand fits."""
        return self._slow_level if control and self._is_slow(control) else self._level

    def _is_slow(self, control: SiteControl) -> bool:
        return control.estimator.unloaded_s > self._slow_s


def fair_level(demands: Iterable[int], budget: float) -> float:
    """Return the maximum share of ``budget`` per demand; infinite if all demands fit.

    Max-min fairness (Bertsekas and Gallager, "Data Networks", 2nd ed., §6.5.2): demands below this
    level are met in full, the others get the level.
    """
    rising = sorted(demands)
    if sum(rising) <= budget:
        return inf
    left = budget
    for met, demand in enumerate(rising):
        level = left / (len(rising) - met)
        if demand >= level:
            return level
        left -= demand
    return inf
